/**
 * What the server is told of what has reached the application. The mirror of
 * `client/acknowledging.py`; simpler, because listeners are called at once and nothing waits.
 */

import type { JSONObject } from "./json.js";
import type { Cursor } from "./types.js";

/** Events after which an acknowledgement is due, whatever the pings do. */
const EVERY = 256;

/** Knows when to acknowledge. */
export function createAcknowledging() {
  let count = 0;
  const urgent = new Set<string>();
  return {
    /** An acknowledgement is being sent. */
    told(): void {
      count = 0;
    },

    /** The server asks for an acknowledgement of this event at once, unless it is a duplicate. */
    wanted({ stream, offset }: JSONObject, cursor: Cursor): void {
      const next = cursor[String(stream)]?.[1];
      if (next === undefined || Number(offset) >= next) urgent.add(`${offset} ${stream}`);
    },

    /**
     * The application has got an event.
     *
     * @returns whether an acknowledgement is due
     */
    handed(stream: string, offset: number): boolean {
      count += 1;
      return urgent.delete(`${offset} ${stream}`) || count >= EVERY;
    },
  };
}
