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

  /** Many streams share one connection of HTTP/2. Where the browser does not say, be careful. */
  const isNeeded = () => (wish === "auto" ? !/^h[23]/.test(protocolOf(origin())) : wish);

  return {
    /**
     * Wait for the turn, if the event stream has to be shared. A no-op while this tab waits, or has
     * it.
     *
     * @param asked called before the wait begins
     * @param granted called when this tab may hold the event stream; perhaps more than once
     */
    request(asked: () => void, granted: () => void): void {
      if (locks === null || !isNeeded()) {
        granted();
        return;
      }
      if (waiting !== null) return;
      waiting = new AbortController();
      asked();
      const hold = () =>
        new Promise<void>((resolve) => {
          done = resolve;
          granted();
        });
      locks
        .request(`dualwire event stream ${origin()}`, { signal: waiting.signal }, hold)
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
