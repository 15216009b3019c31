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
import { type Account, account, Carrier, track } from "./accounts.js";
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

/** What {@link createMerge} makes. */
export type Merge = ReturnType<typeof createMerge>;

/**
 * Merges a player's connections. Pure: frames and time come in, items go out.
 *
 * @param ledger what is known; another one only where a test spoils it
 */
export function createMerge(
  { wait = 1, holdFrames = 1000, holdBytes = 256 * 1024 }: MergeSettings = {},
  ledger = new Ledger(wait),
) {
  let delivered = 0;
  let duplicates = 0;
  let dropped = 0;

  // Frames

  /** Refuse what may not come here. */
  function check(connection: Carrier, read: Frame): void {
    const { player } = ledger;
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

  function take(connection: Carrier, read: Frame, now: number): void {
    const { items } = ledger;
    const { id } = connection;
    switch (read.type) {
      case "event":
        if (accept(connection, read, now)) {
          const { stream, offset, event } = read;
          items.push({ type: "delivered", stream, offset, event, connection: id });
        }
        break;
      case "skip":
        accept(connection, read, now, read.last);
        break;
      case "subscribed":
        subscribed(connection, read, now);
        break;
      case "unsubscribed":
        unsubscribed(connection, read, now);
        break;
      case "reply":
        if (accept(connection, read, now)) items.push(replied(read, id, read.offset));
        break;
      case "lost":
        lost(connection, read, now);
        break;
      case "reset":
        reset(connection, read, now);
        break;
      default:
        hello(connection, read, now);
    }
  }

  /**
   * Take an entry, or offsets that are not for this player.
   *
   * @returns whether its stream was due it; `null` when it is held for later
   */
  function accept(
    connection: Carrier,
    read: Entry | SkipFrame,
    now: number,
    last = read.offset,
  ): boolean | null {
    const { stream, offset } = read;
    const count = read.type === "skip" ? 0 : 1;
    const announced = connection.accounts.get(stream);
    const known = ledger.tracks.get(stream);
    if (
      announced === undefined ||
      known?.epoch !== announced.epoch ||
      // It has not yet written the entry that let the player in, and comes back afterwards.
      (offset > known.next && !ledger.isCurrent(connection, known))
    ) {
      dropped += 1;
      if (announced !== undefined) announced.next = last + 1;
      return false;
    }
    if (offset > known.next) {
      // What lies between was never accounted for. Better told as missing than never noticed.
      announced.next = offset;
      connection.held.unshift([read, 0]);
      ledger.judge(stream, now);
      return null;
    }
    announced.next = last + 1;
    if (last < known.next) {
      duplicates += count;
      return false;
    }
    known.next = last + 1;
    delivered += count;
    if (ledger.waits.has(stream)) ledger.judge(stream, now);
    return true;
  }

  function subscribed(connection: Carrier, read: SubscribedFrame, now: number): void {
    const accepted = accept(connection, read, now);
    if (accepted === null) return;
    const { room, epoch, start, offset } = read;
    connection.accounts.set(room, account(epoch, start + 1));
    if (accepted) {
      ledger.items.push({ type: "entered", room, offset, connection: connection.id });
      ledger.open(room, track(epoch, start + 1, offset));
      ledger.judge(room, now);
    }
  }

  function unsubscribed(connection: Carrier, read: UnsubscribedFrame, now: number): void {
    const accepted = accept(connection, read, now);
    if (accepted === null) return;
    const { room, epoch, until, offset } = read;
    connection.accounts.delete(room);
    if (accepted) {
      const known = ledger.tracks.get(room);
      if (known !== undefined && known.epoch === epoch && known.next <= until) {
        ledger.tellGap(room, known, until + 1, "trimmed");
      }
      ledger.close(room, [epoch, until + 1], now);
      ledger.items.push({ type: "left", room, offset, connection: connection.id });
    }
  }

  // Announcements

  function hello(connection: Carrier, read: HelloFrame, now: number): void {
    if (ledger.player === "") {
      const [epoch, next] = read.streams[read.stream] as readonly [string, number];
      ledger.player = read.stream;
      ledger.tracks.set(read.stream, track(epoch, next));
    }
    announce(connection, read.streams, now);
  }

  function lost(connection: Carrier, read: LostFrame, now: number): void {
    const announced = connection.accounts.get(read.stream);
    if (announced === undefined || read.last + 1 < announced.next) return;
    announced.next = read.last + 1;
    announced.reason = read.reason;
    jumped(connection, read, announced, now);
  }

  function reset(connection: Carrier, read: ResetFrame, now: number): void {
    const announced = account(read.epoch, read.offset + 1);
    connection.accounts.set(read.stream, announced);
    jumped(connection, read, announced, now);
  }

  /** A connection stands somewhere else in a stream, if it is the player's perhaps in all. */
  function jumped(
    connection: Carrier,
    { stream, streams }: LostFrame | ResetFrame,
    announced: Account,
    now: number,
  ): void {
    if (stream === ledger.player && streams !== null) {
      const here = { [stream]: [announced.epoch, announced.next] as const };
      announce(connection, { ...streams, ...here }, now, announced.reason);
    } else {
      ledger.compare(connection, stream, announced, now);
    }
  }

  /** A connection says what it carries, and where it begins. */
  function announce(connection: Carrier, streams: Cursor, now: number, reason = "trimmed"): void {
    const { player } = ledger;
    connection.accounts = new Map(
      Object.entries(streams).map(([stream, [epoch, next]]) => [
        stream,
        account(epoch, next, stream === player ? reason : "trimmed"),
      ]),
    );
    connection.told = streams[player] ?? null;
    arrive(connection, now);
  }

  /** Compare all that a connection carries with what is due. */
  function arrive(connection: Carrier, now: number): void {
    const { accounts } = connection;
    ledger.compare(connection, ledger.player, accounts.get(ledger.player) as Account, now);
    // Which rooms are due where it stands is known when the wait is over.
    if (connection.ahead.has(ledger.player)) return;
    if (ledger.isToldHere(connection)) ledger.adopt(connection, ledger.own.next - 1, now);
    connection.told = null;
    for (const [stream, announced] of accounts) ledger.compare(connection, stream, announced, now);
  }

  // Standing still

  function hold(connection: Carrier, read: Frame, size: number, now: number): void {
    connection.held.push([read, size]);
    connection.heldBytes += size;
    while (
      connection.ahead.size > 0 &&
      (connection.held.length > holdFrames || connection.heldBytes > holdBytes)
    ) {
      for (const stream of [...connection.ahead].sort()) ledger.judge(stream, now, true);
      settle(now);
    }
  }

  /** Let connections go on that no longer stand still. */
  function settle(now: number): void {
    const { released, connections } = ledger;
    for (let each = released.shift(); each !== undefined; each = released.shift()) {
      if (each.ahead.size > 0 || connections.get(each.id) !== each) continue;
      if (each.told !== null) arrive(each, now);
      while (each.held.length > 0 && each.ahead.size === 0) {
        const [read, size] = each.held.shift() as [Frame, number];
        each.heldBytes -= size;
        take(each, read, now);
      }
    }
  }

  function settled(now: number): MergeItem[] {
    settle(now);
    const { items } = ledger;
    ledger.items = [];
    return items;
  }

  return {
    // What happens

    /** A connection is there; its `hello` is to come. */
    connected(connectionId: string): void {
      ledger.connections.set(connectionId, new Carrier(connectionId));
    },

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
      const connection = ledger.connections.get(connectionId);
      if (read === null || connection === undefined) return [];
      if (read.type === "reply" && read.offset === 0) return [replied(read, connectionId, null)];
      check(connection, read);
      if (connection.ahead.size > 0) hold(connection, read, size, now);
      else take(connection, read, now);
      return settled(now);
    },

    /** A connection has ended: it is forgotten, and waits are judged without it. */
    disconnected(connectionId: string, now: number): MergeItem[] {
      if (ledger.connections.delete(connectionId)) {
        for (const stream of [...ledger.tracks.keys()]) ledger.judge(stream, now);
      }
      return settled(now);
    },

    /** Time has passed: end the waits that are over. */
    tick(now: number): MergeItem[] {
      const { waits } = ledger;
      for (const stream of [...waits.keys()]) {
        // What one wait held may be what another waits for.
        settle(now);
        if ((waits.get(stream) ?? now + 1) <= now) ledger.judge(stream, now, true);
      }
      return settled(now);
    },

    // What is

    /** When {@link tick} is due, in seconds; `null` while nothing is waited for. */
    get deadline(): number | null {
      const { waits } = ledger;
      return waits.size === 0 ? null : Math.min(...waits.values());
    },

    /** What the application has, for the next opening; empty before the first `hello`. */
    cursor(): Cursor {
      const cursor: Record<string, readonly [string, number]> = Object.create(null);
      for (const [stream, { epoch, next }] of ledger.tracks) cursor[stream] = [epoch, next];
      return cursor;
    },

    /** A snapshot of the counters. */
    get statistics(): MergeStatistics {
      return { delivered, duplicates, dropped, gaps: ledger.gaps };
    },
  };
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
