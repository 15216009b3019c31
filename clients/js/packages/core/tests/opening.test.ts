import { expect, test } from "vitest";
import { parseCursor } from "../src/cursor.js";
import { ProtocolError } from "../src/errors.js";
import { fitsURL, fitting, isEmpty } from "../src/opening.js";
import type { Cursor } from "../src/types.js";
import { EPOCH } from "./world.js";

function rooms(count: number): Cursor {
  const names = Array.from({ length: count }, (_, n) => [`room:${n}`, [EPOCH, 7]] as const);
  return { ...Object.fromEntries(names), "player:ann": [EPOCH, 1], global: [EPOCH, 1] };
}

test("a small cursor goes into the URL, a large one does not", () => {
  expect(isEmpty({})).toBe(true);
  expect(fitsURL(rooms(3))).toBe(true);
  expect(fitsURL(rooms(100))).toBe(false);
});

test("of a cursor that is too large for a WebSocket, the player's own stream stays", () => {
  const taken = fitting(rooms(1000));

  expect(Object.keys(taken).slice(0, 2)).toEqual(["player:ann", "global"]);
  expect(encodeURIComponent(JSON.stringify(taken)).length).toBeLessThanOrEqual(6 * 1024);
  expect(fitting(rooms(3))).toEqual(rooms(3));
});

test.each([
  ["no object", []],
  ["no pair", { global: EPOCH }],
  ["an epoch that is none", { global: ["x", 1] }],
  ["an offset that is none", { global: [EPOCH, 0] }],
  ["a number with a fraction", { global: [EPOCH, 1.5] }],
  ["too much in a pair", { global: [EPOCH, 1, 1] }],
  ["too many streams", rooms(1100)],
])("a cursor is refused: %s", (_, value) => {
  expect(() => parseCursor(value as never)).toThrow(ProtocolError);
});
