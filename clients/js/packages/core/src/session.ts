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
export interface Session {
  readonly id: string | null;
  readonly player: string | null;
  /** Whether the id was found where all tabs keep it, and this tab has not been in it yet. */
  untried: boolean;
  /** Where this tab stood before its page was loaded again. */
  readonly cursor: Cursor;
  /**
   * Know the id and the player. Idempotent.
   *
   * @throws Refused, Unreached
   */
  begin(): Promise<string>;
  /** A ticket for one opening of a WebSocket of a session. */
  ticket(session: string): Promise<string>;
  /** A new id; nothing is claimed before a connection opens with it. */
  renew(): Promise<string>;
  /** Belong to a session from now on. */
  use(id: string): void;
  /** This tab is in it: a reload goes on here. */
  keep(cursor: Cursor): void;
  /** Go where another tab of this browser has gone meanwhile; whether one has. */
  follow(): boolean;
  /** The id that was found is of no use: another one is issued by {@link begin}. */
  abandon(): void;
  /** It is over for good: whoever connects next begins anew. */
  forget(): void;
}

/** @param given the application's own choice of a session and of where to go on */
export function createSession(
  given: { readonly sessionId?: string; readonly cursor?: Cursor },
  server: Server,
  memory: Memory,
  { locks, now }: Environment,
): Session {
  let id = given.sessionId ?? null;
  let player: string | null = null;
  let cursor = given.cursor ?? {};
  let beginning: Promise<void> | null = null;
  let kept: { readonly session: string; readonly text: string; readonly until: number } | null =
    null;

  const issue = async (session?: string): Promise<Issued> => {
    const answer = (await server.post("/api/session", JSON.stringify({ session_id: session }))) as {
      player_id?: string;
      session_id?: string;
      tickets?: { websocket?: string };
    } | null;
    const { player_id: player, session_id: id, tickets } = answer ?? {};
    const ticket = tickets?.websocket;
    if (!player || !id || !ticket) {
      throw new ProtocolError("POST /api/session: expected player_id, session_id and tickets");
    }
    kept = { session: id, text: ticket, until: now() + TICKET_LIFE };
    return { player, session: id, ticket };
  };

  /** Ask for a ticket of the session that this tab had; for a new session if it is not ours. */
  const issueAgain = (session: string | undefined): Promise<Issued> =>
    issue(session).catch((error: unknown) => {
      // 4403: it was issued to another player, whose page was in this tab before.
      if (session && error instanceof Refused && error.ending.code.number === 4403) return issue();
      throw error;
    });

  /** The id that all tabs keep: the one that is there, or the one that was just issued. */
  const share = async ({ player, session }: Issued): Promise<string> => {
    const choose = () => {
      const there = memory.shared(player);
      if (there === null) memory.keepShared(player, session);
      return there ?? session;
    };
    return locks === null ? choose() : locks.request(memory.key(player), choose);
  };

  const know = async (): Promise<void> => {
    if (id !== null) {
      ({ player, session: id } = await issue(id));
      return;
    }
    const record = memory.tab();
    const issued = await issueAgain(record?.session);
    if (record !== null && record.session === issued.session && record.player === issued.player) {
      if (isEmpty(cursor)) cursor = record.cursor;
      ({ player, session: id } = issued);
      return;
    }
    memory.keepTab(null);
    const shared = await share(issued);
    session.untried = shared !== issued.session;
    ({ player } = issued);
    id = shared;
  };

  /** What all tabs keep from now on. */
  const keepShared = (session: string | null): void => {
    if (player !== null) memory.keepShared(player, session);
  };

  /** The id that another tab has chosen meanwhile, if one has. */
  const other = (): string | null => {
    const shared = player && memory.shared(player);
    return shared === id ? null : shared;
  };

  const session: Session = {
    untried: false,

    get id() {
      return id;
    },

    get player() {
      return player;
    },

    get cursor() {
      return cursor;
    },

    async begin() {
      while (id === null || player === null) {
        beginning ??= know().finally(() => {
          beginning = null;
        });
        await beginning;
      }
      return id;
    },

    async ticket(session) {
      const last = kept;
      kept = null;
      if (last !== null && last.session === session && last.until > now()) return last.text;
      const { ticket } = await issue(session);
      kept = null;
      return ticket;
    },

    async renew() {
      const issued = await issue();
      player = issued.player;
      session.use(issued.session);
      return issued.session;
    },

    use(chosen) {
      id = chosen;
      session.untried = false;
      keepShared(id);
    },

    keep(cursor) {
      if (id !== null && player !== null) memory.keepTab({ player, session: id, cursor });
    },

    follow() {
      const there = other();
      if (there !== null) session.use(there);
      return there !== null;
    },

    abandon() {
      keepShared(null);
      id = null;
      session.untried = false;
    },

    forget() {
      if (other() === null) keepShared(null);
      memory.keepTab(null);
      id = player = null;
    },
  };
  return session;
}
