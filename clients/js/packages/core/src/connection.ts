/**
 * One of a client's two connections: it opens, carries, ends, and opens again by itself.
 * The mirror of `client/connection.py`.
 */

import { delay, moveDelay } from "./backoff.js";
import type { ClientConnection, Owner } from "./client_connection.js";
import { broken, type Ending, farewell } from "./ended.js";
import type { Environment } from "./environment.js";
import { messageOf, ProtocolError } from "./errors.js";
import { type JSONObject, readObject } from "./json.js";
import { createLife, type Life } from "./life.js";
import { Gauge } from "./quality.js";
import { Refused } from "./server.js";
import { createTimer } from "./timer.js";
import type { ConnectionState, ConnectionType, Fault } from "./types.js";

/**
 * Seconds that a connection must have lived for its end to be no failure in a row: otherwise one
 * that opens and breaks at once would be tried without pause.
 */
const SETTLED = 5;

/** Make a connection; its twin is still to be set. */
export function createClientConnection(
  type: ConnectionType,
  environment: Environment,
  owner: Owner,
): ClientConnection {
  const { now, random, wall } = environment;
  const gauge = new Gauge();
  /** For the next try. */
  const timer = createTimer(environment);
  let state: ConnectionState = "closed";
  let since = wall();
  let id: string | null = null;
  let error: string | null = null;
  let fault: Fault | null = null;
  let retryAt: number | null = null;
  let current: Life | null = null;
  /** What is to take the place of the current one, on another node. */
  let replacement: Life | null = null;
  let moveFailures = 0;
  let wanted = false;
  /** Before this moment the server wants no try. */
  let notBefore = 0;

  const enter = (next: ConnectionState): void => {
    if (next === state) return;
    state = next;
    since = wall();
    owner.changed(connection);
  };

  const unschedule = (): void => {
    timer.clear();
    retryAt = null;
  };

  const schedule = (retryAfter: number | null): void => {
    unschedule();
    const wait = delay(random(), gauge.failures, connection.twin.isOpen, retryAfter);
    gauge.failures += 1;
    notBefore = now() + (retryAfter ?? 0);
    if (fault === "cut") return;
    retryAt = wall() + wait * 1000;
    timer.start(wait, open);
  };

  const open = (): void => {
    unschedule();
    if (fault === "cut") return;
    enter("connecting");
    current = begin();
  };

  const begin = (): Life => {
    const life: Life = createLife(environment, () =>
      end(life, broken("No sign of life from the server.")),
    );
    owner
      .open(connection, life, {
        text: (text) => take(life, text),
        ended: (ending) => end(life, ending),
      })
      .catch((failure: unknown) =>
        end(life, failure instanceof Refused ? failure.ending : broken(messageOf(failure))),
      );
    return life;
  };

  const take = (life: Life, text: string): void => {
    if (life.over || fault === "swallow") return;
    try {
      const frame = readObject(text);
      if (frame === null) throw new ProtocolError("expected a JSON object");
      life.seen();
      gauge.lastSeen = wall();
      if (frame.type === "bye") end(life, farewell(frame));
      else if (life.id === null) greeted(life, frame);
      else owner.take(connection, life, frame, text);
    } catch (failure) {
      end(life, broken(messageOf(failure)));
    }
  };

  const greeted = (life: Life, hello: JSONObject): void => {
    const { type, connection: name, ping_interval: interval } = hello;
    if (type !== "hello" || typeof name !== "string") {
      throw new ProtocolError("expected hello first: this server does not speak dualwire.v1");
    }
    life.id = name;
    life.openedAt = now();
    if (typeof interval === "number") life.pingInterval = interval;
    owner.greeted(connection, life, hello);
    if (life === replacement) {
      const old = current;
      current = life;
      replacement = null;
      moveFailures = 0;
      release(old);
    } else if (id !== null) {
      gauge.reconnects += 1;
    }
    id = name;
    error = null;
    enter("open");
  };

  const release = (life: Life | null): void => {
    if (life === null || life.over) return;
    life.end();
    if (life.id !== null) owner.left(life);
  };

  const end = (life: Life, ending: Ending): void => {
    if (life.over) return;
    release(life);
    if (life === replacement) {
      replacement = null;
      if (owner.mayReturn(connection, life, ending)) replaceLater(ending.retryAfter);
      else finish(ending);
      return;
    }
    if (life.openedAt !== null && now() - life.openedAt >= SETTLED) gauge.failures = 0;
    error = ending.message;
    current = replacement;
    replacement = null;
    if (!owner.mayReturn(connection, life, ending)) {
      finish(ending);
    } else if (current !== null) {
      enter("connecting");
    } else if (wanted) {
      schedule(ending.retryAfter);
      enter("closed");
    }
  };

  const finish = (ending: Ending): void => {
    connection.stop();
    owner.over(connection, ending);
  };

  /** The old one lives, and there is time for another try: the first at once. */
  const replaceLater = (retryAfter: number | null): void => {
    const life = current;
    const wait = moveDelay(random(), moveFailures, retryAfter);
    moveFailures += 1;
    environment.setTimer(() => life === current && connection.replace(), wait * 1000);
  };

  const connection: ClientConnection = {
    type,
    twin: null as never,
    degraded: null,
    gauge,

    get state() {
      return state;
    },

    get isOpen() {
      return state === "open";
    },

    get id() {
      return id;
    },

    get error() {
      return error;
    },

    get fault() {
      return fault;
    },

    get life() {
      return current;
    },

    start() {
      if (wanted) return;
      wanted = true;
      gauge.failures = notBefore = 0;
      open();
    },

    stop(state = "closed") {
      wanted = false;
      unschedule();
      release(replacement);
      release(current);
      current = replacement = null;
      enter(state);
    },

    drop(message = "Cut on this side.") {
      if (current !== null) end(current, broken(message));
    },

    reopen() {
      if (!wanted) return;
      connection.stop();
      connection.start();
    },

    hurry() {
      if (timer.waits && now() >= notBefore) open();
    },

    renew() {
      if (state === "open") {
        release(replacement);
        replacement = begin();
      } else if (state === "connecting") {
        release(current);
        open();
      } else {
        connection.hurry();
      }
    },

    send(text) {
      if (state !== "open") return false;
      if (fault === "swallow") return true;
      return current?.transport?.send(text) ?? false;
    },

    replace() {
      if (state === "open" && replacement === null) replacement = begin();
    },

    spoil(next) {
      const before = fault;
      fault = next;
      if (fault === "cut") connection.drop();
      else if (before === "cut" && wanted) open();
      else if (before === "swallow" && fault === null) connection.drop();
      owner.changed(connection);
    },

    info() {
      const { degraded } = connection;
      const out = wanted && error !== null ? "unhealthy" : "unknown";
      const health = state === "open" ? (degraded === null ? "healthy" : "degraded") : out;
      const quality = { ...gauge };
      return { type, id, state, since, health, degraded, retryAt, error, fault, quality };
    },
  };
  return connection;
}
