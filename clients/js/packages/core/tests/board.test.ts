import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createBoard, keepSame } from "../src/board.js";
import { fakeTime, pass, settle, World } from "./world.js";

beforeEach(fakeTime);
afterEach(() => void vi.useRealTimers());

function board() {
  const now = { n: 1, part: { deep: { a: 1 } } };
  const read = (old: typeof now | null) => ({
    n: now.n,
    part: keepSame(old?.part, structuredClone(now.part)),
  });
  return { now, board: createBoard(new World().tab(), read) };
}

test("a snapshot is the same object until something changes", () => {
  const { now, board: shown } = board();
  const first = shown.get();

  expect(shown.get()).toBe(first);
  now.n = 2;
  expect(shown.get()).not.toBe(first);
  expect(shown.get().part, "what did not change").toBe(first.part);
});

test("changes of one turn are told once", async () => {
  const { now, board: shown } = board();
  const told = vi.fn(() => shown.get());
  const end = shown.subscribe(told);
  now.n = 2;
  shown.changed();
  shown.changed();
  await settle();

  expect(told).toHaveBeenCalledTimes(1);
  expect(told).toHaveLastReturnedWith(expect.objectContaining({ n: 2 }));
  end();
  shown.changed();
  await settle();
  expect(told).toHaveBeenCalledTimes(1);
});

test("figures are told a little later, and not shown before", async () => {
  const { now, board: shown } = board();
  const told = vi.fn();
  shown.subscribe(told);
  const first = shown.get();
  now.part.deep.a = 2;
  shown.counted();
  shown.counted();

  expect(shown.get()).toBe(first);
  await pass(0.25);
  expect(told).toHaveBeenCalledTimes(1);
  expect(shown.get().part.deep.a).toBe(2);
});

test("objects are equal or not by what is in them", () => {
  const old = { list: [1, { a: 1 }], other: { b: 1 } };
  const fresh = keepSame(old, { list: [1, { a: 1 }], other: { b: 2 } });

  expect(keepSame(old, structuredClone(old))).toEqual(old);
  expect(fresh.other).toEqual({ b: 2 });
  expect(keepSame<object>({ a: 1, b: 1 }, { a: 1 })).toEqual({ a: 1 });
});
