/** The package must stay small: a page loads it before anything can be played. */

import { gzipSync } from "node:zlib";
import { build, type Rolldown } from "vite";
import { expect, test } from "vitest";

/** Bytes, so that it holds whichever way 15 KB are read. */
const BUDGET = 15_000;

/** The scripts of a page that does nothing but connect, as Vite builds it for production. */
async function scripts(): Promise<Rolldown.OutputChunk[]> {
  const built = (await build({
    configFile: false,
    root: new URL("page", import.meta.url).pathname,
    logLevel: "silent",
    build: { write: false },
  })) as Rolldown.RolldownOutput;
  return built.output.filter((each) => each.type === "chunk");
}

test("all that a page loads to connect has less than 15 KB, minified and compressed", async () => {
  const [script, ...more] = await scripts();
  const code = script?.code ?? "";

  expect(more, "it is one script, and nothing is loaded later").toEqual([]);
  for (const part of ["text/event-stream", "dualwire.v1", "/api/send", "subscribed"]) {
    expect(code).toContain(part);
  }
  expect(gzipSync(code, { level: 9 }).length).toBeLessThan(BUDGET);
}, 60_000);
