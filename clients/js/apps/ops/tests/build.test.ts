// @vitest-environment node
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "vite";
import { expect, test } from "vitest";

const SERVED = new URL("../../../../../src/dualwire/http/ops_page", import.meta.url).pathname;

function files(folder: string): Map<string, Buffer> {
  const paths = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((each) => each.isFile())
    .map((each) => join(each.parentPath, each.name));
  return new Map(paths.sort().map((path) => [path.slice(folder.length), readFileSync(path)]));
}

test("what the server has is what this source builds: if not, run `make page`", async () => {
  const folder = mkdtempSync(join(tmpdir(), "ops-"));
  try {
    // A test runner says that this is a test; React would be built for development.
    process.env.NODE_ENV = "production";
    await build({ mode: "production", logLevel: "error", build: { outDir: folder } });
    const [built, served] = [files(folder), files(SERVED)];
    expect([...built.keys()]).toEqual([...served.keys()]);
    for (const [path, content] of built) {
      expect(content.equals(served.get(path) as Buffer), `${path} is not as built`).toBe(true);
    }
  } finally {
    process.env.NODE_ENV = "test";
    rmSync(folder, { recursive: true });
  }
}, 60_000);
