/** What outlives the page: the session's id for all tabs, and where this tab stands. */

import { parseCursor } from "./cursor.js";
import type { Environment, Store } from "./environment.js";
import { readObject } from "./json.js";
import type { Cursor } from "./types.js";

/** Where a tab was before its page was loaded again. */
export interface TabRecord {
  readonly player: string;
  readonly session: string;
  readonly cursor: Cursor;
}

/** Storage that may be missing, full or forbidden: then a reload is a new client, no more. */
export class Memory {
  readonly #prefix: string;
  readonly #tab: Store | null;
  readonly #shared: Store | null;

  constructor(environment: Environment, base: string, persist: boolean) {
    this.#prefix = `dualwire ${base || environment.origin}`;
    this.#tab = persist ? environment.sessionStorage : null;
    this.#shared = persist ? environment.localStorage : null;
  }

  tab(): TabRecord | null {
    const record = readObject(attempt(() => this.#tab?.getItem(this.#prefix)) ?? "");
    const { player, session, cursor } = record ?? {};
    if (typeof player !== "string" || typeof session !== "string") return null;
    return { player, session, cursor: attempt(() => parseCursor(cursor)) ?? {} };
  }

  keepTab(record: TabRecord): void {
    attempt(() => this.#tab?.setItem(this.#prefix, JSON.stringify(record)));
  }

  forgetTab(): void {
    attempt(() => this.#tab?.removeItem(this.#prefix));
  }

  /** Where the session of a player is kept for all tabs. */
  key(player: string): string {
    return `${this.#prefix} ${player}`;
  }

  shared(player: string): string | null {
    return attempt(() => this.#shared?.getItem(this.key(player))) ?? null;
  }

  keepShared(player: string, session: string): void {
    attempt(() => this.#shared?.setItem(this.key(player), session));
  }

  forgetShared(player: string): void {
    attempt(() => this.#shared?.removeItem(this.key(player)));
  }
}

function attempt<T>(work: () => T): T | null {
  try {
    return work();
  } catch {
    return null;
  }
}
