/** The package must stay small: a page loads it before anything can be played. */

import { gzipSync } from "node:zlib";
import { build } from "vite";
import { expect, test } from "vitest";

const KB = 1024;
const entry = new URL("../src/index.ts", import.meta.url).pathname;

/** Bytes of what a page loads at the start, minified and compressed. */
async function size(external: string[]): Promise<number> {
  const built = await build({
    configFile: false,
    logLevel: "silent",
    build: {
      write: false,
      lib: { entry, formats: ["es"] },
      rolldownOptions: { external, output: { minify: true } },
    },
  });
  const [result] = [built].flat() as { output: { isEntry?: boolean; code?: string }[] }[];
  const code = result?.output.find((each) => each.isEntry)?.code ?? "";

  expect(code).toContain("event stream");
  return gzipSync(code, { level: 9 }).length;
}

test("our own code has at most 15 KB", async () => {
  expect(await size(["eventsource-parser"])).toBeLessThanOrEqual(15 * KB);
}, 60_000);

test("with the parser of event streams, which a page perhaps has already, it is below 17 KB", async () => {
  expect(await size([])).toBeLessThan(17 * KB);
}, 60_000);
