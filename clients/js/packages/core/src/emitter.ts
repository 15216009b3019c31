/** Listeners by name. */

import type { Events } from "./types.js";

type Name = keyof Events;

/** What {@link createEmitter} makes. */
export type Emitter = ReturnType<typeof createEmitter>;

/**
 * Calls listeners, in the order in which they were added; what one throws stops nothing.
 *
 * @param failed gets what a listener threw
 */
export function createEmitter(failed: (error: unknown, name: Name) => void) {
  // A listener that is given twice is called twice, and each can be ended.
  const all = new Set<readonly [Name, (value: never) => void]>();
  return {
    on<N extends Name>(name: N, listener: (value: Events[N]) => void): () => void {
      const own = [name, listener] as const;
      all.add(own);
      return () => {
        all.delete(own);
      };
    },

    emit<N extends Name>(name: N, value: Events[N]): void {
      for (const [each, listener] of [...all]) {
        if (each !== name) continue;
        try {
          listener(value as never);
        } catch (error) {
          failed(error, name);
        }
      }
    },
  };
}
