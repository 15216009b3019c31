/** How well connections do: who is first, and by how much. The mirror of `client/quality.py`. */

import type { Quality } from "./types.js";

/** Entries that wait for the other connection to bring them too. */
const REMEMBERED = 1024;

/** Of a new measurement, as TCP has it (RFC 6298). */
const WEIGHT = 0.125;

/** A mean that follows slowly. */
export function smoothed(before: number | null, measured: number): number {
  return before === null ? measured : before + WEIGHT * (measured - before);
}

/** What is counted and measured of one connection. */
export class Gauge implements Quality {
  roundTrip: number | null = null;
  lag: number | null = null;
  won = 0;
  duplicates = 0;
  /** How often it opened again; moves to another node, which nobody notices, do not count. */
  reconnects = 0;
  failures = 0;
  lastSeen: number | null = null;

  /** A question was answered after so many seconds. */
  measured(roundTrip: number): void {
    this.roundTrip = smoothed(this.roundTrip, roundTrip);
  }
}

/** Measures how far connections lag behind each other. */
export class Race {
  /** What one brought and the other did not yet, oldest first. */
  readonly #first = new Map<string, { readonly runner: Gauge; readonly at: number }>();

  /** A connection brought an entry; `now` in seconds. */
  arrived(runner: Gauge, stream: string, offset: number, now: number): void {
    const key = `${offset} ${stream}`;
    const first = this.#first.get(key);
    if (first === undefined) {
      this.#first.set(key, { runner, at: now });
      if (this.#first.size > REMEMBERED) {
        this.#first.delete(this.#first.keys().next().value as string);
      }
    } else if (first.runner !== runner) {
      runner.lag = smoothed(runner.lag, now - first.at);
      first.runner.lag = smoothed(first.runner.lag, 0);
      // Connections carry one order: what the other brought before that does not come any more.
      this.#forget((each) => each.runner === first.runner && each.at <= first.at);
    }
  }

  /** A connection begins where the client stands: what came before, it will not bring. */
  begins(runner: Gauge): void {
    runner.lag = null;
    this.#forget((each) => each.runner !== runner);
  }

  /** Seconds for which a connection owes something that its twin has brought; 0 if nothing. */
  behind(runner: Gauge, now: number): number {
    for (const each of this.#first.values()) if (each.runner !== runner) return now - each.at;
    return 0;
  }

  #forget(which: (each: { runner: Gauge; at: number }) => boolean): void {
    for (const [key, each] of this.#first) if (which(each)) this.#first.delete(key);
  }
}
