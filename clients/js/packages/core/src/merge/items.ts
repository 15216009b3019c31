/** What a receiver hands to the application, in order. The mirror of `core/merge/items.py`. */

import type { JSONObject } from "../json.js";
import type { Gap } from "../types.js";

export type { Gap };

/** An event, once. */
export interface MergedEvent {
  readonly type: "delivered";
  readonly stream: string;
  readonly offset: number;
  readonly event: JSONObject;
  /** The connection that was first. */
  readonly connection: string;
}

/** The player is in a room from here on, or no longer. */
export interface Moved {
  readonly type: "entered" | "left";
  readonly room: string;
  /** Where the player's stream says so; `null` when a connection's beginning says it. */
  readonly offset: number | null;
  readonly connection: string;
}

/** The outcome of a command. May come again for one id: as the answer to a repeated command. */
export interface Replied {
  readonly type: "replied";
  readonly id: string;
  /** `done`, `refused` or `unknown`. */
  readonly outcome: string;
  readonly body: JSONObject | null;
  readonly reason: string | null;
  /** Where it stands in the player's stream; `null` for the answer to a repeated command. */
  readonly offset: number | null;
  readonly connection: string;
}

export type MergeItem = MergedEvent | Moved | Replied | Gap;

/** What a receiver has done so far. */
export interface MergeStatistics {
  /** Entries accepted: events, replies, comings and goings. */
  readonly delivered: number;
  /** Entries that another connection had brought before. */
  readonly duplicates: number;
  /** Frames of an older epoch, of a room that was left, or above what is due. */
  readonly dropped: number;
  readonly gaps: number;
}
