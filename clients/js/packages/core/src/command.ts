/** One command, from its first sending to its outcome. */

import type { Environment } from "./environment.js";
import { isObject, type JSONObject } from "./json.js";
import { Refused, Unreached } from "./server.js";
import { createTimer } from "./timer.js";
import type { Reply } from "./types.js";
import type { Uplink } from "./uplink.js";

/** Seconds to wait for a reply at the least. */
const SHORTEST = 0.25;

/** Seconds between two repeats at the most. */
const LONGEST = 5;

/** What {@link startCommand} makes. */
export type Command = ReturnType<typeof startCommand>;

/**
 * Send a command until it has an outcome.
 *
 * @param timeout seconds; `null` to wait until it is given up
 * @param done called once, with the outcome
 * @throws MessageTooBigError it is larger than the server allows
 */
export function startCommand(
  id: string,
  body: JSONObject,
  timeout: number | null,
  uplink: Uplink,
  environment: Environment,
  done: (reply: Reply) => void,
) {
  const again = createTimer(environment);
  const end = createTimer(environment);
  let over = false;
  let sentAt = 0;
  /** Whether it may have reached the server: what is sent from now on is a retry. */
  let perhapsSent = false;
  let repeats = 0;
  let pause = Math.max(2 * uplink.roundTrip, SHORTEST);
  // A WebSocket that brings nothing probably takes nothing to the server either.
  let byWebSocket = uplink.websocket.degraded === null;

  const payload = (retry: boolean): string =>
    JSON.stringify({ type: "command", id, ...(retry && { retry }), body });

  const settle = (
    outcome: Reply["outcome"],
    body: JSONObject | null,
    reason: string | null,
  ): void => {
    if (over) return;
    over = true;
    again.clear();
    end.clear();
    done({ id, outcome, body, reason });
  };

  /** It is over; what was never sent is certainly not done. */
  const giveUp = (reason: string): void =>
    settle(perhapsSent ? "unknown" : "refused", null, reason);

  /** The server has told the outcome; a word of a later version leaves it open what it is. */
  const replied = ({
    outcome,
    body,
    reason,
  }: {
    readonly outcome?: unknown;
    readonly body?: unknown;
    readonly reason?: unknown;
  }): void =>
    settle(
      outcome === "done" || outcome === "refused" ? outcome : "unknown",
      isObject(body) ? body : null,
      typeof reason === "string" ? reason : null,
    );

  /**
   * Send it once.
   *
   * @returns seconds that the server asked to wait before the next time
   */
  const attempt = async (): Promise<number> => {
    const before = perhapsSent;
    const text = payload(before);
    perhapsSent = true;
    if (byWebSocket && uplink.websocket.send(text)) return 0;
    try {
      const answer = await uplink.post(text);
      if (answer?.type === "error") {
        settle("refused", null, String(answer.message ?? "not understood"));
      } else if (answer?.id === id && (before || !uplink.open)) {
        // The answer to the first one comes with the player's stream too, after its effects.
        replied(answer);
      }
    } catch (error) {
      if (error instanceof Refused) {
        perhapsSent = before;
        const { code, message, retryAfter } = error.ending;
        if (!code.reconnect) giveUp(message);
        return retryAfter ?? 0;
      }
      if (error instanceof Unreached && !error.sent) perhapsSent = before;
      // Else it may have arrived; the next repeat tells.
    }
    return 0;
  };

  const send = async (): Promise<void> => {
    let wait = SHORTEST;
    if (uplink.open || perhapsSent) {
      if (perhapsSent) repeats += 1;
      else sentAt = environment.now();
      wait = Math.max(pause, await attempt());
      pause = Math.min(2 * pause, Math.max(pause, LONGEST));
      byWebSocket = !byWebSocket;
    }
    // Without a connection the server would run it for a player who is not there.
    if (!over) again.start(wait, send);
  };

  uplink.check(payload(true));
  if (timeout !== null) end.start(timeout, () => giveUp(`no reply within ${timeout} s`));
  void send();

  return {
    giveUp,
    replied,

    /**
     * Seconds since it was sent, when its reply has just come; `null` if it was repeated, because
     * nobody knows which of them was answered (Karn's algorithm).
     */
    roundTrip: (): number | null =>
      repeats > 0 || !perhapsSent ? null : environment.now() - sentAt,
  };
}
