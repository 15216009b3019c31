/**
 * What becomes of frames: items for the application, replies, pongs and acknowledgements.
 * The mirror of `client/receiving.py` and `client/merging.py`.
 */

import { Acknowledging } from "./acknowledging.js";
import type { Commands } from "./commands.js";
import type { ClientConnection } from "./connection.js";
import type { Environment, Timer } from "./environment.js";
import { ProtocolError } from "./errors.js";
import { isObject, type JSONObject } from "./json.js";
import type { Life } from "./life.js";
import { Merge, type MergeItem } from "./merge/index.js";
import type { Monitor } from "./monitor.js";
import { isEmpty } from "./opening.js";
import type { ConnectionType, Cursor, Duplicate, Item, Problem, Warning } from "./types.js";
import type { Uplink } from "./uplink.js";

/** Who hears of it. */
export interface Audience {
  /** Items, in order. */
  item(item: Item): void;
  duplicate(duplicate: Duplicate): void;
  warning(warning: Warning): void;
  problem(reason: Problem["reason"], message: string, connection: ConnectionType): void;
  /** Figures are others now. */
  counted(): void;
}

/** Takes what both connections bring. */
export class Receiving {
  uplink!: Uplink;
  commands!: Commands;
  /** Whether a digest fits its frame; `null` where none is asked for. */
  fits: ((text: string, digest: unknown) => boolean) | null = null;
  /** Events whose digest did not fit. */
  mismatches = 0;
  readonly #merge = new Merge();
  readonly #acknowledging = new Acknowledging();
  readonly #connections = new Map<string, ClientConnection>();
  #timer: Timer | null = null;

  constructor(
    private readonly environment: Environment,
    private readonly monitor: Monitor,
    private readonly audience: Audience,
  ) {}

  get statistics() {
    return this.#merge.statistics;
  }

  /** Everything before it has been given to the audience. */
  cursor(): Cursor {
    return this.#merge.cursor();
  }

  /**
   * Go on where an earlier page stood: as if a connection had said so and ended, so that whatever
   * is missing since is told by the same rules as ever.
   */
  resume(player: string, cursor: Cursor): void {
    if (!isEmpty(this.cursor()) || cursor[`player:${player}`] === undefined) return;
    this.#merge.connected("");
    const hello = { type: "hello", player, streams: cursor };
    this.#give(this.#merge.receive("", hello, this.environment.now()));
    this.#give(this.#merge.disconnected("", this.environment.now()));
  }

  /** A connection said `hello`. */
  greeted(connection: ClientConnection, life: Life, hello: JSONObject): void {
    const { limits } = hello;
    const limit = isObject(limits) ? limits.message : null;
    this.uplink.limit = typeof limit === "number" ? limit : null;
    const id = life.id as string;
    this.#connections.set(id, connection);
    this.#merge.connected(id);
    this.#receive(connection, id, hello, "");
  }

  /**
   * A connection brought a frame.
   *
   * @throws ProtocolError it is malformed, or comes where it may not
   */
  take(connection: ClientConnection, life: Life, frame: JSONObject, text: string): void {
    const { type } = frame;
    const id = life.id as string;
    if (type === "ping") {
      this.#answerPing(connection, id, frame.n ?? null);
    } else if (type === "pong") {
      this.monitor.pong(connection);
    } else if (type === "warning") {
      this.#warn(connection, frame);
    } else if (type === "direct" && isObject(frame.event)) {
      const { event } = frame;
      if (this.monitor.isAnswer(connection, event)) this.audience.counted();
      else this.audience.item({ type: "direct", event, by: connection.type });
    } else {
      if (type === "event") this.#compareDigest(connection, frame, text);
      if (type === "reply") {
        const roundTrip = this.commands.roundTrip(String(frame.id));
        if (roundTrip !== null) connection.gauge.measured(roundTrip);
      } else if (frame.confirm === true) this.#acknowledging.wanted(frame, this.cursor());
      // What is of a later version, and none of ours, the merge ignores.
      this.#receive(connection, id, frame, text);
    }
  }

  /** A connection ended. */
  left(life: Life): void {
    const id = life.id as string;
    if (this.#connections.delete(id)) {
      this.#give(this.#merge.disconnected(id, this.environment.now()));
    }
  }

  /** A connection came back; `noticed` if the player was without any meanwhile. */
  recovered(connection: ClientConnection, noticed: boolean): void {
    this.#report(this.uplink.send({ type: "recovered", connection: connection.id, noticed }));
  }

  stop(): void {
    this.environment.clearTimer(this.#timer);
    this.#timer = null;
  }

  #receive(connection: ClientConnection, id: string, frame: JSONObject, text: string): void {
    const before = this.#merge.statistics.duplicates;
    // The size matters only while something is held.
    const size = this.#merge.deadline === null ? 0 : new TextEncoder().encode(text).length;
    const items = this.#merge.receive(id, frame, this.environment.now(), size);
    const copies = this.#merge.statistics.duplicates - before;
    connection.gauge.duplicates += copies;
    const { stream, offset } = frame;
    if (typeof stream === "string" && typeof offset === "number") {
      this.monitor.arrived(connection, stream, offset);
      if (copies > 0) this.audience.duplicate({ stream, offset, by: connection.type });
    }
    this.#give(items);
    this.audience.counted();
  }

  /** An event that was changed on its way counts as not received, and ends its connection. */
  #compareDigest({ type }: ClientConnection, frame: JSONObject, text: string): void {
    const { digest, offset, stream } = frame;
    if (this.fits === null || this.fits(text, digest)) return;
    this.mismatches += 1;
    const message = `Event ${offset} of ${stream} was changed on its way.`;
    this.audience.problem("digest", message, type);
    throw new ProtocolError(message);
  }

  #give(items: readonly MergeItem[]): void {
    for (const item of items) {
      const winner = item.type === "gap" ? undefined : this.#connections.get(item.connection);
      if (winner !== undefined && item.type !== "gap" && item.offset !== null)
        winner.gauge.won += 1;
      const by = winner?.type ?? "websocket";
      if (item.type === "delivered") {
        const { type, stream, offset, event } = item;
        this.audience.item({ type, stream, offset, event, by });
        if (this.#acknowledging.handed(stream, offset)) this.#acknowledge();
      } else if (item.type === "replied") {
        this.commands.replied(item);
      } else if (item.type === "gap") {
        this.audience.item(item);
      } else {
        this.audience.item({ type: item.type, room: item.room });
      }
    }
    this.#awaitDeadline();
  }

  #awaitDeadline(): void {
    const { deadline } = this.#merge;
    if (deadline === null || this.#timer !== null) return;
    const left = Math.max(0, deadline - this.environment.now());
    this.#timer = this.environment.setTimer(() => {
      this.#timer = null;
      this.#give(this.#merge.tick(this.environment.now()));
    }, left * 1000);
  }

  #acknowledge(): void {
    this.#acknowledging.told();
    this.#report(this.uplink.send({ type: "ack", cursor: this.cursor() }));
  }

  #answerPing(connection: ClientConnection, id: string, n: JSONObject[string] | null): void {
    this.#acknowledging.told();
    const pong = { type: "pong", connection: id, n, cursor: this.cursor() };
    this.#report(this.uplink.answerPing(pong, connection));
    if (connection.type === "websocket") this.monitor.askWebSocket();
  }

  #warn(connection: ClientConnection, frame: JSONObject): void {
    const { reason, message, within } = frame;
    this.audience.warning({
      connection: connection.type,
      reason: String(reason),
      message: String(message ?? reason),
      within: typeof within === "number" ? within : null,
    });
    if (reason === "draining") connection.replace();
  }

  #report(sending: Promise<unknown>): void {
    // No harm if it fails: the next one says the same and more.
    sending.catch(() => {});
  }
}
