/** Event streams: what the standard says, held against a parser that many others use. */

import { createParser } from "eventsource-parser";
import fc from "fast-check";
import { expect, test } from "vitest";
import { readMessages } from "../src/eventstream.js";

function read(...pieces: string[]): string[] {
  const heard: string[] = [];
  const take = readMessages((data) => heard.push(data));
  for (const piece of pieces) take(piece);
  return heard;
}

/** The same by `eventsource-parser`. */
function expected(pieces: readonly string[]): string[] {
  const heard: string[] = [];
  const parser = createParser({
    onEvent({ event = "message", data }) {
      if (event === "message" && data !== "") heard.push(data);
    },
  });
  for (const piece of pieces) parser.feed(piece);
  return heard;
}

test("a message is what stands between empty lines", () => {
  expect(read("data: one\n\ndata:two\n\n")).toEqual(["one", "two"]);
  expect(read("data: a\ndata:  b\ndata\n\n"), "lines, one space less each").toEqual(["a\n b\n"]);
  expect(read("data: not ended\n")).toEqual([]);
});

test("whatever ends lines, and wherever the text is cut", () => {
  const text = "data: a\r\ndata: b\r\r\ndata: c\n\r\n\ndata: d\r\n\r\n";
  const whole = expected([text]);
  expect(whole).toEqual(["a\nb", "c", "d"]);
  for (let at = 0; at <= text.length; at += 1) {
    expect(read(text.slice(0, at), text.slice(at)), `cut at ${at}`).toEqual(whole);
  }
});

test("what is no message of ours is passed over", () => {
  expect(read(": comment\n\nevent: ping\ndata: {}\n\nid: 7\nretry: 3\ndata: x\n\n")).toEqual(["x"]);
  expect(read("event: message\ndata: y\n\nevent:\ndata: z\n\ndata:\n\n")).toEqual(["y", "z"]);
});

test("a long line that comes in many pieces takes no more time than it must", () => {
  const line = "x".repeat(1000);
  const heard = read("data: ", ...Array(4000).fill(line), "\n\n");

  expect(heard[0]?.length).toBe(4_000_000);
});

test("it agrees with a parser that many others use, on any text in any pieces", () => {
  const word = fc.constantFrom("data", "event", "id", "message", ":", ": ", " ", "x", "\r", "\n");
  const piece = fc.array(word, { maxLength: 30 }).map((words) => words.join(""));
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
      // Of a line whose end may still come, each waits for a different reason.
      const all = [...pieces, "\n\n"];
      expect(read(...all)).toEqual(expected(all));
    }),
    { numRuns: 2000 },
  );
});
