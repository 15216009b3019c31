/**
 * Frames from the server, read strictly: what is malformed is refused, what is unknown ignored.
 * The mirror of `core/merge/frames.py`.
 */

import { isEpoch, isNumberFrom, parseCursor } from "../cursor.js";
import { ProtocolError } from "../errors.js";
import { isObject, type JSONObject } from "../json.js";
import type { Cursor } from "../types.js";

/** Where a connection begins; `stream` is the player's. */
export interface HelloFrame {
  readonly type: "hello";
  readonly stream: string;
  readonly streams: Cursor;
}

/** The application's event. */
export interface EventFrame {
  readonly type: "event";
  readonly stream: string;
  readonly offset: number;
  readonly event: JSONObject;
}

/** The player came into a room; `start` is the offset after which it is due. */
export interface SubscribedFrame {
  readonly type: "subscribed";
  readonly stream: string;
  readonly offset: number;
  readonly room: string;
  readonly epoch: string;
  readonly start: number;
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

/** A command's outcome; outside all streams when `offset` is 0. */
export interface ReplyFrame {
  readonly type: "reply";
  readonly stream: string;
  readonly offset: number;
  readonly id: string;
  readonly outcome: string;
  readonly body: JSONObject | null;
  readonly reason: string | null;
}

/** Offsets that are not for this player, both ends included. */
export interface SkipFrame {
  readonly type: "skip";
  readonly stream: string;
  readonly offset: number;
  readonly last: number;
}

/** Offsets that this connection cannot give, both ends included. */
export interface LostFrame {
  readonly type: "lost";
  readonly stream: string;
  readonly last: number;
  readonly reason: string;
  readonly streams: Cursor | null;
}

/** The stream's log began anew. */
export interface ResetFrame {
  readonly type: "reset";
  readonly stream: string;
  readonly epoch: string;
  readonly offset: number;
  readonly streams: Cursor | null;
}

export type Entry = EventFrame | SubscribedFrame | UnsubscribedFrame | ReplyFrame;

export type Frame = HelloFrame | Entry | SkipFrame | LostFrame | ResetFrame;

/**
 * Read a frame.
 *
 * @returns the frame, or `null` where a receiver has nothing to do with it: `ping`, `warning`,
 *   `bye`, and every type that it does not know
 * @throws ProtocolError it is not what its type says
 */
export function readFrame(frame: JSONObject): Frame | null {
  const type = text(frame, "type");
  return Object.hasOwn(READERS, type) ? READERS[type as Frame["type"]](frame) : null;
}

const READERS: { readonly [type in Frame["type"]]: (frame: JSONObject) => Frame } = {
  hello,
  event: (frame) => ({ type: "event", ...entry(frame), event: object(frame, "event") }),
  subscribed: (frame) => ({
    type: "subscribed",
    ...entry(frame),
    ...room(frame),
    start: number(frame, "from", 0),
  }),
  unsubscribed: (frame) => ({
    type: "unsubscribed",
    ...entry(frame),
    ...room(frame),
    until: number(frame, "until", 0),
  }),
  reply,
  skip: (frame) => ({ type: "skip", stream: text(frame, "stream"), ...range(frame) }),
  lost,
  reset,
};

function hello(frame: JSONObject): HelloFrame {
  const stream = `player:${text(frame, "player")}`;
  return { type: "hello", stream, streams: naming(frame, stream) };
}

function reply(frame: JSONObject): ReplyFrame {
  return {
    type: "reply",
    ...("offset" in frame ? entry(frame) : { stream: "", offset: 0 }),
    id: text(frame, "id"),
    outcome: text(frame, "outcome"),
    body: frame.body == null ? null : object(frame, "body"),
    reason: frame.reason == null ? null : text(frame, "reason"),
  };
}

function lost(frame: JSONObject): LostFrame {
  const stream = text(frame, "stream");
  const reason = text(frame, "reason");
  const { last } = range(frame);
  return { type: "lost", stream, last, reason, streams: streamsOf(frame, stream) };
}

function reset(frame: JSONObject): ResetFrame {
  const stream = text(frame, "stream");
  text(frame, "reason");
  const offset = number(frame, "offset", 0);
  return { type: "reset", stream, offset, epoch: epoch(frame), streams: streamsOf(frame, stream) };
}

function entry(frame: JSONObject): { stream: string; offset: number } {
  return { stream: text(frame, "stream"), offset: number(frame, "offset") };
}

function room(frame: JSONObject): { room: string; epoch: string } {
  return { room: text(frame, "room"), epoch: epoch(frame) };
}

function range(frame: JSONObject): { offset: number; last: number } {
  const offset = number(frame, "from");
  const last = number(frame, "to");
  if (last < offset) throw wrong(frame, "to", `a number from ${offset} (its \`from\`)`);
  return { offset, last };
}

function streamsOf(frame: JSONObject, stream: string): Cursor | null {
  return frame.streams == null ? null : naming(frame, stream);
}

function naming(frame: JSONObject, stream: string): Cursor {
  const streams = parseCursor(frame.streams);
  if (streams[stream] === undefined) throw wrong(frame, "streams", `a cursor that names ${stream}`);
  return streams;
}

function text(frame: JSONObject, key: string): string {
  const value = frame[key];
  if (typeof value !== "string") throw wrong(frame, key, "text");
  return value;
}

function number(frame: JSONObject, key: string, least = 1): number {
  const value = frame[key];
  if (!isNumberFrom(value, least)) throw wrong(frame, key, `a whole number from ${least}`);
  return value;
}

function epoch(frame: JSONObject): string {
  const value = frame.epoch;
  if (!isEpoch(value)) throw wrong(frame, "epoch", "20 hexadecimal digits");
  return value;
}

function object(frame: JSONObject, key: string): JSONObject {
  const value = frame[key];
  if (!isObject(value)) throw wrong(frame, key, "an object");
  return value;
}

function wrong(frame: JSONObject, key: string, expected: string): ProtocolError {
  const got = `${JSON.stringify(frame[key])}`.slice(0, 80);
  return new ProtocolError(`${frame.type}: ${key}: expected ${expected}, got ${got}`);
}
