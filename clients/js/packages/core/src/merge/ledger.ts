/**
 * What a receiver knows: the streams that are due, the connections, and what is missing.
 * The mirror of `core/merge/ledger.py`.
 */

import { type Account, type Carrier, type Place, type Track, track } from "./accounts.js";
import type { MergeItem, Moved } from "./items.js";

/** Rooms that were left and are remembered, because events beyond the leaving were handed on. */
const KEPT_ROOMS = 256;

/** Streams and connections, compared. */
export class Ledger {
  /** The player's stream; empty before the first `hello`. */
  player = "";
  readonly tracks = new Map<string, Track>();
  readonly connections = new Map<string, Carrier>();
  /** By stream in which something is missing: when the wait is over, in seconds. */
  readonly waits = new Map<string, number>();
  /** Connections that stood still and perhaps need no longer. */
  readonly released: Carrier[] = [];
  /** What the application gets next. */
  items: MergeItem[] = [];
  gaps = 0;
  readonly #left = new Map<string, Track>();

  /** @param wait seconds that something missing is waited for while another may bring it */
  constructor(private readonly wait: number) {}

  /** The track of the player's own stream, after the first `hello`. */
  get own(): Track {
    return this.tracks.get(this.player) as Track;
  }

  // Announcements

  /** One stream, as a connection announces it. */
  compare(connection: Carrier, stream: string, announced: Account, now: number): void {
    const known = this.tracks.get(stream);
    if (known === undefined) return;
    const isNewer = announced.epoch > known.epoch;
    if (isNewer) this.renew(stream, known, announced);
    if (isNewer || this.isPast(connection, stream, known)) this.judge(stream, now);
  }

  /** A stream's log began anew; what the old one still held is lost. */
  renew(stream: string, known: Track, begin: Account | Track): void {
    this.#tell(stream, null, null, "epoch");
    known.epoch = begin.epoch;
    known.next = known.begin = begin.next;
    if (stream === this.player) for (const each of this.tracks.values()) each.since = 0;
  }

  // Streams that are due

  /** Take the rooms from a connection that begins exactly where the player's stream stands. */
  adopt(connection: Carrier, since: number, now: number): void {
    for (const stream of [...this.tracks.keys()]) {
      if (connection.accounts.has(stream)) continue;
      this.close(stream, null, now);
      if (isRoom(stream)) this.move("left", stream, connection.id);
    }
    for (const [stream, announced] of connection.accounts) {
      if (this.tracks.has(stream)) continue;
      const isOne = isRoom(stream);
      this.open(stream, track(announced.epoch, announced.next, isOne ? since : 0));
      if (isOne) this.move("entered", stream, connection.id);
    }
  }

  /** A room is due from a place on, as an accepted entry or an announcement says. */
  open(stream: string, begin: Track): void {
    // Events beyond a moment of leaving may have been handed on; they are not due again.
    const due = this.tracks.get(stream);
    let known = due ?? this.#left.get(stream);
    if (due === undefined) this.#left.delete(stream);
    if (known === undefined || (begin.epoch > known.epoch && due === undefined)) {
      known = track(begin.epoch, begin.next);
    } else if (begin.epoch > known.epoch) {
      this.renew(stream, known, begin);
    } else if (begin.epoch < known.epoch) {
      // What the older epoch held after this place is gone.
      this.#tell(stream, null, null, "epoch");
    } else {
      if (begin.next < known.begin) {
        // It was announced from further on than it is due: what lies between is trimmed.
        this.#tell(stream, begin.next, known.begin - 1, "trimmed");
      }
      known.next = Math.max(known.next, begin.next);
      known.begin = begin.next;
    }
    known.since = begin.since;
    this.tracks.set(stream, known);
  }

  /** A stream is no longer due; `until`, if known, is the place up to which it was. */
  close(stream: string, until: Place | null, now: number): void {
    const known = this.tracks.get(stream);
    if (known === undefined) return;
    this.tracks.delete(stream);
    // An epoch never goes back; an offset does not where something was handed on.
    const newer = until !== null && known.epoch > until[0];
    const beyond = until === null || known.next > until[1];
    if (newer || (beyond && known.next > known.begin)) {
      this.#left.delete(stream);
      this.#left.set(stream, known);
      if (this.#left.size > KEPT_ROOMS) {
        this.#left.delete(this.#left.keys().next().value as string);
      }
    }
    this.judge(stream, now);
  }

  // What is missing

  /** Whether a connection has written the entry that let the player into the room. */
  isCurrent(connection: Carrier, known: Track): boolean {
    const announced = connection.accounts.get(this.player) as Account;
    return announced.epoch === this.own.epoch && announced.next > known.since;
  }

  /** Whether a connection has passed over what is wanted next, and will not give it. */
  isPast(connection: Carrier, stream: string, known: Track): boolean {
    const announced = connection.accounts.get(stream);
    if (announced === undefined || announced.epoch !== known.epoch) return false;
    if (announced.next <= known.next) return false;
    if (stream === this.player) return true;
    return !connection.ahead.has(this.player) && this.isCurrent(connection, known);
  }

  /**
   * Decide about what is missing in a stream: wait for it, or tell that it is lost.
   *
   * @param over whether the time, or the room to hold frames, is used up
   */
  judge(stream: string, now: number, over = false): void {
    for (let spent = over; ; spent = false) {
      const past = this.#sort(stream);
      if (past.length === 0) {
        this.waits.delete(stream);
        return;
      }
      if (past.length < this.connections.size && !spent) {
        if (!this.waits.has(stream)) this.waits.set(stream, now + this.wait);
        return;
      }
      const first = past
        .map((each) => each.accounts.get(stream) as Account)
        .reduce((least, each) => (each.next < least.next ? each : least));
      this.tellGap(stream, this.tracks.get(stream) as Track, first.next, first.reason);
      this.waits.delete(stream);
      if (stream === this.player) this.#takeRooms(now);
    }
  }

  /** Give up what is wanted of a stream, up to an offset. */
  tellGap(stream: string, known: Track, upcoming: number, reason: string): void {
    this.#tell(stream, known.next, upcoming - 1, reason);
    known.next = upcoming;
  }

  /**
   * Behind a gap in the player's stream, the rooms are those of who begins there. At once: the next
   * entry that anybody brings may already be a coming or a going.
   */
  #takeRooms(now: number): void {
    for (const each of this.connections.values()) {
      if (this.isToldHere(each)) {
        this.adopt(each, this.own.next - 1, now);
        return;
      }
    }
  }

  /** Whether a connection announced its streams exactly where the player's stream stands. */
  isToldHere(connection: Carrier): boolean {
    const { told } = connection;
    return told !== null && told[0] === this.own.epoch && told[1] === this.own.next;
  }

  /** The player is in a room from here on, or no longer. */
  move(type: Moved["type"], room: string, connection: string, offset: number | null = null): void {
    this.items.push({ type, room, offset, connection });
  }

  /** Find who stands still for a stream's sake; whoever need no longer, is released. */
  #sort(stream: string): Carrier[] {
    const known = this.tracks.get(stream);
    const past: Carrier[] = [];
    for (const each of this.connections.values()) {
      if (known !== undefined && this.isPast(each, stream, known)) {
        past.push(each);
        each.ahead.add(stream);
      } else {
        each.ahead.delete(stream);
        if (each.held.length > 0 || each.told !== null) this.released.push(each);
      }
    }
    return past;
  }

  #tell(stream: string, first: number | null, last: number | null, reason: string): void {
    this.gaps += 1;
    this.items.push({ type: "gap", stream, first, last, reason });
  }
}

function isRoom(stream: string): boolean {
  return stream.startsWith("room:");
}
