/** One life of a connection: from its opening to its end. */

import type { Environment } from "./environment.js";
import { createTimer, type OneTimer } from "./timer.js";
import type { Transport } from "./transport.js";

/** Seconds from the first try to the `hello`. */
const OPEN_TIMEOUT = 10;

/** Seconds that a ping may be late before the connection is taken for dead. */
const PATIENCE = 10;

/** Seconds by which a timer is late when the page was asleep; then a moment of grace is due. */
const ASLEEP = 2;

/** Seconds of grace, in which what had arrived meanwhile is read. */
const GRACE = 5;

/** How the server knows who opened it. */
export interface Proof {
  readonly session: string;
  readonly token: string | null;
  readonly by: "token" | "ticket" | "cookie";
}

/** A life. */
export class Life {
  transport: Transport | null = null;
  proof: Proof | null = null;
  /** What the server calls it; `null` before its `hello`. */
  id: string | null = null;
  openedAt: number | null = null;
  lastSeen: number;
  over = false;
  pingInterval = 25;
  readonly #timer: OneTimer;

  /** @param silent called when it has been silent for too long */
  constructor(
    private readonly environment: Environment,
    private readonly silent: () => void,
  ) {
    this.lastSeen = environment.now();
    this.#timer = createTimer(environment);
    this.#watch(this.#allowed());
  }

  /** A sign of life came. */
  seen(): void {
    this.lastSeen = this.environment.now();
  }

  /** Let go of it. */
  end(): void {
    this.over = true;
    this.transport?.abort();
    this.#timer.clear();
  }

  /** It must give a sign of life within so many seconds. */
  expect(seconds: number): void {
    const asked = this.environment.now();
    this.environment.setTimer(() => {
      if (!this.over && this.lastSeen < asked) this.silent();
    }, seconds * 1000);
  }

  #allowed(): number {
    return this.openedAt === null ? OPEN_TIMEOUT : this.pingInterval + PATIENCE;
  }

  #watch(seconds: number): void {
    const due = this.environment.now() + seconds;
    this.#timer.start(seconds, () => {
      const now = this.environment.now();
      const left = this.lastSeen + this.#allowed() - now;
      if (left > 0) this.#watch(left);
      // A hidden page's timers are late, and a frozen page has not read what arrived.
      else if (now - due > ASLEEP) this.#watch(GRACE);
      else this.silent();
    });
  }
}
