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

const table: readonly (readonly [number, string, string, boolean])[] = [
  [1000, "normal", "The peer closed the connection.", false],
  [1001, "going_away", "The page or the program went away.", true],
  [1006, "peer_gone", "The connection broke without a goodbye.", true],
  [1009, "message_too_big", "A message was larger than the limit.", false],
  [1012, "restart", "The server restarts.", true],
  [4001, "draining", "This node makes room; connect again, elsewhere.", true],
  [4002, "overtaken", "The connection fell behind what history keeps.", true],
  [4003, "stale", "The peer gave no sign of life.", true],
  [4004, "token_expired", "The token expired; refresh it first.", true],
  [4005, "rate_limited", "Too many; try again after retry_after seconds.", true],
  [4400, "logged_out", "The player left the game.", false],
  [4401, "unauthorized", "There is no valid token.", false],
  [4403, "forbidden", "Not allowed for this player.", false],
  [4409, "session_replaced", "The player logged in through a newer game client session.", false],
  [4410, "revoked", "The player's access was revoked.", false],
  [4411, "replaced", "A newer connection of the same type took this one's place.", false],
  [4422, "protocol_error", "The peer broke the protocol.", false],
];

/** Every code that dualwire itself uses, by number. */
export const CODES: ReadonlyMap<number, Code> = new Map(
  table.map(([number, name, reason, reconnect]) => [number, { number, name, reason, reconnect }]),
);

/** The code of a number that is certainly in the table. */
export function code(number: 1000 | 1006 | 4005 | 4401): Code {
  return CODES.get(number) as Code;
}

/**
 * What a close code that a peer sent means.
 *
 * @param number the peer's code; 1005 when it gave none
 * @param name the peer's reason, used for codes that are not ours
 */
export function codeFor(number: number, name = ""): Code {
  if (number === 1005) return code(1000);
  return (
    CODES.get(number) ?? {
      number,
      name: name || "peer_code",
      reason: name || "A code of the peer's own.",
      reconnect: true,
    }
  );
}
