/**
 * The receiver's rules: what is handed on, what is dropped, when something is missing.
 * The mirror of `core/merge/receiver.py`; `spec/protocol.md`, section 5, is the law of both.
 *
 * One idea carries all of them. A connection accounts for every offset, so as long as it has passed
 * over nothing that is still wanted, an offset above `next` cannot matter. When it has (by `lost`,
 * or by where it began), the whole connection *stands still*: its frames are held, in their order,
 * until other connections have filled what is missing, or nobody can, or the wait is over. So no
 * frame is ever taken out of its connection's order, and a room's events never overtake the entry
 * that let the player in.
 */

import { ProtocolError } from "../errors.js";
import type { JSONObject } from "../json.js";
import type { Cursor } from "../types.js";
import { type Account, account, Carrier, type Track, track } from "./accounts.js";
import {
  type Entry,
  type Frame,
  type HelloFrame,
  type LostFrame,
  type ResetFrame,
  readFrame,
  type SkipFrame,
  type SubscribedFrame,
  type UnsubscribedFrame,
} from "./frames.js";
import type { MergeItem, MergeStatistics } from "./items.js";
import { Ledger } from "./ledger.js";

/** How long, and how much, a receiver holds. */
export interface MergeSettings {
  /** Seconds that something missing is waited for while another connection may bring it. */
  readonly wait?: number;
  /** Frames held per connection at the most; one more ends the wait. */
  readonly holdFrames?: number;
  /** The same for their text, in bytes. */
  readonly holdBytes?: number;
}

/** Merges a player's connections. Pure: frames and time come in, items go out. */
export class Merge {
  protected readonly ledger: Ledger;
  readonly #holdFrames: number;
  readonly #holdBytes: number;
  #delivered = 0;
  #duplicates = 0;
  #dropped = 0;

  constructor({ wait = 1, holdFrames = 1000, holdBytes = 256 * 1024 }: MergeSettings = {}) {
    this.ledger = new Ledger(wait);
    this.#holdFrames = holdFrames;
    this.#holdBytes = holdBytes;
  }

  // What happens

  /** A connection is there; its `hello` is to come. */
  connected(connectionId: string): void {
    this.ledger.connections.set(connectionId, new Carrier(connectionId));
  }

  /**
   * Take a frame. One of a connection that has ended is dropped.
   *
   * @param connectionId where it came from
   * @param frame decoded JSON
   * @param now seconds of any one monotonic clock
   * @param size of the frame's text, in bytes; counts against what is held
   * @returns what the application gets now
   * @throws ProtocolError the frame is malformed, or comes where it may not; nothing changed
   */
  receive(connectionId: string, frame: JSONObject, now: number, size = 0): MergeItem[] {
    const read = readFrame(frame);
    const connection = this.ledger.connections.get(connectionId);
    if (read === null || connection === undefined) return [];
    if (read.type === "reply" && read.offset === 0) return [replied(read, connectionId, null)];
    this.#check(connection, read);
    if (connection.ahead.size > 0) this.#hold(connection, read, size, now);
    else this.#take(connection, read, now);
    return this.#settled(now);
  }

  /** A connection has ended: it is forgotten, and waits are judged without it. */
  disconnected(connectionId: string, now: number): MergeItem[] {
    if (this.ledger.connections.delete(connectionId)) {
      for (const stream of [...this.ledger.tracks.keys()]) this.ledger.judge(stream, now);
    }
    return this.#settled(now);
  }

  /** Time has passed: end the waits that are over. */
  tick(now: number): MergeItem[] {
    const { waits } = this.ledger;
    for (const stream of [...waits.keys()]) {
      // What one wait held may be what another waits for.
      this.#settle(now);
      if ((waits.get(stream) ?? now + 1) <= now) this.ledger.judge(stream, now, true);
    }
    return this.#settled(now);
  }

  // What is

  /** When {@link tick} is due, in seconds; `null` while nothing is waited for. */
  get deadline(): number | null {
    const { waits } = this.ledger;
    return waits.size === 0 ? null : Math.min(...waits.values());
  }

  /** What the application has, for the next opening; empty before the first `hello`. */
  cursor(): Cursor {
    const cursor: Record<string, readonly [string, number]> = Object.create(null);
    for (const [stream, { epoch, next }] of this.ledger.tracks) cursor[stream] = [epoch, next];
    return cursor;
  }

  /** A snapshot of the counters. */
  get statistics(): MergeStatistics {
    return {
      delivered: this.#delivered,
      duplicates: this.#duplicates,
      dropped: this.#dropped,
      gaps: this.ledger.gaps,
    };
  }

  // Frames

  /** Refuse what may not come here. */
  #check(connection: Carrier, read: Frame): void {
    const { player } = this.ledger;
    const begun = connection.accounts.size > 0;
    if (read.type === "hello") {
      if (begun) throw new ProtocolError("hello: expected once per connection, got another");
      if (player !== "" && player !== read.stream) {
        throw new ProtocolError(`hello: expected the player of ${player}, got ${read.stream}`);
      }
    } else if (!begun) {
      throw new ProtocolError("expected hello as the first frame");
    } else if (isOwn(read) && read.stream !== player) {
      throw new ProtocolError(`expected an entry of ${player}, got ${read.stream}`);
    }
  }

  #take(connection: Carrier, read: Frame, now: number): void {
    const { items } = this.ledger;
    const { id } = connection;
    switch (read.type) {
      case "event":
        if (this.#accept(connection, read, now)) {
          const { stream, offset, event } = read;
          items.push({ type: "delivered", stream, offset, event, connection: id });
        }
        break;
      case "skip":
        this.#skip(connection, read, now);
        break;
      case "subscribed":
        this.#subscribed(connection, read, now);
        break;
      case "unsubscribed":
        this.#unsubscribed(connection, read, now);
        break;
      case "reply":
        if (this.#accept(connection, read, now)) items.push(replied(read, id, read.offset));
        break;
      case "lost":
        this.#lost(connection, read, now);
        break;
      case "reset":
        this.#reset(connection, read, now);
        break;
      default:
        this.#hello(connection, read, now);
    }
  }

  /** Whether an entry is what its stream is due; `null` when it is held for later. */
  #accept(connection: Carrier, read: Entry, now: number): boolean | null {
    const { stream, offset } = read;
    const announced = connection.accounts.get(stream);
    const known = this.ledger.tracks.get(stream);
    if (announced === undefined || known === undefined || announced.epoch !== known.epoch) {
      return this.#drop(announced, offset + 1);
    }
    if (offset > known.next) return this.#above(connection, read, announced, known, now, offset);
    announced.next = offset + 1;
    if (offset < known.next) {
      this.#duplicates += 1;
      return false;
    }
    known.next = offset + 1;
    this.#delivered += 1;
    if (this.ledger.waits.has(stream)) this.ledger.judge(stream, now);
    return true;
  }

  #skip(connection: Carrier, read: SkipFrame, now: number): void {
    const { stream, offset, last } = read;
    const announced = connection.accounts.get(stream);
    const known = this.ledger.tracks.get(stream);
    if (announced === undefined || known === undefined || announced.epoch !== known.epoch) {
      this.#drop(announced, last + 1);
    } else if (offset > known.next) {
      this.#above(connection, read, announced, known, now, last);
    } else {
      announced.next = last + 1;
      if (last >= known.next) {
        known.next = last + 1;
        if (this.ledger.waits.has(stream)) this.ledger.judge(stream, now);
      }
    }
  }

  #drop(announced: Account | undefined, upcoming: number): false {
    this.#dropped += 1;
    if (announced !== undefined) announced.next = upcoming;
    return false;
  }

  /** An offset above what is due. */
  #above(
    connection: Carrier,
    read: Entry | SkipFrame,
    announced: Account,
    known: Track,
    now: number,
    last: number,
  ): false | null {
    if (!this.ledger.isCurrent(connection, known)) {
      // It has not yet written the entry that let the player in, and comes back afterwards.
      return this.#drop(announced, last + 1);
    }
    // What lies between was never accounted for. Better told as missing than never noticed.
    announced.next = read.offset;
    connection.held.unshift([read, 0]);
    this.ledger.judge(read.stream, now);
    return null;
  }

  #subscribed(connection: Carrier, read: SubscribedFrame, now: number): void {
    const accepted = this.#accept(connection, read, now);
    if (accepted === null) return;
    const { room, epoch, start, offset } = read;
    connection.accounts.set(room, account(epoch, start + 1));
    if (accepted) {
      this.ledger.items.push({ type: "entered", room, offset, connection: connection.id });
      this.ledger.open(room, track(epoch, start + 1, offset));
      this.ledger.judge(room, now);
    }
  }

  #unsubscribed(connection: Carrier, read: UnsubscribedFrame, now: number): void {
    const accepted = this.#accept(connection, read, now);
    if (accepted === null) return;
    const { room, epoch, until, offset } = read;
    connection.accounts.delete(room);
    if (accepted) {
      const known = this.ledger.tracks.get(room);
      if (known !== undefined && known.epoch === epoch && known.next <= until) {
        this.ledger.tellGap(room, known, until + 1, "trimmed");
      }
      this.ledger.close(room, [epoch, until + 1], now);
      this.ledger.items.push({ type: "left", room, offset, connection: connection.id });
    }
  }

  // Announcements

  #hello(connection: Carrier, read: HelloFrame, now: number): void {
    if (this.ledger.player === "") {
      const [epoch, next] = read.streams[read.stream] as readonly [string, number];
      this.ledger.player = read.stream;
      this.ledger.tracks.set(read.stream, track(epoch, next));
    }
    this.#announce(connection, read.streams, now);
  }

  #lost(connection: Carrier, read: LostFrame, now: number): void {
    const announced = connection.accounts.get(read.stream);
    if (announced === undefined || read.last + 1 < announced.next) return;
    announced.next = read.last + 1;
    announced.reason = read.reason;
    if (read.stream === this.ledger.player && read.streams !== null) {
      const here = { [read.stream]: [announced.epoch, read.last + 1] as const };
      this.#announce(connection, { ...read.streams, ...here }, now, read.reason);
    } else {
      this.ledger.compare(connection, read.stream, announced, now);
    }
  }

  #reset(connection: Carrier, read: ResetFrame, now: number): void {
    const announced = account(read.epoch, read.offset + 1);
    connection.accounts.set(read.stream, announced);
    if (read.stream === this.ledger.player && read.streams !== null) {
      const here = { [read.stream]: [read.epoch, read.offset + 1] as const };
      this.#announce(connection, { ...read.streams, ...here }, now);
    } else {
      this.ledger.compare(connection, read.stream, announced, now);
    }
  }

  /** A connection says what it carries, and where it begins. */
  #announce(connection: Carrier, streams: Cursor, now: number, reason = "trimmed"): void {
    const { player } = this.ledger;
    connection.accounts = new Map(
      Object.entries(streams).map(([stream, [epoch, next]]) => [
        stream,
        account(epoch, next, stream === player ? reason : "trimmed"),
      ]),
    );
    connection.told = streams[player] ?? null;
    this.#arrive(connection, now);
  }

  /** Compare all that a connection carries with what is due. */
  #arrive(connection: Carrier, now: number): void {
    const { ledger } = this;
    const { accounts } = connection;
    ledger.compare(connection, ledger.player, accounts.get(ledger.player) as Account, now);
    // Which rooms are due where it stands is known when the wait is over.
    if (connection.ahead.has(ledger.player)) return;
    if (ledger.isToldHere(connection)) ledger.adopt(connection, ledger.own.next - 1, now);
    connection.told = null;
    for (const [stream, announced] of accounts) ledger.compare(connection, stream, announced, now);
  }

  // Standing still

  #hold(connection: Carrier, read: Frame, size: number, now: number): void {
    connection.held.push([read, size]);
    connection.heldBytes += size;
    while (
      connection.ahead.size > 0 &&
      (connection.held.length > this.#holdFrames || connection.heldBytes > this.#holdBytes)
    ) {
      for (const stream of [...connection.ahead].sort()) this.ledger.judge(stream, now, true);
      this.#settle(now);
    }
  }

  /** Let connections go on that no longer stand still. */
  #settle(now: number): void {
    const { released, connections } = this.ledger;
    for (let each = released.shift(); each !== undefined; each = released.shift()) {
      if (each.ahead.size > 0 || connections.get(each.id) !== each) continue;
      if (each.told !== null) this.#arrive(each, now);
      while (each.held.length > 0 && each.ahead.size === 0) {
        const [read, size] = each.held.shift() as [Frame, number];
        each.heldBytes -= size;
        this.#take(each, read, now);
      }
    }
  }

  #settled(now: number): MergeItem[] {
    this.#settle(now);
    const { items } = this.ledger;
    this.ledger.items = [];
    return items;
  }
}

function isOwn(read: Frame): boolean {
  return read.type === "subscribed" || read.type === "unsubscribed" || read.type === "reply";
}

function replied(
  { id, outcome, body, reason }: Extract<Frame, { type: "reply" }>,
  connection: string,
  offset: number | null,
): MergeItem {
  return { type: "replied", id, outcome, body, reason, offset, connection };
}
