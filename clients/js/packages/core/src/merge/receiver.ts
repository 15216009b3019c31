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
  playerStream,
  type ReplyFrame,
  type ResetFrame,
  readFrame,
  type SkipFrame,
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
    const isHello = read.type === "hello";
    if (isHello === connection.accounts.size > 0) {
      throw new ProtocolError(`expected hello first and once, got ${read.type}`);
    }
    const owner = isHello ? playerStream(read.player) : isOwn(read) ? read.stream : player;
    if (owner !== player && player !== "") {
      throw new ProtocolError(`${read.type}: expected one of ${player}, got one of ${owner}`);
    }
  }

  function take(connection: Carrier, read: Frame, now: number): void {
    if (read.type === "hello") hello(connection, read, now);
    else if (read.type === "lost") lost(connection, read, now);
    else if (read.type === "reset") reset(connection, read, now);
    else enter(connection, read as Entry | SkipFrame, now);
  }

  /**
   * Take an entry, or offsets that are not for this player.
   *
   * @returns whether its stream was due it; `null` when it is held for later
   */
  function accept(connection: Carrier, read: Entry | SkipFrame, now: number): boolean | null {
    const { stream } = read;
    const isSkip = read.type === "skip";
    const offset = isSkip ? read.from : read.offset;
    const last = isSkip ? read.to : offset;
    const count = isSkip ? 0 : 1;
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

  /** Take an entry, and hand on what it says if it was due. */
  function enter(connection: Carrier, read: Entry | SkipFrame, now: number): void {
    const accepted = accept(connection, read, now);
    if (accepted === null) return;
    const { id, accounts } = connection;
    const { items } = ledger;
    if (read.type === "subscribed") {
      const { room, epoch, from, offset } = read;
      accounts.set(room, account(epoch, from + 1));
      if (!accepted) return;
      ledger.move("entered", room, id, offset);
      ledger.open(room, track(epoch, from + 1, offset));
      ledger.judge(room, now);
    } else if (read.type === "unsubscribed") {
      const { room, epoch, until, offset } = read;
      accounts.delete(room);
      if (!accepted) return;
      const known = ledger.tracks.get(room);
      if (known?.epoch === epoch && known.next <= until) {
        ledger.tellGap(room, known, until + 1, "trimmed");
      }
      ledger.close(room, [epoch, until + 1], now);
      ledger.move("left", room, id, offset);
    } else if (accepted && read.type === "event") {
      const { stream, offset, event } = read;
      items.push({ type: "delivered", stream, offset, event, connection: id });
    } else if (accepted && read.type === "reply") {
      items.push(replied(read, id));
    }
  }

  // Announcements

  function hello(connection: Carrier, read: HelloFrame, now: number): void {
    if (ledger.player === "") {
      const own = playerStream(read.player);
      const [epoch, next] = read.streams[own] as readonly [string, number];
      ledger.player = own;
      ledger.tracks.set(own, track(epoch, next));
    }
    announce(connection, read.streams, now);
  }

  function lost(connection: Carrier, read: LostFrame, now: number): void {
    const announced = connection.accounts.get(read.stream);
    if (announced === undefined || read.to + 1 < announced.next) return;
    announced.next = read.to + 1;
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
    if (stream === ledger.player && streams != null) {
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
      if (read.type === "reply" && read.offset == null) return [replied(read, connectionId)];
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
  { id, outcome, body = null, reason = null, offset = null }: ReplyFrame,
  connection: string,
): MergeItem {
  return { type: "replied", id, outcome, body, reason, offset, connection };
}
