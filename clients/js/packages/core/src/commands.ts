/**
 * Commands: sent until the server has told what became of them, and run at most once.
 * The mirror of `client/commands.py`.
 *
 * The first time a command goes over the WebSocket. Without a reply it is repeated, as a *retry*,
 * by HTTP, then by turns and ever more slowly. The server runs no retry that it does not know, so a
 * repeat can never be a second run.
 */

import type { Environment, Timer } from "./environment.js";
import { isObject, type JSONObject } from "./json.js";
import type { Replied } from "./merge/index.js";
import { Refused, Unreached } from "./server.js";
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
  sentAt: number;
  /** Whether it may have reached the server: what is sent from now on is a retry. */
  perhapsSent: boolean;
  repeats: number;
  pause: number;
  byWebSocket: boolean;
  /** When it is sent again. */
  again: Timer;
  /** When it is given up. */
  end: Timer;
}

/** The commands of one client. */
export class Commands {
  readonly #instance: string;
  readonly #pending = new Map<string, Pending>();
  #count = 0;

  constructor(
    private readonly uplink: Uplink,
    private readonly environment: Environment,
  ) {
    this.#instance = environment.randomId();
  }

  /**
   * Send a command and wait for its outcome.
   *
   * @param timeout seconds; `null` to wait until the client is disconnected
   * @throws MessageTooBigError it is larger than the server allows
   */
  run(body: JSONObject, timeout: number | null): Promise<Reply> {
    this.#count += 1;
    const id = `${this.#instance}.${this.#count}`;
    this.uplink.check(payload({ id, body, perhapsSent: true }));
    return new Promise((resolve) => {
      const pending: Pending = {
        id,
        body,
        resolve,
        sentAt: this.environment.now(),
        perhapsSent: false,
        repeats: 0,
        pause: Math.max(2 * this.uplink.roundTrip, SHORTEST),
        // A WebSocket that brings nothing probably takes nothing to the server either.
        byWebSocket: this.uplink.websocket.degraded === null,
        again: null,
        end: null,
      };
      this.#pending.set(id, pending);
      if (timeout !== null) {
        const reason = `no reply within ${timeout} s`;
        const giveUp = () => this.#giveUp(pending, reason);
        pending.end = this.environment.setTimer(giveUp, timeout * 1000);
      }
      void this.#send(pending);
    });
  }

  /** A connection brought a reply; one that nobody waits for any more is dropped. */
  replied({
    id,
    outcome,
    body,
    reason,
  }: Pick<Replied, "id" | "outcome" | "body" | "reason">): void {
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    // A word of a later version leaves it open what became of it.
    const known = outcome === "done" || outcome === "refused" ? outcome : "unknown";
    this.#settle(pending, known, body, reason);
  }

  /**
   * Seconds since a command was sent whose reply has just come; `null` if it was repeated, because
   * nobody knows which of them was answered (Karn's algorithm).
   */
  roundTrip(id: string): number | null {
    const pending = this.#pending.get(id);
    if (pending === undefined || pending.repeats > 0 || !pending.perhapsSent) return null;
    return this.environment.now() - pending.sentAt;
  }

  /** It is over; what was not answered stays unknown. */
  end(reason: string): void {
    for (const pending of [...this.#pending.values()]) this.#giveUp(pending, reason);
  }

  async #send(pending: Pending): Promise<void> {
    let asked = SHORTEST;
    if (this.uplink.open || pending.perhapsSent) {
      if (pending.perhapsSent) pending.repeats += 1;
      else pending.sentAt = this.environment.now();
      asked = Math.max(pending.pause, await this.#try(pending));
      pending.pause = Math.min(2 * pending.pause, Math.max(pending.pause, LONGEST));
      pending.byWebSocket = !pending.byWebSocket;
    }
    // Without a connection the server would run it for a player who is not there.
    if (this.#pending.has(pending.id)) {
      pending.again = this.environment.setTimer(() => void this.#send(pending), asked * 1000);
    }
  }

  /**
   * Send it once.
   *
   * @returns seconds that the server asked to wait before the next time
   */
  async #try(pending: Pending): Promise<number> {
    const before = pending.perhapsSent;
    const text = payload(pending);
    pending.perhapsSent = true;
    if (pending.byWebSocket && this.uplink.websocket.send(text)) return 0;
    try {
      const answer = await this.uplink.post(text);
      if (answer !== null) this.#answered(pending, answer, before);
    } catch (error) {
      if (error instanceof Refused) {
        pending.perhapsSent = before;
        const { code, message, retryAfter } = error.ending;
        if (!code.reconnect) {
          this.#settle(pending, before ? "unknown" : "refused", null, message);
        }
        return retryAfter ?? 0;
      }
      if (error instanceof Unreached && !error.sent) pending.perhapsSent = before;
      // Else it may have arrived; the next repeat tells.
    }
    return 0;
  }

  #answered(pending: Pending, answer: JSONObject, repeated: boolean): void {
    const { id, type, outcome, body, reason, message } = answer;
    if (type === "error") {
      this.#settle(pending, "refused", null, String(message ?? "not understood"));
    } else if (id === pending.id && (repeated || !this.uplink.open)) {
      // The answer to the first one comes with the player's stream too, after its effects.
      this.replied({
        id: pending.id,
        outcome: String(outcome),
        body: isObject(body) ? body : null,
        reason: typeof reason === "string" ? reason : null,
      });
    }
  }

  #giveUp(pending: Pending, reason: string): void {
    // What was never sent is certainly not done.
    this.#settle(pending, pending.perhapsSent ? "unknown" : "refused", null, reason);
  }

  #settle(
    pending: Pending,
    outcome: Reply["outcome"],
    body: JSONObject | null,
    reason: string | null,
  ): void {
    if (!this.#pending.delete(pending.id)) return;
    this.environment.clearTimer(pending.again);
    this.environment.clearTimer(pending.end);
    pending.resolve({ id: pending.id, outcome, body, reason });
  }
}

function payload({ id, body, perhapsSent }: Pick<Pending, "id" | "body" | "perhapsSent">): string {
  return JSON.stringify({ type: "command", id, ...(perhapsSent && { retry: true }), body });
}
