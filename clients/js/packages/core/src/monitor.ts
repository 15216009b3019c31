/**
 * Whether connections are as good as they should be: what each owes of what its twin has brought,
 * and whether a question comes back at once. A connection that is worse is reported, not closed.
 */

import type { ClientConnection } from "./client_connection.js";
import type { Environment } from "./environment.js";
import type { JSONObject } from "./json.js";
import type { Life } from "./life.js";
import { Race } from "./quality.js";
import { Refused } from "./server.js";
import { createTimer } from "./timer.js";
import type { Degraded } from "./types.js";
import type { Uplink } from "./uplink.js";

/** Seconds for which a connection may owe what its twin has brought, or an answer. */
const LATE = 2;

/** Seconds between two looks, while something is outstanding. */
const LOOK_EVERY = 1;

/** Seconds of smoothed lag behind the twin that are too much. */
const LAGGING = 1;

/** Seconds from a connection's `hello` to the first question. */
const PROBE_AFTER = 1;

/** Seconds within which a connection shows that it lives, when the page wakes up. */
const PROOF_OF_LIFE = 5;

/** What {@link createMonitor} makes. */
export type Monitor = ReturnType<typeof createMonitor>;

/**
 * Asks and compares.
 *
 * @param changed called when a connection's `degraded` is another one
 */
export function createMonitor(
  environment: Environment,
  uplink: Uplink,
  changed: (connection: ClientConnection) => void,
) {
  const { now } = environment;
  const { websocket, sse } = uplink;
  const race = new Race();
  const timer = createTimer(environment);
  /** When the question was asked that the event stream has not answered. */
  let asked: number | null = null;
  /** Whether the server said that it has answered. */
  let answered = false;
  let askedWebSocket: number | null = null;

  const set = (connection: ClientConnection, degraded: Degraded | null): void => {
    if (connection.degraded === degraded) return;
    connection.degraded = degraded;
    changed(connection);
  };

  const judge = (connection: ClientConnection): Degraded | null => {
    const isStream = connection === sse;
    const late = isStream && answered && asked !== null && now() - asked >= LATE;
    if (late || (connection.twin.isOpen && race.behind(connection.gauge, now()) >= LATE)) {
      return isStream ? "buffered" : "lagging";
    }
    return (connection.gauge.lag ?? 0) > LAGGING ? "lagging" : null;
  };

  const look = (): void => {
    let again = asked !== null;
    for (const each of [websocket, sse]) {
      if (!each.isOpen) continue;
      set(each, judge(each));
      again ||= each.degraded !== null || race.behind(each.gauge, now()) > 0;
    }
    if (again) lookLater();
  };

  const lookLater = (): void => timer.start(LOOK_EVERY, look);

  /** Ask the WebSocket for an answer, which measures its round trip. */
  const askWebSocket = (): void => {
    if (websocket.send(JSON.stringify({ type: "ping" }))) askedWebSocket ??= now();
  };

  /** Have the server say something on the event stream. */
  const askStream = async (urgent: boolean): Promise<void> => {
    const { life } = sse;
    if (life === null) return;
    asked = now();
    answered = false;
    try {
      await uplink.post(JSON.stringify({ type: "ping", connection: life.id }));
      answered = true;
      if (urgent) life.expect(PROOF_OF_LIFE);
      lookLater();
    } catch (error) {
      asked = null;
      if (!urgent || sse.life !== life) return;
      // Its node does not know it any more, or it is on another node: a new one is cheap.
      if (error instanceof Refused) sse.drop(error.message);
      else life.expect(PROOF_OF_LIFE);
    }
  };

  return {
    askWebSocket,

    /** A connection brought an entry. */
    arrived(connection: ClientConnection, stream: string, offset: number): void {
      race.arrived(connection.gauge, stream, offset, now());
      if (connection.twin.isOpen) lookLater();
    },

    /** A connection said `hello`. */
    opened(connection: ClientConnection, life: Life): void {
      race.begins(connection.gauge);
      const isStream = connection === sse;
      if (isStream) asked = null;
      else askedWebSocket = null;
      environment.setTimer(() => {
        if (connection.life !== life || !connection.isOpen) return;
        if (isStream) void askStream(false);
        else askWebSocket();
      }, PROBE_AFTER * 1000);
    },

    /** Nothing came of an opening, though its twin is open: something keeps the answer back. */
    silent(connection: ClientConnection): void {
      if (connection === sse && websocket.isOpen) set(sse, "buffered");
    },

    /** The WebSocket answered. */
    pong({ gauge }: ClientConnection): void {
      if (askedWebSocket === null) return;
      gauge.measured(now() - askedWebSocket);
      askedWebSocket = null;
    },

    /** Whether what was said to one connection alone is the answer to our question. */
    isAnswer(connection: ClientConnection, event: JSONObject): boolean {
      if (asked === null || connection !== sse || event.type !== "pong") return false;
      const took = now() - asked;
      sse.gauge.measured(took);
      asked = null;
      if (took < LATE) set(sse, judge(sse));
      return true;
    },

    /** The page woke up, or the network changed: see at once who still lives. */
    wake(): void {
      if (websocket.isOpen) {
        websocket.life?.expect(PROOF_OF_LIFE);
        askedWebSocket = null;
        askWebSocket();
      }
      if (sse.isOpen) void askStream(true);
    },

    stop(): void {
      timer.clear();
      asked = askedWebSocket = null;
    },
  };
}
