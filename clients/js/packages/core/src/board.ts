/** The snapshot that is shown, and who is told when it changes. */

import type { Environment } from "./environment.js";
import { isObject } from "./json.js";
import { createTimer } from "./timer.js";

/** Seconds between two reports of figures. */
const FIGURES = 0.25;

/**
 * Keeps the latest snapshot. Parts that did not change stay the same objects.
 *
 * @param read makes a snapshot of what is now, of parts of the one before as far as it can
 */
export function createBoard<T extends object>(
  environment: Environment,
  read: (old: T | null) => T,
) {
  const listeners = new Set<{ listener: () => void }>();
  const figures = createTimer(environment);
  let shown: T | null = null;
  let stale = true;
  let told = false;

  /** Something is different: told once for all changes of one turn. */
  const changed = (): void => {
    stale = true;
    if (told) return;
    told = true;
    queueMicrotask(() => {
      told = false;
      figures.clear();
      for (const { listener } of [...listeners]) listener();
    });
  };

  return {
    get(): T {
      // While somebody listens, it changes only when they are told.
      if (stale || listeners.size === 0) {
        const fresh = read(shown);
        if (shown === null || !isSame(shown, fresh)) shown = fresh;
        stale = false;
      }
      return shown as T;
    },

    subscribe(listener: () => void): () => void {
      const own = { listener };
      listeners.add(own);
      return () => {
        listeners.delete(own);
      };
    },

    changed,

    /** Only figures are different: told a little later. */
    counted(): void {
      if (listeners.size > 0) figures.start(FIGURES, changed);
    },
  };
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
