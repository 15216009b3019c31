/** Why a connection ends: the table of `src/dualwire/codes.py`, told equal by a test. */

/** One way for a connection to end, or for a request to be refused. */
export interface Code {
  /** WebSocket close code. */
  readonly number: number;
  /** The reason as machines read it. */
  readonly name: string;
  /** The reason for a person. */
  readonly reason: string;
  /** Whether the same client may open a new connection for the same session. */
  readonly reconnect: boolean;
}

/**
 * Number, name, and for a person the reason why there is no coming back. Why a connection that may
 * come back has ended, the server says itself as it ends it.
 */
const table: readonly (readonly [number, string, string?])[] = [
  [1000, "normal", "The peer closed the connection."],
  [1001, "going_away"],
  [1006, "peer_gone"],
  [1009, "message_too_big", "A message was larger than the limit."],
  [1012, "restart"],
  [4001, "draining"],
  [4002, "overtaken"],
  [4003, "stale"],
  [4004, "token_expired"],
  [4005, "rate_limited"],
  [4400, "logged_out", "The player left the game."],
  [4401, "unauthorized", "There is no valid token."],
  [4403, "forbidden", "Not allowed for this player."],
  [4409, "session_replaced", "The player logged in through a newer game client session."],
  [4410, "revoked", "The player's access was revoked."],
  [4411, "replaced", "A newer connection of the same type took this one's place."],
  [4422, "protocol_error", "The peer broke the protocol."],
];

/** Every code that dualwire itself uses, by number. */
export const CODES: ReadonlyMap<number, Code> = new Map(
  table.map((row) => [row[0], codeOf(...row)]),
);

/** @param final why there is no coming back; without it there is */
function codeOf(number: number, name: string, final?: string): Code {
  const reason = final ?? `The connection ended: ${name}.`;
  return { number, name, reason, reconnect: final === undefined };
}

/** The code of a number that is certainly in the table. */
export function code(number: 1000 | 1006 | 4005 | 4401): Code {
  return CODES.get(number) as Code;
}

/** Whether it says that nothing proves who asks, or no longer. */
export function isUnproved({ number }: Code): boolean {
  return number === 4401 || number === 4004;
}

/**
 * What a close code that a peer sent means.
 *
 * @param number the peer's code; 1005 when it gave none
 * @param name the peer's reason, used for codes that are not ours
 */
export function codeFor(number: number, name = ""): Code {
  if (number === 1005) return code(1000);
  return CODES.get(number) ?? codeOf(number, name || "peer_code");
}
