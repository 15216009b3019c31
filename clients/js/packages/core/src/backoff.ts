/** When to try again. The mirror of `client/backoff.py`. */

/** Seconds: the bound of the first wait, doubled by each further failure. */
const FIRST = 0.5;

/** Seconds that a wait is bound by. */
const LONGEST = 20;

/**
 * Seconds to wait before the next try: full jitter, so that clients do not return in step.
 *
 * @param random a number in [0, 1)
 * @param failures tries in a row that came to nothing before this one
 * @param twinLives the other connection is open, so the server is there: the first try is at once
 * @param retryAfter what the server asked for, in seconds; never less
 */
export function delay(
  random: number,
  failures: number,
  twinLives: boolean,
  retryAfter: number | null,
): number {
  const chosen =
    twinLives && failures === 0 ? 0 : random * Math.min(LONGEST, FIRST * 2 ** failures);
  return Math.max(chosen, retryAfter ?? 0);
}

/**
 * The same for a move to another node, while the old connection lives.
 *
 * @param failures tries of this move that came to nothing before the one that just did
 */
export function moveDelay(random: number, failures: number, retryAfter: number | null): number {
  const chosen = failures === 0 ? 0 : random * Math.min(2, 0.1 * 2 ** failures);
  return Math.max(chosen, retryAfter ?? 0);
}
