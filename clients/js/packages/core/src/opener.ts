/** How connections are opened, and which of their ends are final. */

import type { ClientConnection } from "./connection.js";
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

/**
 * Opens transports.
 *
 * @param digest whether events come with their digests
 */
export function createOpener(
  environment: Environment,
  server: Server,
  tokens: Tokens,
  session: Session,
  receiving: Receiving,
  digest: boolean,
) {
  const url = (path: string, query: Record<string, string>, cursor: Cursor): string =>
    server.urlOf(path, {
      ...query,
      ...(!isEmpty(cursor) && { cursor: JSON.stringify(cursor) }),
    });

  return {
    /** See {@link Owner.open}. */
    async open({ type }: ClientConnection, life: Life, listener: TransportListener): Promise<void> {
      // Loaded by those alone who ask for it.
      if (digest) receiving.fits ??= (await import("./digest.js")).fits;
      const id = await session.begin();
      const { player } = session;
      if (player !== null) receiving.resume(player, session.cursor);
      const token = await server.token();
      const isStream = type === "sse";
      const ticket = !isStream && token !== null ? await session.ticket(id) : "";
      if (life.over) return;
      life.proof = {
        session: id,
        token,
        by: token === null ? "cookie" : ticket ? "ticket" : "token",
      };
      const query = { session_id: id, ...(digest && { digest: "sha256" }) };
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
      if (proof !== null && proof.session !== session.id) return true;
      if (code.number === 4401 || code.number === 4004) {
        // Before a proof was sent, the server has already refused a fresh token.
        if (proof === null) return false;
        // A ticket may have been too old; whoever asks for the next one must prove it all again.
        if (proof.by === "ticket" && openedAt === null) return true;
        return tokens.refused(proof.token);
      }
      if (code.number !== 4409) return code.reconnect;
      const other = session.other();
      if (other !== null) {
        session.use(other);
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
