/** How connections are opened, and which of their ends are final. */

import type { ClientConnection } from "./client_connection.js";
import { isUnproved } from "./codes.js";
import type { Ending } from "./ended.js";
import type { Environment } from "./environment.js";
import type { Life } from "./life.js";
import { fitsURL, fitting, isEmpty } from "./opening.js";
import type { Receiving } from "./receiving.js";
import type { Server } from "./server.js";
import type { Session } from "./session.js";
import { openEventStream } from "./sse.js";
import type { Tokens } from "./tokens.js";
import type { TransportListener } from "./transport.js";
import type { Cursor } from "./types.js";
import { openWebSocket } from "./websocket.js";

/** Seconds for which a client that has nothing yet waits with its event stream for a `hello`. */
const HEAD_START = 0.5;

/** Opens transports. */
export function createOpener(
  environment: Environment,
  server: Server,
  tokens: Tokens,
  session: Session,
  receiving: Receiving,
) {
  let heard = (): void => {};
  const hello = new Promise<void>((resolve) => {
    heard = resolve;
  });

  const url = (path: string, query: Record<string, string>, cursor: Cursor): string =>
    server.urlOf(path, {
      ...query,
      ...(!isEmpty(cursor) && { cursor: JSON.stringify(cursor) }),
    });

  return {
    /** A connection said `hello`. */
    heard,

    /** See {@link Owner.open}. */
    async open({ type }: ClientConnection, life: Life, listener: TransportListener): Promise<void> {
      const id = await session.begin();
      const { player } = session;
      if (player !== null) receiving.resume(player, session.cursor);
      const token = await server.token();
      const isStream = type === "sse";
      if (isStream && isEmpty(receiving.cursor())) {
        // Where the WebSocket begins, the event stream shall begin too. One without a cursor begins
        // at the end, and what came between would hang on the WebSocket alone.
        environment.setTimer(heard, HEAD_START * 1000);
        await hello;
      }
      const ticket = !isStream && token !== null ? await session.ticket(id) : "";
      if (life.over) return;
      life.proof = { session: id, token, byTicket: ticket !== "" };
      const query = { session_id: id };
      const cursor = receiving.cursor();
      if (!isStream) {
        const address = url("/api/ws", { ...query, ...(ticket && { ticket }) }, fitting(cursor));
        life.transport = openWebSocket(environment, address.replace(/^http/, "ws"), listener);
        return;
      }
      const inURL = fitsURL(cursor);
      life.transport = openEventStream(
        environment,
        url("/api/events", { ...query, protocol: "dualwire.v1" }, inURL ? cursor : {}),
        {
          ...server.proof(token),
          ...(inURL ? { method: "GET" } : { method: "POST", body: JSON.stringify({ cursor }) }),
        },
        listener,
      );
    },

    /**
     * Whether there may be another life after an end.
     *
     * @param moved called when the client belongs to another session from now on
     */
    mayReturn({ proof, openedAt }: Life, { code }: Ending, moved: () => void): boolean {
      heard();
      if (proof !== null && proof.session !== session.id) return true;
      if (isUnproved(code)) {
        // Before a proof was sent, the server has already refused a fresh token.
        if (proof === null) return false;
        // A ticket may have been too old; whoever asks for the next one must prove it all again.
        if (proof.byTicket && openedAt === null) return true;
        return tokens.refused(proof.token);
      }
      if (code.number !== 4409) return code.reconnect;
      if (session.follow()) {
        queueMicrotask(moved);
        return true;
      }
      if (!session.untried) return false;
      // It was found in this browser from an earlier visit: this visit is a newer client.
      session.abandon();
      return true;
    },
  };
}
