/**
 * Frames from the server, read strictly: what is malformed is refused, what is unknown ignored.
 * The mirror of `core/merge/frames.py`.
 */

import { isEpoch, isNumberFrom, parseCursor } from "../cursor.js";
import { ProtocolError } from "../errors.js";
import { isObject, type JSONObject, type JSONValue } from "../json.js";
import type { Cursor } from "../types.js";

/** Where a connection begins. */
export interface HelloFrame {
  readonly type: "hello";
  readonly player: string;
  readonly streams: Cursor;
}

/** The application's event. */
export interface EventFrame {
  readonly type: "event";
  readonly stream: string;
  readonly offset: number;
  readonly event: JSONObject;
}

/** The player came into a room; `from` is the offset after which it is due. */
export interface SubscribedFrame {
  readonly type: "subscribed";
  readonly stream: string;
  readonly offset: number;
  readonly room: string;
  readonly epoch: string;
  readonly from: number;
}

/** The player left a room. */
export interface UnsubscribedFrame {
  readonly type: "unsubscribed";
  readonly stream: string;
  readonly offset: number;
  readonly room: string;
  readonly epoch: string;
  readonly until: number;
}

/** A command's outcome; outside all streams when there is no `offset`. */
export interface ReplyFrame {
  readonly type: "reply";
  readonly stream: string;
  readonly offset?: number | null;
  readonly id: string;
  readonly outcome: string;
  readonly body?: JSONObject | null;
  readonly reason?: string | null;
}

/** Offsets that are not for this player, both ends included. */
export interface SkipFrame {
  readonly type: "skip";
  readonly stream: string;
  readonly from: number;
  readonly to: number;
}

/** Offsets that this connection cannot give, both ends included. */
export interface LostFrame {
  readonly type: "lost";
  readonly stream: string;
  readonly from: number;
  readonly to: number;
  readonly reason: string;
  readonly streams?: Cursor | null;
}

/** The stream's log began anew. */
export interface ResetFrame {
  readonly type: "reset";
  readonly stream: string;
  readonly epoch: string;
  readonly offset: number;
  readonly streams?: Cursor | null;
}

/** An outcome that stands in the player's stream. */
export type NumberedReply = ReplyFrame & { readonly offset: number };

export type Entry = EventFrame | SubscribedFrame | UnsubscribedFrame | NumberedReply;

export type Frame = HelloFrame | ReplyFrame | Entry | SkipFrame | LostFrame | ResetFrame;

/** The stream of a player's own. */
export function playerStream(player: JSONValue | undefined): string {
  return `player:${player}`;
}

/**
 * Read a frame.
 *
 * @returns the frame, or `null` where a receiver has nothing to do with it: `ping`, `warning`,
 *   `bye`, and every type that it does not know
 * @throws ProtocolError it is not what its type says
 */
export function readFrame(frame: JSONObject): Frame | null {
  check(frame, { type: text });
  const type = frame.type as Frame["type"];
  if (!Object.hasOwn(FIELDS, type)) return null;
  check(frame, FIELDS[type]);
  return frame as unknown as Frame;
}

function check(frame: JSONObject, fields: Fields): void {
  for (const [key, [expected, fits]] of Object.entries(fields)) {
    if (fits(frame[key], frame)) continue;
    const got = `${JSON.stringify(frame[key])}`.slice(0, 80);
    throw new ProtocolError(`${frame.type}: ${key}: expected ${expected}, got ${got}`);
  }
}

/** What a field has to be: in words, and whether it is. */
type Rule = readonly [string, (value: JSONValue | undefined, frame: JSONObject) => boolean];

type Fields = { readonly [key: string]: Rule };

const text: Rule = ["text", (value) => typeof value === "string"];
const object: Rule = ["an object", isObject];
const epoch: Rule = ["20 hexadecimal digits", isEpoch];
const offset: Rule = ["a whole number from 1", (value) => isNumberFrom(value, 1)];
const count: Rule = ["a whole number from 0", (value) => isNumberFrom(value, 0)];
const to: Rule = [
  "a number not below `from`",
  (value, { from }) => isNumberFrom(value, Number(from)),
];
const streams: Rule = [
  "a cursor that names the stream itself",
  (value, { player, stream = playerStream(player) }) =>
    Object.hasOwn(parseCursor(value), String(stream)),
];

function optional([expected, fits]: Rule): Rule {
  return [expected, (value, frame) => value == null || fits(value, frame)];
}

const entry = { stream: text, offset };
const room = { ...entry, room: text, epoch };
const range = { stream: text, from: offset, to };

const FIELDS: { readonly [type in Frame["type"]]: Fields } = {
  hello: { player: text, streams },
  event: { ...entry, event: object },
  subscribed: { ...room, from: count },
  unsubscribed: { ...room, until: count },
  // Of whose stream it is an entry, the receiver knows.
  reply: {
    offset: optional(offset),
    id: text,
    outcome: text,
    body: optional(object),
    reason: optional(text),
  },
  skip: range,
  lost: { ...range, reason: text, streams: optional(streams) },
  reset: { stream: text, reason: text, epoch, offset: count, streams: optional(streams) },
};
