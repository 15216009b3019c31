/**
 * The cursor on its way to the server: in the URL as far as it fits there, else in a body.
 * The mirror of `client/opening.py`.
 */

import type { Cursor } from "./types.js";

/** Bytes of an encoded cursor that every proxy takes in a URL. */
const URL_BYTES = 2 * 1024;

/**
 * The same for a WebSocket, which can say it nowhere else: servers and proxies commonly take 8 KB
 * for the request line.
 */
const WEBSOCKET_URL_BYTES = 6 * 1024;

/** Whether there is nothing to go on from. */
export function isEmpty(cursor: Cursor): boolean {
  return Object.keys(cursor).length === 0;
}

/** Whether a cursor may go into a URL as it is. */
export function fitsURL(cursor: Cursor): boolean {
  return size(cursor) < URL_BYTES;
}

/**
 * As much of a cursor as fits into the URL of a WebSocket.
 *
 * The player's own stream and `global` come first: without them the server would not know where to
 * go on. A room that is left out is read from where the player came in, and what the client had
 * before is dropped as repeated, so leaving out costs bytes and loses nothing.
 */
export function fitting(cursor: Cursor): Cursor {
  const entries = Object.entries(cursor);
  const isRoom = ([stream]: (typeof entries)[number]) => stream.startsWith("room:");
  const ordered = [...entries.filter((each) => !isRoom(each)), ...entries.filter(isRoom)];
  let taken = size({});
  let count = 0;
  for (const [stream, place] of ordered) {
    // Each pair with its braces: one comma for two braces, so this is never too little.
    taken += size({ [stream]: place });
    if (taken > WEBSOCKET_URL_BYTES) break;
    count += 1;
  }
  return Object.fromEntries(ordered.slice(0, count));
}

function size(cursor: Cursor): number {
  return encodeURIComponent(JSON.stringify(cursor)).length;
}
