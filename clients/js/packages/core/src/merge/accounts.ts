/**
 * What a receiver keeps: of each stream, and of each connection.
 * The mirror of `core/merge/accounts.py`.
 */

import type { Frame } from "./frames.js";

/** A stream that the player is due. */
export interface Track {
  epoch: string;
  /** The first offset that is still wanted. */
  next: number;
  /** For a room: the offset of the player's stream that let the player in. */
  since: number;
  /** Where it began to be due: everything from here to `next` was handed on, or told missing. */
  begin: number;
}

export function track(epoch: string, next: number, since = 0): Track {
  return { epoch, next, since, begin: next };
}

/** How far one connection has accounted for one stream. */
export interface Account {
  epoch: string;
  /** The first offset that it will still write. */
  next: number;
  /** Why it cannot give what it passed over. */
  reason: string;
}

export function account(epoch: string, next: number, reason = "trimmed"): Account {
  return { epoch, next, reason };
}

/** A place in the player's stream: its epoch, and the first offset behind it. */
export type Place = readonly [epoch: string, next: number];

/** One connection. */
export class Carrier {
  /** By stream; empty before its `hello`. */
  accounts = new Map<string, Account>();
  /** Where in the player's stream its accounts say which rooms the player is in. */
  told: Place | null = null;
  /**
   * Streams in which it has passed over what is still wanted. While there are any, it stands
   * still: its frames are held.
   */
  readonly ahead = new Set<string>();
  /** Frames with the size of their text, in bytes. */
  readonly held: [Frame, number][] = [];
  heldBytes = 0;

  constructor(readonly id: string) {}
}
