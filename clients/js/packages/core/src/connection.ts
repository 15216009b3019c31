/**
 * One of a client's two connections: it opens, carries, ends, and opens again by itself.
 * The mirror of `client/connection.py`.
 */

import { delay, moveDelay } from "./backoff.js";
import { broken, type Ending, farewell } from "./ended.js";
import type { Environment } from "./environment.js";
import { messageOf, ProtocolError } from "./errors.js";
import { type JSONObject, readObject } from "./json.js";
import { Life } from "./life.js";
import { Gauge } from "./quality.js";
import { Refused } from "./server.js";
import { createTimer, type OneTimer } from "./timer.js";
import type { TransportListener } from "./transport.js";
import type { ConnectionInfo, ConnectionState, ConnectionType, Degraded, Fault } from "./types.js";

/**
 * Seconds that a connection must have lived for its end to be no failure in a row: otherwise one
 * that opens and breaks at once would be tried without pause.
 */
const SETTLED = 5;

/** What becomes of what a connection brings. */
export interface Owner {
  /** Open a transport for a life, unless the life is over by then; fills in its proof. */
  open(connection: ClientConnection, life: Life, listener: TransportListener): Promise<void>;
  /** The server said `hello`. */
  greeted(connection: ClientConnection, life: Life, hello: JSONObject): void;
  /**
   * A frame came.
   *
   * @throws ProtocolError it is not as the protocol has it
   */
  take(connection: ClientConnection, life: Life, frame: JSONObject, text: string): void;
  /** A life ended after its `hello`. */
  left(connection: ClientConnection, life: Life): void;
  /** Whether there may be another life after this end. */
  mayReturn(connection: ClientConnection, life: Life, ending: Ending): boolean;
  /** There may not. */
  over(connection: ClientConnection, ending: Ending): void;
  /** Its state, health or fault is another one now. */
  changed(connection: ClientConnection): void;
}

/** A connection of one type, kept open until told otherwise. */
export class ClientConnection {
  /** The other connection; set by the client. */
  twin!: ClientConnection;
  state: ConnectionState = "closed";
  since: number;
  id: string | null = null;
  error: string | null = null;
  degraded: Degraded | null = null;
  fault: Fault | null = null;
  retryAt: number | null = null;
  gauge = new Gauge();
  life: Life | null = null;
  /** What is to take the place of `life`, on another node. */
  #replacement: Life | null = null;
  #moveFailures = 0;
  #wanted = false;
  readonly #timer: OneTimer;
  /** Before this moment the server wants no try. */
  #notBefore = 0;

  constructor(
    readonly type: ConnectionType,
    private readonly environment: Environment,
    private readonly owner: Owner,
  ) {
    this.since = environment.wall();
    this.#timer = createTimer(environment);
  }

  get isOpen(): boolean {
    return this.state === "open";
  }

  /** Open, and stay open. Idempotent. */
  start(): void {
    if (this.#wanted) return;
    this.#wanted = true;
    this.gauge.failures = 0;
    this.#notBefore = 0;
    this.#open();
  }

  /** End, and stay closed. Idempotent. */
  stop(state: "closed" | "standby" = "closed"): void {
    this.#wanted = false;
    this.#unschedule();
    for (const life of [this.#replacement, this.life]) {
      if (life !== null) this.#release(life);
    }
    this.life = this.#replacement = null;
    this.#enter(state);
  }

  /** End the current life; another begins as after any loss. */
  drop(message = "Cut on this side."): void {
    if (this.life !== null) this.#end(this.life, broken(message));
  }

  /** End the current life and begin another at once. */
  reopen(): void {
    if (!this.#wanted) return;
    this.stop();
    this.start();
  }

  /** Try at once if the next try waits for its time. */
  hurry(): void {
    if (this.#timer.waits && this.environment.now() >= this.#notBefore) this.#open();
  }

  /** Send a message; whether the connection was open to take it. */
  send(text: string): boolean {
    if (!this.isOpen) return false;
    if (this.fault === "swallow") return true;
    return this.life?.transport?.send(text) ?? false;
  }

  /** Open another one, and end this one as soon as the other is open. Idempotent. */
  replace(): void {
    if (this.isOpen && this.#replacement === null) this.#replacement = this.#begin();
  }

  spoil(fault: Fault | null): void {
    const before = this.fault;
    this.fault = fault;
    if (fault === "cut") this.drop();
    else if (before === "cut" && this.#wanted) this.#open();
    else if (before === "swallow" && fault === null) this.drop("Its frames were swallowed.");
    this.owner.changed(this);
  }

  info(): ConnectionInfo {
    const { type, id, state, since, degraded, retryAt, error, fault } = this;
    const health =
      state === "open"
        ? degraded === null
          ? "healthy"
          : "degraded"
        : this.#wanted && this.error !== null
          ? "unhealthy"
          : "unknown";
    const quality = this.gauge.read();
    return { type, id, state, since, health, degraded, retryAt, error, fault, quality };
  }

  #open(): void {
    this.#unschedule();
    if (this.fault === "cut") return;
    this.#enter("connecting");
    this.life = this.#begin();
  }

  #begin(): Life {
    const life: Life = new Life(this.environment, () =>
      this.#end(life, broken("No sign of life from the server.")),
    );
    const listener: TransportListener = {
      text: (text) => this.#text(life, text),
      ended: (ending) => this.#end(life, ending),
    };
    this.owner
      .open(this, life, listener)
      .catch((error: unknown) =>
        this.#end(life, error instanceof Refused ? error.ending : broken(messageOf(error))),
      );
    return life;
  }

  #text(life: Life, text: string): void {
    if (life.over || this.fault === "swallow") return;
    try {
      const frame = readObject(text);
      if (frame === null) throw new ProtocolError("expected a JSON object");
      life.seen();
      this.gauge.lastSeen = this.environment.wall();
      if (frame.type === "bye") this.#end(life, farewell(frame));
      else if (life.id === null) this.#greeted(life, frame);
      else this.owner.take(this, life, frame, text);
    } catch (error) {
      this.#end(life, broken(messageOf(error)));
    }
  }

  #greeted(life: Life, hello: JSONObject): void {
    const { type, connection, ping_interval: interval } = hello;
    if (type !== "hello" || typeof connection !== "string") {
      throw new ProtocolError(
        "expected hello as the first frame: this server does not speak dualwire.v1",
      );
    }
    life.id = connection;
    life.openedAt = this.environment.now();
    if (typeof interval === "number") life.pingInterval = interval;
    this.owner.greeted(this, life, hello);
    if (life === this.#replacement) {
      const old = this.life;
      this.life = life;
      this.#replacement = null;
      this.#moveFailures = 0;
      this.gauge.moves += 1;
      if (old !== null) this.#release(old);
    }
    this.id = connection;
    this.error = null;
    this.gauge.opened += 1;
    this.#enter("open");
  }

  #release(life: Life): void {
    if (life.over) return;
    life.end();
    if (life.id !== null) this.owner.left(this, life);
  }

  #end(life: Life, ending: Ending): void {
    if (life.over) return;
    this.#release(life);
    if (life === this.#replacement) {
      this.#replacement = null;
      if (this.owner.mayReturn(this, life, ending)) this.#replaceLater(ending.retryAfter);
      else this.#finish(ending);
      return;
    }
    const now = this.environment.now();
    if (life.openedAt !== null && now - life.openedAt >= SETTLED) this.gauge.failures = 0;
    this.error = ending.message;
    this.life = this.#replacement;
    this.#replacement = null;
    if (!this.owner.mayReturn(this, life, ending)) {
      this.#finish(ending);
    } else if (this.life !== null) {
      this.#enter("connecting");
    } else if (this.#wanted) {
      this.#schedule(ending.retryAfter);
      this.#enter("closed");
    }
  }

  #finish(ending: Ending): void {
    this.stop();
    this.owner.over(this, ending);
  }

  /** The old one lives, and there is time for another try: the first at once. */
  #replaceLater(retryAfter: number | null): void {
    const { environment, life } = this;
    const wait = moveDelay(environment.random(), this.#moveFailures, retryAfter);
    this.#moveFailures += 1;
    environment.setTimer(() => this.life === life && this.replace(), wait * 1000);
  }

  #schedule(retryAfter: number | null): void {
    const { environment, gauge } = this;
    this.#unschedule();
    const wait = delay(environment.random(), gauge.failures, this.twin.isOpen, retryAfter);
    gauge.failures += 1;
    this.#notBefore = environment.now() + (retryAfter ?? 0);
    if (this.fault === "cut") return;
    this.retryAt = environment.wall() + wait * 1000;
    this.#timer.start(wait, () => this.#open());
  }

  #unschedule(): void {
    this.#timer.clear();
    this.retryAt = null;
  }

  #enter(state: ConnectionState): void {
    if (state === this.state) return;
    this.state = state;
    this.since = this.environment.wall();
    this.owner.changed(this);
  }
}
