/** The way to the server: over the WebSocket, or by HTTP while there is none. */

import type { ClientConnection } from "./connection.js";
import type { Environment } from "./environment.js";
import { MessageTooBigError } from "./errors.js";
import type { JSONObject } from "./json.js";
import type { Server } from "./server.js";
import type { Session } from "./session.js";

/** Sends messages. The mirror of `client/uplink.py`. */
export class Uplink {
  /** Bytes that a message may have; `null` before the server said so. */
  limit: number | null = null;

  constructor(
    private readonly server: Server,
    private readonly session: Session,
    readonly websocket: ClientConnection,
    readonly sse: ClientConnection,
    private readonly environment: Environment,
  ) {}

  /** Whether some connection brings answers. */
  get open(): boolean {
    return this.websocket.isOpen || this.sse.isOpen;
  }

  /** Seconds from a question to its answer, on the slower of the connections. */
  get roundTrip(): number {
    return Math.max(this.websocket.gauge.roundTrip ?? 0, this.sse.gauge.roundTrip ?? 0);
  }

  /** @throws MessageTooBigError the server would end the connection for its size */
  check(text: string): void {
    const size = this.limit === null ? 0 : new TextEncoder().encode(text).length;
    if (this.limit !== null && size > this.limit) {
      throw new MessageTooBigError(`a message has at most ${this.limit} bytes, got ${size}`);
    }
  }

  /**
   * Send a message over the WebSocket, else by HTTP.
   *
   * @returns the answer, if one came with it
   * @throws Refused, Unreached
   */
  async send(message: JSONObject): Promise<JSONObject | null> {
    const text = JSON.stringify(message);
    return this.websocket.send(text) ? null : this.post(text);
  }

  /**
   * Send a pong so that it arrives. A WebSocket that is dead and does not know it would take its
   * twin's pongs into the grave, and the server would end both; so the event stream's go by HTTP,
   * and over the WebSocket only when that fails.
   *
   * @throws Refused, Unreached
   */
  async answerPing(message: JSONObject, connection: ClientConnection): Promise<void> {
    const text = JSON.stringify(message);
    if (connection === this.websocket) {
      if (!this.websocket.send(text)) await this.post(text);
      return;
    }
    const asked = this.environment.now();
    try {
      await this.post(text);
      this.sse.gauge.measured(this.environment.now() - asked);
    } catch (error) {
      if (!this.websocket.send(text)) throw error;
    }
  }

  /** Send a message by HTTP; see {@link send}. */
  async post(text: string): Promise<JSONObject | null> {
    const { id } = this.session;
    return this.server.post("/api/send", text, id === null ? {} : { session_id: id });
  }
}
