/**
 * One event stream per browser: over HTTP/1.1 a browser opens at most six connections to a server,
 * and event streams of a few tabs would use them up. So one tab holds it, by a lock of the browser's
 * (Web Locks API), and the others have their WebSocket.
 */

import type { Environment } from "./environment.js";

/** What {@link createSharing} makes. */
export type Sharing = ReturnType<typeof createSharing>;

/**
 * Waits for the turn of this tab.
 *
 * @param base the server's URL; the limit is per server
 * @param wish the option
 */
export function createSharing(
  { locks, origin: page, protocolOf }: Environment,
  base: string,
  wish: boolean | "auto",
) {
  let done: (() => void) | undefined;
  let waiting: AbortController | null = null;
  const origin = () => new URL(base || page).origin;
  return {
    /** Whether the event stream has to be shared. */
    get applies(): boolean {
      if (locks === null || wish === false) return false;
      // Many streams share one connection there. Where the browser does not say, better be careful.
      return wish === true || !/^h[23]/.test(protocolOf(origin()));
    },

    /**
     * Wait for the turn. A no-op while this tab waits, or has it.
     *
     * @param asked called before the wait begins
     * @param granted called when this tab may hold the event stream
     */
    request(asked: () => void, granted: () => void): void {
      if (waiting !== null) return;
      waiting = new AbortController();
      asked();
      const hold = () =>
        new Promise<void>((resolve) => {
          done = resolve;
          granted();
        });
      locks
        ?.request(`dualwire event stream ${origin()}`, { signal: waiting.signal }, hold)
        .catch(() => {
          // Nobody waits any more.
        });
    },

    /** Leave it to another tab. Idempotent. */
    release(): void {
      done?.();
      waiting?.abort();
      done = undefined;
      waiting = null;
    },
  };
}
