/** Listeners by name. */

import type { Events } from "./types.js";

type Name = keyof Events;

/** Calls listeners, in the order in which they were added; what one throws stops nothing. */
export class Emitter {
  readonly #listeners = new Map<Name, Set<(value: never) => void>>();

  /** @param failed gets what a listener threw */
  constructor(private readonly failed: (error: unknown, name: Name) => void) {}

  on<N extends Name>(name: N, listener: (value: Events[N]) => void): () => void {
    // A listener that is given twice is called twice, and each can be ended.
    const own = (value: Events[N]): void => listener(value);
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners.add(own));
    return () => {
      listeners.delete(own);
    };
  }

  emit<N extends Name>(name: N, value: Events[N]): void {
    for (const listener of [...(this.#listeners.get(name) ?? [])]) {
      try {
        (listener as (value: Events[N]) => void)(value);
      } catch (error) {
        this.failed(error, name);
      }
    }
  }
}
