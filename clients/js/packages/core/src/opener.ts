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
import { openWebSocket } from "./websocket.js";

/** Opens transports. */
export class Opener {
  constructor(
    private readonly environment: Environment,
    private readonly server: Server,
    private readonly tokens: Tokens,
    private readonly session: Session,
    private readonly receiving: Receiving,
    private readonly digest: boolean,
  ) {}

  /** See {@link Owner.open}. */
  async open({ type }: ClientConnection, life: Life, listener: TransportListener): Promise<void> {
    // Loaded by those alone who ask for it.
    if (this.digest) this.receiving.fits ??= (await import("./digest.js")).fits;
    const session = await this.session.begin();
    const { player, cursor } = this.session;
    if (player !== null) this.receiving.resume(player, cursor);
    const token = await this.server.token();
    const query = { session_id: session, ...(this.digest && { digest: "sha256" }) };
    const ticket = type === "websocket" && token !== null ? await this.session.ticket(session) : "";
    if (life.over) return;
    const by = token === null ? "cookie" : ticket ? "ticket" : "token";
    life.proof = { session, token, by };
    life.transport =
      type === "websocket"
        ? this.#websocket({ ...query, ...(ticket && { ticket }) }, listener)
        : this.#eventStream({ ...query, protocol: "dualwire.v1" }, token, listener);
  }

  #websocket(query: Record<string, string>, listener: TransportListener) {
    const cursor = fitting(this.receiving.cursor());
    const url = this.server.url("/api/ws", {
      ...query,
      ...(!isEmpty(cursor) && { cursor: JSON.stringify(cursor) }),
    });
    return openWebSocket(this.environment, url.replace(/^http/, "ws"), listener);
  }

  #eventStream(query: Record<string, string>, token: string | null, listener: TransportListener) {
    const cursor = this.receiving.cursor();
    const inURL = fitsURL(cursor) && !isEmpty(cursor);
    const url = this.server.url("/api/events", {
      ...query,
      ...(inURL && { cursor: JSON.stringify(cursor) }),
    });
    const init: RequestInit = { ...this.server.proof(token), method: "GET" };
    const post = { method: "POST", body: JSON.stringify({ cursor }) };
    return openEventStream(
      this.environment,
      url,
      inURL || isEmpty(cursor) ? init : { ...init, ...post },
      listener,
    );
  }

  /**
   * Whether there may be another life after an end.
   *
   * @param moved called when the client belongs to another session from now on
   */
  mayReturn({ proof, openedAt }: Life, { code }: Ending, moved: () => void): boolean {
    const { session } = this;
    if (proof !== null && proof.session !== session.id) return true;
    if (code.number === 4401 || code.number === 4004) {
      // Before a proof was sent, the server has already refused a fresh token.
      if (proof === null) return false;
      // A ticket may have been too old; whoever asks for the next one must prove it all again.
      if (proof.by === "ticket" && openedAt === null) return true;
      return this.tokens.refused(proof.token);
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
  }
}
