/** Cursors: what a client has seen, as it goes on the wire. The mirror of `core/cursor.py`. */

import { ProtocolError } from "./errors.js";
import { isObject, type JSONValue } from "./json.js";
import type { Cursor } from "./types.js";

/** A player in more rooms than this cannot name them all. */
const MAX_STREAMS = 1024;

const EPOCH = /^[0-9a-f]{20}$/;

/** Whether a value is an epoch: 20 hexadecimal digits. */
export function isEpoch(value: unknown): value is string {
  return typeof value === "string" && EPOCH.test(value);
}

/** Whether a value is a whole number that JSON keeps exactly, not below another. */
export function isNumberFrom(value: unknown, least: number): value is number {
  return Number.isSafeInteger(value) && (value as number) >= least;
}

/**
 * Read a cursor that a peer sent.
 *
 * @throws ProtocolError it is not a cursor
 */
export function parseCursor(value: JSONValue | undefined): Cursor {
  const places = isObject(value) ? Object.values(value) : null;
  if (places === null || places.length > MAX_STREAMS || !places.every(isPlace)) {
    const got = `${JSON.stringify(value)}`.slice(0, 80);
    throw new ProtocolError(
      `a cursor maps at most ${MAX_STREAMS} streams to [epoch, next], got ${got}`,
    );
  }
  return value as Cursor;
}

function isPlace(value: JSONValue): boolean {
  const [epoch, next, ...rest] = Array.isArray(value) ? value : [];
  return isEpoch(epoch) && isNumberFrom(next, 1) && rest.length === 0;
}
