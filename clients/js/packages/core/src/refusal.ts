/** What an HTTP answer that refuses means for a client. The mirror of `client/refusal.py`. */

import { CODES, type Code, code } from "./codes.js";
import { type Ending, ending, seconds } from "./ended.js";
import { isObject, type JSONObject, readObject } from "./json.js";

/**
 * How a connection ended that was refused with an HTTP status.
 *
 * What our server says is believed. What something between says is not: a proxy that forbids
 * WebSockets is no reason to leave the game, because the twin may well pass.
 *
 * @param wall milliseconds since 1970, now
 */
export function refusal(
  { status, headers }: Pick<Response, "status" | "headers">,
  body: string,
  wall: number,
): Ending {
  const content = readObject(body) ?? {};
  const said = isObject(content.error) ? content.error : {};
  const message = said.message ?? content.detail ?? `HTTP status ${status}`;
  return ending(meant(status, said), String(message), wait(headers.get("retry-after"), wall));
}

function meant(status: number, said: JSONObject): Code {
  const number = isObject(said.details) ? said.details.code : undefined;
  const guess = status === 401 ? 4401 : status === 429 ? 4005 : 1006;
  return CODES.get(number as number) ?? code(guess);
}

/** What `Retry-After` says: seconds, or a date. */
function wait(header: string | null, wall: number): number | null {
  if (header === null) return null;
  const number = Number(header);
  return seconds(Number.isNaN(number) ? Math.max(0, Date.parse(header) - wall) / 1000 : number);
}
