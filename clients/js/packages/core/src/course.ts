/** The course of a client: begun, moved to another session, put to sleep and woken up, ended. */

import type { ClientConnection } from "./client_connection.js";
import type { Commands } from "./commands.js";
import type { Emitter } from "./emitter.js";
import type { Ending } from "./ended.js";
import type { Environment } from "./environment.js";
import { EndedError } from "./errors.js";
import type { Monitor } from "./monitor.js";
import type { Pair } from "./pair.js";
import type { Receiving } from "./receiving.js";
import type { Server } from "./server.js";
import type { Session } from "./session.js";
import type { ClientStatus } from "./status.js";
import type { Tally } from "./tally.js";
import { createTimer } from "./timer.js";
import type { Tokens } from "./tokens.js";
import { listen, type Sleeper } from "./wakeups.js";

/** Seconds that one connection has to end by itself after the other was told that it is over. */
const LAST_WORDS = 1;

/** Seconds between two records of where this tab stands. */
const KEEP_EVERY = 1;

/** What is begun and ended together with the connections. */
interface Parts {
  readonly tokens: Tokens;
  readonly server: Server;
  readonly monitor: Monitor;
  readonly commands: Commands;
  readonly tally: Tally;
}

/** What {@link createCourse} makes. */
export type Course = ReturnType<typeof createCourse>;

export function createCourse(
  environment: Environment,
  emitter: Emitter,
  status: ClientStatus,
  session: Session,
  pair: Pair,
  receiving: Receiving,
  { tokens, server, monitor, commands, tally }: Parts,
) {
  const keeping = createTimer(environment);
  const lastWords = createTimer(environment);
  let unlisten = (): void => {};
  /** The session that listeners know of. */
  let told: string | null = null;

  const start = (): void => {
    if (status.isActive) pair.start();
  };

  const hear = (): void => {
    unlisten();
    unlisten = listen(environment, sleeper);
  };

  const stop = (next: "idle" | "ended", reason: string): void => {
    keep();
    status.stop(next, reason);
    pair.stop();
    commands.end(reason);
    tokens.stopRefreshing();
    monitor.stop();
    receiving.stop();
    unlisten();
    keeping.clear();
    lastWords.clear();
    tally.stopped();
  };

  const connect = (): Promise<void> => {
    if (!status.isActive) {
      if (status.now === "ended") tokens.forget();
      status.begin();
      hear();
      pair.start();
    }
    return status.entered;
  };

  const tellSession = (): void => {
    const { id } = session;
    if (id === null || id === told) return;
    told = id;
    emitter.emit("session", { sessionId: id });
  };

  /** The session is another one now: both connections move to it. */
  const moved = (): void => {
    tellSession();
    lastWords.clear();
    if (status.now === "ended") {
      void connect();
    } else if (status.isActive) {
      status.ended = null;
      pair.reopen();
      tally.stopped();
      pair.start();
    }
  };

  /** The server said that there is no coming back. */
  const finish = (): void => {
    const { ended } = status;
    if (ended === null || !status.isActive) return;
    const { code, message, canTakeBack } = ended;
    stop("ended", message);
    if (code.name === "logged_out" || code.name === "revoked") session.forget();
    // Another tab of this browser may take the game back, for all of them.
    if (canTakeBack) hear();
    emitter.emit("ended", ended);
    status.settle(new EndedError(message, ended));
  };

  /** Record where this tab stands. */
  const keep = (): void => {
    if (status.now === "connected" || status.now === "reconnecting") {
      session.keep(receiving.cursor());
    }
  };

  /** Try at once what waits for its turn, and see whether open connections still live. */
  const wake = (): void => {
    pair.hurry();
    monitor.wake();
  };

  const sleeper: Sleeper = {
    wake,
    keep,
    online() {
      server.interrupt();
      // A turn later, when whoever was interrupted knows it.
      environment.setTimer(() => {
        if (!status.isActive) return;
        pair.renew();
        monitor.wake();
      }, 0);
    },
    sleep: pair.stop,
    rise: start,
    stored() {
      if (status.ended?.canTakeBack && session.follow()) moved();
    },
  };

  return {
    connect,
    moved,
    wake,
    tellSession,

    disconnect(): void {
      if (status.now === "idle") return;
      const reason = "disconnect() was called";
      stop("idle", reason);
      status.ended = null;
      status.settle(new EndedError(reason, null));
    },

    /** Record where this tab stands, a little later. */
    keepSoon(): void {
      keeping.start(KEEP_EVERY, keep);
    },

    /** There is no coming back for a connection, so there is none for both. */
    over({ twin }: ClientConnection, { code, message }: Ending): void {
      status.ended ??= { code, message, canTakeBack: code.name === "session_replaced" };
      // The other connection may still bring what came before.
      if (twin.isOpen) lastWords.start(LAST_WORDS, finish);
      else finish();
    },
  };
}
