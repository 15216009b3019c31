/**
 * One event stream per browser: over HTTP/1.1 a browser opens at most six connections to a server,
 * and event streams of a few tabs would use them up. So one tab holds it, by a lock of the browser's
 * (Web Locks API), and the others have their WebSocket.
 */

import type { Environment } from "./environment.js";

/** Waits for the turn of this tab. */
export class Sharing {
  #release: (() => void) | null = null;
  #waiting: AbortController | null = null;

  /**
   * @param base the server's URL; the limit is per server
   * @param wish the option
   */
  constructor(
    private readonly environment: Environment,
    private readonly base: string,
    private readonly wish: boolean | "auto",
  ) {}

  /** Whether the event stream has to be shared. */
  get applies(): boolean {
    if (this.environment.locks === null || this.wish === false) return false;
    if (this.wish === true) return true;
    const { origin } = new URL(this.base || this.environment.origin);
    // Many streams share one connection there. Where the browser does not say, better be careful.
    return !/^h[23]/.test(this.environment.protocolOf(origin));
  }

  /** Whether this tab waits for its turn, or has it. */
  get asked(): boolean {
    return this.#waiting !== null;
  }

  /**
   * Wait for the turn.
   *
   * @param granted called when this tab may hold the event stream
   */
  request(granted: () => void): void {
    if (this.#waiting !== null) return;
    const waiting = new AbortController();
    this.#waiting = waiting;
    const { origin } = new URL(this.base || this.environment.origin);
    const hold = () =>
      new Promise<void>((resolve) => {
        this.#release = resolve;
        granted();
      });
    this.environment.locks
      ?.request(`dualwire event stream ${origin}`, { signal: waiting.signal }, hold)
      .catch(() => {
        // Nobody waits any more.
      });
  }

  /** Leave it to another tab. Idempotent. */
  release(): void {
    this.#release?.();
    this.#waiting?.abort();
    this.#release = this.#waiting = null;
  }
}
