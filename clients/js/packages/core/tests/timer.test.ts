import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createTimer } from "../src/timer.js";
import { fakeTime, pass, World } from "./world.js";

beforeEach(fakeTime);
afterEach(() => void vi.useRealTimers());

test("what is started first is done, and nothing else meanwhile", async () => {
  const timer = createTimer(new World().tab());
  const [first, second] = [vi.fn(), vi.fn()];
  timer.start(1, first);
  timer.start(1, second);
  expect(timer.waits).toBe(true);
  await pass(1);
  expect([first, second].map((each) => each.mock.calls.length)).toEqual([1, 0]);
  expect(timer.waits).toBe(false);
});

test("what is cleared is not done, and what is done may start it again", async () => {
  const timer = createTimer(new World().tab());
  const work = vi.fn(() => {
    if (work.mock.calls.length < 3) timer.start(1, work);
  });
  timer.start(1, work);
  timer.clear();
  await pass(2);
  expect(work).not.toHaveBeenCalled();
  timer.start(1, work);
  await pass(5);
  expect(work).toHaveBeenCalledTimes(3);
});
