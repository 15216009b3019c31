/**
 * Which session this client belongs to, and the tickets that open its connections.
 *
 * A player has at most one session. All tabs of a browser share it: they find its id in
 * `localStorage`. A tab that is loaded again goes on with the id that it had, in `sessionStorage`.
 */

import type { Environment } from "./environment.js";
import { ProtocolError } from "./errors.js";
import type { Memory } from "./memory.js";
import { isEmpty } from "./opening.js";
import { Refused, type Server } from "./server.js";
import type { Cursor } from "./types.js";

/** Seconds in which a ticket is used; the server gives it 30. */
const TICKET_LIFE = 20;

interface Issued {
  readonly player: string;
  readonly session: string;
  readonly ticket: string;
}

/** The session of one client. */
export class Session {
  id: string | null;
  player: string | null = null;
  /** Whether the id was found where all tabs keep it, and this tab has not been in it yet. */
  untried = false;
  /** Where this tab stood before its page was loaded again. */
  cursor: Cursor = {};
  #beginning: Promise<void> | null = null;
  #ticket: { readonly session: string; readonly text: string; readonly until: number } | null =
    null;

  /** @param given the application's own choice */
  constructor(
    given: string | undefined,
    private readonly server: Server,
    private readonly memory: Memory,
    private readonly environment: Environment,
  ) {
    this.id = given ?? null;
  }

  /**
   * Know the id and the player. Idempotent.
   *
   * @throws Refused, Unreached
   */
  async begin(): Promise<string> {
    while (this.id === null || this.player === null) {
      this.#beginning ??= this.#begin().finally(() => {
        this.#beginning = null;
      });
      await this.#beginning;
    }
    return this.id;
  }

  /** A ticket for one opening of a WebSocket of a session. */
  async ticket(session: string): Promise<string> {
    const kept = this.#ticket;
    this.#ticket = null;
    if (kept !== null && kept.session === session && kept.until > this.environment.now()) {
      return kept.text;
    }
    const { ticket } = await this.#issue(session);
    this.#ticket = null;
    return ticket;
  }

  /** A new id; nothing is claimed before a connection opens with it. */
  async renew(): Promise<string> {
    const issued = await this.#issue();
    this.player = issued.player;
    this.use(issued.session);
    return issued.session;
  }

  /** Belong to a session from now on. */
  use(id: string): void {
    this.id = id;
    this.untried = false;
    if (this.player !== null) this.memory.keepShared(this.player, id);
  }

  /** This tab is in it: a reload goes on here. */
  keep(cursor: Cursor): void {
    if (this.id === null || this.player === null) return;
    this.memory.keepTab({ player: this.player, session: this.id, cursor });
  }

  /** Another id that a tab of this browser has chosen meanwhile, if there is one. */
  other(): string | null {
    const shared = this.player === null ? null : this.memory.shared(this.player);
    return shared === this.id ? null : shared;
  }

  /** The id that was found is of no use: another one is issued by {@link begin}. */
  abandon(): void {
    if (this.player !== null) this.memory.forgetShared(this.player);
    this.id = null;
    this.untried = false;
  }

  /** It is over for good: whoever connects next begins anew. */
  forget(): void {
    if (this.player !== null && this.other() === null) this.memory.forgetShared(this.player);
    this.memory.forgetTab();
    this.id = null;
    this.player = null;
  }

  async #begin(): Promise<void> {
    if (this.id !== null) {
      this.#known(await this.#issue(this.id));
      return;
    }
    const record = this.memory.tab();
    const issued = await this.#again(record?.session);
    if (record !== null && record.session === issued.session && record.player === issued.player) {
      if (isEmpty(this.cursor)) this.cursor = record.cursor;
      this.#known(issued);
      return;
    }
    this.memory.forgetTab();
    const shared = await this.#share(issued);
    this.untried = shared !== issued.session;
    this.#known({ ...issued, session: shared });
  }

  /** Ask for a ticket of the session that this tab had; for a new session if it is not ours. */
  async #again(session: string | undefined): Promise<Issued> {
    if (session === undefined) return this.#issue();
    try {
      return await this.#issue(session);
    } catch (error) {
      // 4403: it was issued to another player, whose page was in this tab before.
      if (error instanceof Refused && error.ending.code.number === 4403) return this.#issue();
      throw error;
    }
  }

  /** The id that all tabs keep: the one that is there, or the one that was just issued. */
  async #share({ player, session }: Issued): Promise<string> {
    const choose = () => {
      const kept = this.memory.shared(player);
      if (kept !== null) return kept;
      this.memory.keepShared(player, session);
      return session;
    };
    const { locks } = this.environment;
    return locks === null ? choose() : locks.request(this.memory.key(player), choose);
  }

  #known({ player, session }: Issued): void {
    this.player = player;
    this.id = session;
  }

  async #issue(session?: string): Promise<Issued> {
    const body = JSON.stringify(session === undefined ? {} : { session_id: session });
    const answer = (await this.server.post("/api/session", body)) as {
      player_id?: string;
      session_id?: string;
      tickets?: { websocket?: string };
    } | null;
    const { player_id: player, session_id: id, tickets } = answer ?? {};
    if (!player || !id || !tickets?.websocket) {
      throw new ProtocolError("POST /api/session: expected player_id, session_id and tickets");
    }
    const until = this.environment.now() + TICKET_LIFE;
    this.#ticket = { session: id, text: tickets.websocket, until };
    return { player, session: id, ticket: tickets.websocket };
  }
}
