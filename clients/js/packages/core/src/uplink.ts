/** The way to the server: over the WebSocket, or by HTTP while there is none. */

import type { ClientConnection } from "./client_connection.js";
import type { Environment } from "./environment.js";
import { MessageTooBigError } from "./errors.js";
import type { JSONObject } from "./json.js";
import type { Server } from "./server.js";
import type { Session } from "./session.js";
import type { ConnectionType } from "./types.js";

/** What {@link createUplink} makes. */
export type Uplink = ReturnType<typeof createUplink>;

/** Sends messages. The mirror of `client/uplink.py`. */
export function createUplink(
  server: Server,
  session: Session,
  { websocket, sse }: { readonly [type in ConnectionType]: ClientConnection },
  { now }: Environment,
) {
  /** Send a message by HTTP; see {@link send}. */
  const post = async (text: string): Promise<JSONObject | null> =>
    server.post("/api/send", text, session.id === null ? {} : { session_id: session.id });

  /**
   * Send a message over the WebSocket, else by HTTP.
   *
   * @returns the answer, if one came with it
   * @throws Refused, Unreached
   */
  const send = async (message: JSONObject): Promise<JSONObject | null> => {
    const text = JSON.stringify(message);
    return websocket.send(text) ? null : post(text);
  };

  return {
    websocket,
    sse,
    post,
    send,

    /** Bytes that a message may have; `null` before the server said so. */
    limit: null as number | null,

    /** Whether some connection brings answers. */
    get open(): boolean {
      return websocket.isOpen || sse.isOpen;
    },

    /** Seconds from a question to its answer, on the slower of the connections. */
    get roundTrip(): number {
      return Math.max(websocket.gauge.roundTrip ?? 0, sse.gauge.roundTrip ?? 0);
    },

    /** @throws MessageTooBigError the server would end the connection for its size */
    check(text: string): void {
      const { limit } = this;
      if (limit !== null && bytes(text) > limit) {
        throw new MessageTooBigError(`a message has at most ${limit} bytes, got ${bytes(text)}`);
      }
    },

    /**
     * Send a pong so that it arrives. A WebSocket that is dead and does not know it would take its
     * twin's pongs into the grave, and the server would end both; so the event stream's go by HTTP,
     * and over the WebSocket only when that fails.
     *
     * @throws Refused, Unreached
     */
    async answerPing(message: JSONObject, connection: ClientConnection): Promise<void> {
      if (connection === websocket) {
        await send(message);
        return;
      }
      const text = JSON.stringify(message);
      const asked = now();
      try {
        await post(text);
        sse.gauge.measured(now() - asked);
      } catch (error) {
        if (!websocket.send(text)) throw error;
      }
    },
  };
}

/** How long a text is on the wire. */
export function bytes(text: string): number {
  return new TextEncoder().encode(text).length;
}
