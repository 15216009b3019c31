import { expect, test } from "vitest";
import { delay, moveDelay } from "../src/backoff.js";

test("the first try is at once while the twin lives", () => {
  expect(delay(0.9, 0, true, null)).toBe(0);
  expect(delay(0.9, 1, true, null)).toBeCloseTo(0.9);
});

test("without a twin it is full jitter below a bound that doubles up to 20 s", () => {
  expect(delay(1, 0, false, null)).toBe(0.5);
  expect(delay(0.5, 3, false, null)).toBe(2);
  expect(delay(1, 6, false, null)).toBe(20);
  expect(delay(1, 5000, false, null)).toBe(20);
});

test("what the server asks for is the least", () => {
  expect(delay(0, 0, true, 7)).toBe(7);
  expect(delay(1, 9, false, 7)).toBe(20);
});

test("a move is tried again at once, then within 2 s", () => {
  expect(moveDelay(1, 0, null)).toBe(0);
  expect(moveDelay(1, 1, null)).toBe(0.2);
  expect(moveDelay(1, 20, null)).toBe(2);
  expect(moveDelay(0, 1, 3)).toBe(3);
});
