/**
 * Commands: sent until the server has told what became of them, and run at most once.
 * The mirror of `client/commands.py`.
 *
 * The first time a command goes over the WebSocket. Without a reply it is repeated, as a *retry*,
 * by HTTP, then by turns and ever more slowly. The server runs no retry that it does not know, so a
 * repeat can never be a second run.
 */

import type { Environment } from "./environment.js";
import { isObject, type JSONObject } from "./json.js";
import type { Replied } from "./merge/index.js";
import { Refused, Unreached } from "./server.js";
import { createTimer, type OneTimer } from "./timer.js";
import type { Reply } from "./types.js";
import type { Uplink } from "./uplink.js";

/** Seconds to wait for a reply at the least. */
const SHORTEST = 0.25;

/** Seconds between two repeats at the most. */
const LONGEST = 5;

interface Pending {
  readonly id: string;
  readonly body: JSONObject;
  readonly resolve: (reply: Reply) => void;
  /** When it is sent again. */
  readonly again: OneTimer;
  /** When it is given up. */
  readonly end: OneTimer;
  sentAt: number;
  /** Whether it may have reached the server: what is sent from now on is a retry. */
  perhapsSent: boolean;
  repeats: number;
  pause: number;
  byWebSocket: boolean;
}

/** What {@link createCommands} makes. */
export type Commands = ReturnType<typeof createCommands>;

/** The commands of one client. */
export function createCommands(uplink: Uplink, environment: Environment) {
  const instance = environment.randomId();
  const all = new Map<string, Pending>();
  let count = 0;

  const settle = (
    { id, again, end, resolve }: Pending,
    outcome: Reply["outcome"],
    body: JSONObject | null,
    reason: string | null,
  ): void => {
    if (!all.delete(id)) return;
    again.clear();
    end.clear();
    resolve({ id, outcome, body, reason });
  };

  const giveUp = (pending: Pending, reason: string): void =>
    // What was never sent is certainly not done.
    settle(pending, pending.perhapsSent ? "unknown" : "refused", null, reason);

  /** A connection brought a reply; one that nobody waits for any more is dropped. */
  const replied = ({
    id,
    outcome,
    body,
    reason,
  }: Pick<Replied, "id" | "outcome" | "body" | "reason">): void => {
    const pending = all.get(id);
    if (pending === undefined) return;
    // A word of a later version leaves it open what became of it.
    const known = outcome === "done" || outcome === "refused" ? outcome : "unknown";
    settle(pending, known, body, reason);
  };

  const answered = (pending: Pending, answer: JSONObject, repeated: boolean): void => {
    const { id, type, outcome, body, reason, message } = answer;
    if (type === "error") {
      settle(pending, "refused", null, String(message ?? "not understood"));
    } else if (id === pending.id && (repeated || !uplink.open)) {
      // The answer to the first one comes with the player's stream too, after its effects.
      replied({
        id: pending.id,
        outcome: String(outcome),
        body: isObject(body) ? body : null,
        reason: typeof reason === "string" ? reason : null,
      });
    }
  };

  /**
   * Send it once.
   *
   * @returns seconds that the server asked to wait before the next time
   */
  const attempt = async (pending: Pending): Promise<number> => {
    const before = pending.perhapsSent;
    const text = payload(pending);
    pending.perhapsSent = true;
    if (pending.byWebSocket && uplink.websocket.send(text)) return 0;
    try {
      const answer = await uplink.post(text);
      if (answer !== null) answered(pending, answer, before);
    } catch (error) {
      if (error instanceof Refused) {
        pending.perhapsSent = before;
        const { code, message, retryAfter } = error.ending;
        if (!code.reconnect) settle(pending, before ? "unknown" : "refused", null, message);
        return retryAfter ?? 0;
      }
      if (error instanceof Unreached && !error.sent) pending.perhapsSent = before;
      // Else it may have arrived; the next repeat tells.
    }
    return 0;
  };

  const send = async (pending: Pending): Promise<void> => {
    let wait = SHORTEST;
    if (uplink.open || pending.perhapsSent) {
      if (pending.perhapsSent) pending.repeats += 1;
      else pending.sentAt = environment.now();
      wait = Math.max(pending.pause, await attempt(pending));
      pending.pause = Math.min(2 * pending.pause, Math.max(pending.pause, LONGEST));
      pending.byWebSocket = !pending.byWebSocket;
    }
    // Without a connection the server would run it for a player who is not there.
    if (all.has(pending.id)) pending.again.start(wait, () => void send(pending));
  };

  return {
    replied,

    /**
     * Send a command and wait for its outcome.
     *
     * @param timeout seconds; `null` to wait until the client is disconnected
     * @throws MessageTooBigError it is larger than the server allows
     */
    run(body: JSONObject, timeout: number | null): Promise<Reply> {
      count += 1;
      const id = `${instance}.${count}`;
      uplink.check(payload({ id, body, perhapsSent: true }));
      return new Promise((resolve) => {
        const pending: Pending = {
          id,
          body,
          resolve,
          again: createTimer(environment),
          end: createTimer(environment),
          sentAt: 0,
          perhapsSent: false,
          repeats: 0,
          pause: Math.max(2 * uplink.roundTrip, SHORTEST),
          // A WebSocket that brings nothing probably takes nothing to the server either.
          byWebSocket: uplink.websocket.degraded === null,
        };
        all.set(id, pending);
        if (timeout !== null) {
          pending.end.start(timeout, () => giveUp(pending, `no reply within ${timeout} s`));
        }
        void send(pending);
      });
    },

    /**
     * Seconds since a command was sent whose reply has just come; `null` if it was repeated, because
     * nobody knows which of them was answered (Karn's algorithm).
     */
    roundTrip(id: string): number | null {
      const pending = all.get(id);
      if (pending === undefined || pending.repeats > 0 || !pending.perhapsSent) return null;
      return environment.now() - pending.sentAt;
    },

    /** It is over; what was not answered stays unknown. */
    end(reason: string): void {
      for (const pending of [...all.values()]) giveUp(pending, reason);
    },
  };
}

function payload({ id, body, perhapsSent }: Pick<Pending, "id" | "body" | "perhapsSent">): string {
  return JSON.stringify({ type: "command", id, ...(perhapsSent && { retry: true }), body });
}
