/** Event streams as a client reads them: what comes of bytes that are cut anywhere. */

import fc from "fast-check";
import { expect, test } from "vitest";
import type { Ending } from "../src/ended.js";
import { openEventStream } from "../src/sse.js";
import { World } from "./world.js";

/** What a client hears of a body that comes in pieces, until its end. */
async function read(...pieces: (string | Uint8Array)[]): Promise<string[]> {
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const piece of pieces) {
        controller.enqueue(typeof piece === "string" ? encoder.encode(piece) : piece);
      }
      controller.close();
    },
  });
  const headers = { "Content-Type": "text/event-stream; charset=utf-8" };
  const environment = { ...new World().tab(), fetch: async () => new Response(body, { headers }) };
  const heard: string[] = [];
  const ending = await new Promise<Ending>((ended) => {
    openEventStream(environment, "/api/events", {}, { text: (text) => heard.push(text), ended });
  });
  expect(ending.message).toBe("The event stream ended.");
  return heard;
}

test("a message is what stands between empty lines", async () => {
  expect(await read("data: one\n\ndata:two\n\n")).toEqual(["one", "two"]);
  expect(await read("data: a\ndata:  b\ndata\n\n")).toEqual(["a\n b\n"]);
  expect(await read("data: not ended\n")).toEqual([]);
});

test("what is no message of ours is passed over", async () => {
  const others = ": comment\n\nevent: ping\ndata: {}\n\nid: 7\nretry: 3\nodd: 1\n";
  expect(await read(`${others}data: x\n\n`)).toEqual(["x"]);
  expect(await read("event: message\ndata: y\n\nevent:\ndata: z\n\ndata:\n\n")).toEqual(["y", "z"]);
});

test("a long message that comes in many pieces takes no more time than it must", async () => {
  const piece = "x".repeat(1000);
  const [heard = ""] = await read("data: ", ...Array(4000).fill(piece), "\n\n");

  expect(heard.length).toBe(4_000_000);
});

test("every message comes once and in order, wherever its bytes are cut", async () => {
  const end = fc.constantFrom("\n", "\r\n", "\r");
  const noise = fc.constantFrom("", ": keep-alive", "event: ping", "id: 1");
  const message = fc.record({ value: fc.string({ unit: "grapheme" }), noise, end });
  await fc.assert(
    fc.asyncProperty(
      fc.array(message, { maxLength: 8 }),
      fc.array(fc.nat(), { maxLength: 12 }),
      async (messages, places) => {
        const lines = messages.map(({ value, noise, end }) => {
          const own = `data: ${JSON.stringify(value)}`;
          return [...(noise === "" ? [] : [noise, ""]), own, "", ""].join(end);
        });
        // A carriage return at the very end may be the first half of a line's end.
        const bytes = new TextEncoder().encode(`${lines.join("")}\n`);
        const cuts = places.map((each) => each % (bytes.length + 1)).sort((a, b) => a - b);
        const pieces = [...cuts, bytes.length].map((cut, n) => bytes.slice(cuts[n - 1] ?? 0, cut));

        const heard = await read(...pieces);

        expect(heard).toEqual(messages.map(({ value }) => JSON.stringify(value)));
      },
    ),
    { numRuns: 300 },
  );
});
