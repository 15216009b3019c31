/**
 * Whether connections are as good as they should be: what each owes of what its twin has brought,
 * and whether a question comes back at once. A connection that is worse is reported, not closed.
 */

import type { ClientConnection } from "./connection.js";
import type { Environment, Timer } from "./environment.js";
import type { JSONObject } from "./json.js";
import type { Life } from "./life.js";
import { Race } from "./quality.js";
import { Refused } from "./server.js";
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

const PING = { type: "ping" };

/** Asks and compares. */
export class Monitor {
  uplink!: Uplink;
  readonly #race = new Race();
  /** When the question was asked that the event stream has not answered. */
  #asked: number | null = null;
  /** Whether the server said that it has answered. */
  #answered = false;
  #askedWebSocket: number | null = null;
  #timer: Timer | null = null;

  /** @param changed called when a connection's `degraded` is another one */
  constructor(
    private readonly environment: Environment,
    private readonly changed: (connection: ClientConnection) => void,
  ) {}

  /** A connection brought an entry. */
  arrived(connection: ClientConnection, stream: string, offset: number): void {
    this.#race.arrived(connection.gauge, stream, offset, this.environment.now());
    if (connection.twin.isOpen) this.#lookLater();
  }

  /** A connection said `hello`. */
  opened(connection: ClientConnection, life: Life): void {
    this.#race.begins(connection.gauge);
    const isStream = connection.type === "sse";
    if (isStream) this.#asked = null;
    else this.#askedWebSocket = null;
    this.environment.setTimer(() => {
      if (connection.life !== life || !connection.isOpen) return;
      if (isStream) void this.#ask();
      else this.askWebSocket();
    }, PROBE_AFTER * 1000);
  }

  /** Nothing came of an opening, though its twin is open: something keeps the answer back. */
  silent(connection: ClientConnection): void {
    if (connection.type === "sse" && connection.twin.isOpen) this.#set(connection, "buffered");
  }

  /** Ask the WebSocket for an answer, which measures its round trip. */
  askWebSocket(): void {
    if (this.uplink.websocket.send(JSON.stringify(PING))) {
      this.#askedWebSocket ??= this.environment.now();
    }
  }

  /** The WebSocket answered. */
  pong(connection: ClientConnection): void {
    if (this.#askedWebSocket === null) return;
    connection.gauge.measured(this.environment.now() - this.#askedWebSocket);
    this.#askedWebSocket = null;
  }

  /** Whether what was said to one connection alone is the answer to our question. */
  isAnswer(connection: ClientConnection, event: JSONObject): boolean {
    if (this.#asked === null || connection.type !== "sse" || event.type !== "pong") return false;
    const took = this.environment.now() - this.#asked;
    connection.gauge.measured(took);
    this.#asked = null;
    if (took < LATE) this.#set(connection, this.#judge(connection));
    return true;
  }

  /** The page woke up, or the network changed: see at once who still lives. */
  wake(): void {
    const { websocket, sse } = this.uplink;
    if (websocket.isOpen) {
      websocket.life?.expect(PROOF_OF_LIFE);
      this.#askedWebSocket = null;
      this.askWebSocket();
    }
    if (sse.isOpen) void this.#ask(true);
  }

  stop(): void {
    this.environment.clearTimer(this.#timer);
    this.#timer = null;
    this.#asked = this.#askedWebSocket = null;
  }

  /** Have the server say something on the event stream. */
  async #ask(urgent = false): Promise<void> {
    const { sse } = this.uplink;
    const { life } = sse;
    if (life === null) return;
    this.#asked = this.environment.now();
    this.#answered = false;
    try {
      await this.uplink.post(JSON.stringify({ ...PING, connection: life.id }));
      this.#answered = true;
      if (urgent) life.expect(PROOF_OF_LIFE);
      this.#lookLater();
    } catch (error) {
      this.#asked = null;
      if (!urgent || sse.life !== life) return;
      // Its node does not know it any more, or it is on another node: a new one is cheap.
      if (error instanceof Refused) sse.drop(error.message);
      else life.expect(PROOF_OF_LIFE);
    }
  }

  #lookLater(): void {
    this.#timer ??= this.environment.setTimer(() => {
      this.#timer = null;
      const { websocket, sse } = this.uplink;
      const now = this.environment.now();
      let again = this.#asked !== null;
      for (const each of [websocket, sse]) {
        if (!each.isOpen) continue;
        this.#set(each, this.#judge(each));
        again ||= each.degraded !== null || this.#race.behind(each.gauge, now) > 0;
      }
      if (again) this.#lookLater();
    }, LOOK_EVERY * 1000);
  }

  #judge(connection: ClientConnection): Degraded | null {
    const now = this.environment.now();
    const isStream = connection.type === "sse";
    const late = isStream && this.#answered && this.#asked !== null && now - this.#asked >= LATE;
    if (late || (connection.twin.isOpen && this.#race.behind(connection.gauge, now) >= LATE)) {
      return isStream ? "buffered" : "lagging";
    }
    return (connection.gauge.lag ?? 0) > LAGGING ? "lagging" : null;
  }

  #set(connection: ClientConnection, degraded: Degraded | null): void {
    if (connection.degraded === degraded) return;
    connection.degraded = degraded;
    this.changed(connection);
  }
}
