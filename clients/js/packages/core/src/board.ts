/** The snapshot that is shown, and who is told when it changes. */

import type { Environment, Timer } from "./environment.js";
import { isObject } from "./json.js";

/** Seconds between two reports of figures. */
const FIGURES = 0.25;

/** Keeps the latest snapshot. Parts that did not change stay the same objects. */
export class Board<T extends object> {
  readonly #listeners = new Set<() => void>();
  #shown: T | null = null;
  #stale = true;
  #told = false;
  #timer: Timer | null = null;

  /** @param read makes a snapshot of what is now, of parts of the one before as far as it can */
  constructor(
    private readonly environment: Environment,
    private readonly read: (old: T | null) => T,
  ) {}

  get(): T {
    // While somebody listens, it changes only when they are told.
    if (this.#shown === null || this.#stale || this.#listeners.size === 0) {
      const fresh = this.read(this.#shown);
      if (this.#shown === null || !isSame(this.#shown, fresh)) this.#shown = fresh;
      this.#stale = false;
    }
    return this.#shown;
  }

  subscribe(listener: () => void): () => void {
    const own = (): void => listener();
    this.#listeners.add(own);
    return () => {
      this.#listeners.delete(own);
    };
  }

  /** Something is different: told once for all changes of one turn. */
  changed(): void {
    this.#stale = true;
    if (this.#told) return;
    this.#told = true;
    queueMicrotask(() => {
      this.#told = false;
      this.stop();
      for (const listener of [...this.#listeners]) listener();
    });
  }

  /** Only figures are different: told a little later. */
  counted(): void {
    if (this.#listeners.size === 0) return;
    this.#timer ??= this.environment.setTimer(() => {
      this.#timer = null;
      this.changed();
    }, FIGURES * 1000);
  }

  stop(): void {
    this.environment.clearTimer(this.#timer);
    this.#timer = null;
  }
}

/** The old one if the new one is equal to it; else the new one, with what is equal kept. */
export function keepSame<T extends object>(old: T | undefined, fresh: T): T {
  if (old === undefined) return fresh;
  const kept = fresh as Record<string, unknown>;
  for (const [key, value] of Object.entries(fresh)) {
    const before = (old as Record<string, unknown>)[key];
    if (isObject(value) && isObject(before)) kept[key] = keepSame(before, value);
  }
  return isSame(old, fresh) ? old : fresh;
}

function isSame(old: object, fresh: object): boolean {
  const keys = Object.keys(fresh) as never[];
  return Object.keys(old).length === keys.length && keys.every((key) => old[key] === fresh[key]);
}
