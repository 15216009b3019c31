/** The package must stay small: a page loads it before anything can be played. */

import { gzipSync } from "node:zlib";
import { build, type Rolldown } from "vite";
import { expect, test } from "vitest";

/** Bytes of the client and the parser of event streams: 15 KB whichever way they are read. */
const OURS = 15_000;

/** Bytes of the whole page: 15 KB of 1024 bytes. */
const PAGE = 15 * 1024;

/**
 * The script of a page that does nothing but connect, as Vite builds it for production.
 *
 * @param polyfill whether with the 0.3 KB that Vite puts into every page, for browsers that do not
 *   know `<link rel="modulepreload">`
 */
async function script(polyfill: boolean): Promise<string> {
  const built = (await build({
    configFile: false,
    root: new URL("page", import.meta.url).pathname,
    logLevel: "silent",
    build: { write: false, modulePreload: { polyfill } },
  })) as Rolldown.RolldownOutput;
  const [first, ...more] = built.output.filter((each) => each.type === "chunk");
  expect(more, "it is one script, and nothing is loaded later").toEqual([]);
  return first?.code ?? "";
}

function weight(code: string): number {
  return gzipSync(code, { level: 9 }).length;
}

test("client and parser have less than 15,000 bytes, minified and compressed", async () => {
  const code = await script(false);

  for (const part of ["text/event-stream", "dualwire.v1", "/api/send", "subscribed", "feed"]) {
    expect(code).toContain(part);
  }
  expect(weight(code)).toBeLessThan(OURS);
}, 60_000);

test("with what Vite adds to every page, the page has less than 15 KB", async () => {
  expect(weight(await script(true))).toBeLessThan(PAGE);
}, 60_000);
