/** One thing that is to happen later. */

import type { Environment, Timer } from "./environment.js";

/** What {@link createTimer} makes. */
export type OneTimer = ReturnType<typeof createTimer>;

/** A timer for one thing at a time. */
export function createTimer(environment: Environment) {
  let timer: Timer | null = null;
  const clear = (): void => {
    environment.clearTimer(timer);
    timer = null;
  };
  const start = (seconds: number, work: () => void): void => {
    timer ??= environment.setTimer(() => {
      timer = null;
      work();
    }, seconds * 1000);
  };
  return {
    /** Whether something is to come. */
    get waits(): boolean {
      return timer !== null;
    },
    clear,
    /** Have it done after so many seconds, unless something is to come already. */
    start,
  };
}
