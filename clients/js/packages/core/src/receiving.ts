/**
 * What becomes of frames: items for the application, replies, pongs and acknowledgements.
 * The mirror of `client/receiving.py` and `client/merging.py`.
 */

import { createAcknowledging } from "./acknowledging.js";
import type { ClientConnection } from "./client_connection.js";
import type { Commands } from "./commands.js";
import type { Emitter } from "./emitter.js";
import type { Environment } from "./environment.js";
import { ProtocolError } from "./errors.js";
import { isObject, type JSONObject } from "./json.js";
import type { Life } from "./life.js";
import { createMerge, type MergeItem } from "./merge/index.js";
import type { Monitor } from "./monitor.js";
import { isEmpty } from "./opening.js";
import type { DigestCheck } from "./options.js";
import { createTimer } from "./timer.js";
import type { ConnectionType, Cursor, Item } from "./types.js";
import { bytes, type Uplink } from "./uplink.js";

/** Who hears of it. */
export interface Audience {
  readonly emit: Emitter["emit"];
  /** Items, in order. */
  item(item: Item): void;
  problem(reason: string, message: string, connection: ConnectionType): void;
  /** Figures are others now. */
  counted(): void;
}

/** What {@link createReceiving} makes. */
export type Receiving = ReturnType<typeof createReceiving>;

/** Takes what both connections bring. */
export function createReceiving(
  environment: Environment,
  uplink: Uplink,
  commands: Commands,
  monitor: Monitor,
  audience: Audience,
  checkDigest: DigestCheck | undefined,
) {
  const { now } = environment;
  const merge = createMerge();
  const acknowledging = createAcknowledging();
  const timer = createTimer(environment);
  /** Those that have said `hello`, by what the server calls them. */
  const connections = new Map<string, ClientConnection>();

  const report = (message: JSONObject): void => {
    // No harm if it fails: the next one says the same and more.
    uplink.send(message).catch(() => {});
  };

  const give = (items: readonly MergeItem[]): void => {
    for (const item of items) {
      if (item.type === "gap") {
        audience.item(item);
        continue;
      }
      const winner = connections.get(item.connection);
      if (winner !== undefined && item.offset !== null) winner.gauge.won += 1;
      if (item.type === "replied") {
        commands.replied(item);
      } else if (item.type === "delivered") {
        const { type, stream, offset, event } = item;
        audience.item({ type, stream, offset, event, by: winner?.type ?? "websocket" });
        if (!acknowledging.handed(stream, offset)) continue;
        acknowledging.told();
        report({ type: "ack", cursor: merge.cursor() });
      } else {
        audience.item({ type: item.type, room: item.room });
      }
    }
    const { deadline } = merge;
    if (deadline !== null) {
      timer.start(Math.max(0, deadline - now()), () => give(merge.tick(now())));
    }
  };

  const receive = (connection: ClientConnection, id: string, frame: JSONObject, text: string) => {
    const before = merge.statistics.duplicates;
    // The size matters only while something is held.
    const size = merge.deadline === null ? 0 : bytes(text);
    const items = merge.receive(id, frame, now(), size);
    const copies = merge.statistics.duplicates - before;
    connection.gauge.duplicates += copies;
    const { stream, offset } = frame;
    if (typeof stream === "string" && typeof offset === "number") {
      monitor.arrived(connection, stream, offset);
      if (copies > 0) audience.emit("duplicate", { stream, offset, by: connection.type });
    }
    give(items);
    audience.counted();
  };

  const answerPing = (connection: ClientConnection, id: string, { n = null }: JSONObject): void => {
    acknowledging.told();
    const pong = { type: "pong", connection: id, n, cursor: merge.cursor() };
    uplink.answerPing(pong, connection).catch(() => {});
    if (connection.type === "websocket") monitor.askWebSocket();
  };

  const warn = (connection: ClientConnection, frame: JSONObject): void => {
    const { reason, message, within } = frame;
    audience.emit("warning", {
      connection: connection.type,
      reason: String(reason),
      message: String(message ?? reason),
      within: typeof within === "number" ? within : null,
    });
    if (reason === "draining") connection.replace();
  };

  const receiving = {
    /** Events whose digest did not fit. */
    mismatches: 0,

    get statistics() {
      return merge.statistics;
    },

    /** Everything before it has been given to the audience. */
    cursor: merge.cursor,

    /**
     * Go on where an earlier page stood: as if a connection had said so and ended, so that whatever
     * is missing since is told by the same rules as ever.
     */
    resume(player: string, cursor: Cursor): void {
      if (!isEmpty(merge.cursor()) || cursor[`player:${player}`] === undefined) return;
      merge.connected("");
      give(merge.receive("", { type: "hello", player, streams: cursor }, now()));
      give(merge.disconnected("", now()));
    },

    /** A connection said `hello`. */
    greeted(connection: ClientConnection, life: Life, hello: JSONObject): void {
      const limit = isObject(hello.limits) ? hello.limits.message : null;
      uplink.limit = typeof limit === "number" ? limit : null;
      const id = life.id as string;
      connections.set(id, connection);
      merge.connected(id);
      receive(connection, id, hello, "");
    },

    /**
     * A connection brought a frame.
     *
     * @throws ProtocolError it is malformed, or comes where it may not
     */
    take(connection: ClientConnection, life: Life, frame: JSONObject, text: string): void {
      const { type, event } = frame;
      const id = life.id as string;
      if (type === "ping") {
        answerPing(connection, id, frame);
      } else if (type === "pong") {
        monitor.pong(connection);
      } else if (type === "warning") {
        warn(connection, frame);
      } else if (type === "direct" && isObject(event)) {
        if (monitor.isAnswer(connection, event)) audience.counted();
        else audience.item({ type, event, by: connection.type });
      } else {
        if (type === "event") compareDigest(connection, frame, text);
        if (type === "reply") {
          const roundTrip = commands.roundTrip(String(frame.id));
          if (roundTrip !== null) connection.gauge.measured(roundTrip);
        } else if (frame.confirm === true) acknowledging.wanted(frame, merge.cursor());
        // What is of a later version, and none of ours, the merge ignores.
        receive(connection, id, frame, text);
      }
    },

    /** A connection ended. */
    left({ id }: Life): void {
      if (connections.delete(id as string)) give(merge.disconnected(id as string, now()));
    },

    /** A connection came back; `noticed` if the player was without any meanwhile. */
    recovered({ id }: ClientConnection, noticed: boolean): void {
      report({ type: "recovered", connection: id, noticed });
    },

    stop: timer.clear,
  };

  /** An event that was changed on its way counts as not received, and ends its connection. */
  const compareDigest = ({ type }: ClientConnection, frame: JSONObject, text: string): void => {
    const { digest, offset, stream } = frame;
    if (checkDigest === undefined || checkDigest(text, digest)) return;
    receiving.mismatches += 1;
    const message = `Event ${offset} of ${stream} was changed on its way.`;
    audience.problem("digest", message, type);
    throw new ProtocolError(message);
  };

  return receiving;
}
