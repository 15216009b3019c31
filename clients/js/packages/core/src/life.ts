/** One life of a connection: from its opening to its end. */

import type { Environment } from "./environment.js";
import { createTimer } from "./timer.js";
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
  readonly byTicket: boolean;
}

/** What {@link createLife} makes. */
export type Life = ReturnType<typeof createLife>;

/**
 * A life.
 *
 * @param silent called when it has been silent for too long
 */
export function createLife(environment: Environment, silent: () => void) {
  const { now } = environment;
  const timer = createTimer(environment);
  const life = {
    transport: null as Transport | null,
    proof: null as Proof | null,
    /** What the server calls it; `null` before its `hello`. */
    id: null as string | null,
    openedAt: null as number | null,
    lastSeen: now(),
    over: false,
    pingInterval: 25,

    /** A sign of life came. */
    seen(): void {
      life.lastSeen = now();
    },

    /** Let go of it. */
    end(): void {
      life.over = true;
      life.transport?.abort();
      timer.clear();
    },

    /** It must give a sign of life within so many seconds. */
    expect(seconds: number): void {
      const asked = now();
      environment.setTimer(() => {
        if (!life.over && life.lastSeen < asked) silent();
      }, seconds * 1000);
    },
  };

  const allowed = () => (life.openedAt === null ? OPEN_TIMEOUT : life.pingInterval + PATIENCE);

  const watch = (seconds: number): void => {
    const due = now() + seconds;
    timer.start(seconds, () => {
      const left = life.lastSeen + allowed() - now();
      if (left > 0) watch(left);
      // A hidden page's timers are late, and a frozen page has not read what arrived.
      else if (now() - due > ASLEEP) watch(GRACE);
      else silent();
    });
  };

  watch(allowed());
  return life;
}
