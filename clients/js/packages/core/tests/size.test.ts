/** The package must stay small: a page loads it before anything can be played. */

import { gzipSync } from "node:zlib";
import { build } from "vite";
import { expect, test } from "vitest";

/** Bytes, so that it holds whichever way 15 KB are read. */
const BUDGET = 15_000;

const entry = new URL("../src/index.ts", import.meta.url).pathname;

/** What a page loads to connect: every export and every dependency, as a production build has it. */
async function built(): Promise<{ code: string; imports: string[]; dynamicImports: string[] }> {
  const [result] = [
    await build({
      configFile: false,
      logLevel: "silent",
      build: {
        write: false,
        lib: { entry, formats: ["es"] },
        rolldownOptions: { output: { minify: true } },
      },
    }),
  ].flat() as { output: Awaited<ReturnType<typeof built>>[] }[];
  const chunk = result?.output.find((each) => "isEntry" in each && each.isEntry);
  if (chunk === undefined) throw new Error("expected a chunk for the entry, got none");
  return chunk;
}

test("all that a page loads to connect has less than 15 KB, minified and compressed", async () => {
  const { code, imports, dynamicImports } = await built();

  expect(code, "it is all there").toContain("event stream");
  expect(imports, "nothing else is loaded beside it").toEqual([]);
  expect(dynamicImports, "and later only what checks digests, for whoever asks").toEqual([
    expect.stringContaining("digest"),
  ]);
  expect(gzipSync(code, { level: 9 }).length).toBeLessThan(BUDGET);
}, 60_000);
