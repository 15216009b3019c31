/** What outlives the page: the session's id for all tabs, and where this tab stands. */

import { parseCursor } from "./cursor.js";
import type { Environment } from "./environment.js";
import { attempt, readObject } from "./json.js";
import type { Cursor } from "./types.js";

/** Where a tab was before its page was loaded again. */
export interface TabRecord {
  readonly player: string;
  readonly session: string;
  readonly cursor: Cursor;
}

/** What {@link createMemory} makes. */
export type Memory = ReturnType<typeof createMemory>;

/** Storage that may be missing, full or forbidden: then a reload is a new client, no more. */
export function createMemory(environment: Environment, base: string, persist: boolean) {
  const { localStorage, sessionStorage, origin } = environment;
  const prefix = `dualwire ${base || origin}`;
  const keep = (store: typeof localStorage, key: string, text: string | null): void => {
    attempt(() => (text === null ? store?.removeItem(key) : store?.setItem(key, text)));
  };
  const [tab, all] = persist ? [sessionStorage, localStorage] : [null, null];

  /** Where the session of a player is kept for all tabs. */
  const key = (player: string): string => `${prefix} ${player}`;

  return {
    key,

    tab(): TabRecord | null {
      const record = readObject(attempt(() => tab?.getItem(prefix)) ?? "") as TabRecord | null;
      return record && { ...record, cursor: attempt(() => parseCursor(record.cursor)) ?? {} };
    },

    keepTab(record: TabRecord | null): void {
      keep(tab, prefix, record && JSON.stringify(record));
    },

    shared(player: string): string | null {
      return attempt(() => all?.getItem(key(player))) ?? null;
    },

    keepShared(player: string, session: string | null): void {
      keep(all, key(player), session);
    },
  };
}
