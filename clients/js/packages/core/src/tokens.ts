/**
 * The player's token: given once, or fetched anew whenever the old one no longer serves.
 * The mirror of `client/tokens.py`.
 */

import type { Environment, Timer } from "./environment.js";
import { isObject, readObject } from "./json.js";
import type { Token } from "./options.js";

/** Seconds before a token expires at which the next one is sent; less for short-lived ones. */
const REFRESH_BEFORE = 30;

/** Seconds between two tokens at the least. */
const SHORTEST = 1;

/** Seconds after which a refresh that failed is tried again. */
const AGAIN = 5;

/** Seconds that a timer can wait (a signed number of 32 bits, in milliseconds). */
const LONGEST_TIMER = 2_000_000;

/** Gives the token for each request; `null` where a cookie tells who the player is. */
export class Tokens {
  #current: string | null = null;
  #fetching: Promise<string> | null = null;
  /** Whether the current one came after one that was refused. */
  #second = false;
  #timer: Timer | null = null;
  readonly #source: (() => string | Promise<string>) | null;

  /** @param send brings a message to the server */
  constructor(
    token: Token | undefined,
    private readonly environment: Environment,
    private readonly send: (message: { type: string; token: string }) => Promise<unknown>,
  ) {
    this.#source = typeof token === "function" ? token : null;
    if (typeof token === "string") this.#current = token;
  }

  /**
   * The token to use now.
   *
   * @throws whatever the application's function throws
   */
  async current(): Promise<string | null> {
    return this.#current ?? (this.#source === null ? null : this.#fetch(this.#source));
  }

  /** The server took the current one. */
  accepted(): void {
    this.#second = false;
  }

  /**
   * The server did not take a token: once, a fresh one is fetched by whoever asks next.
   *
   * @returns whether there is another one to try
   */
  refused(token: string | null): boolean {
    if (this.#source === null) return false;
    if (token !== this.#current) return true;
    if (this.#second) return false;
    this.#second = true;
    this.#current = null;
    return true;
  }

  /** After an end: begin anew, with a fresh token if one can be had. */
  forget(): void {
    this.#second = false;
    if (this.#source !== null) this.#current = null;
  }

  /** Give the server a fresh token each time before the old one expires. */
  startRefreshing(): void {
    this.stopRefreshing();
    const expires = this.#current === null ? null : expiresAt(this.#current);
    if (this.#source === null || expires === null) return;
    const left = expires - this.environment.wall() / 1000;
    this.#in(Math.max(SHORTEST, left - Math.min(REFRESH_BEFORE, left / 5)));
  }

  stopRefreshing(): void {
    this.environment.clearTimer(this.#timer);
    this.#timer = null;
  }

  #in(seconds: number): void {
    this.#timer = this.environment.setTimer(
      () => void this.#refresh(),
      Math.min(seconds, LONGEST_TIMER) * 1000,
    );
  }

  async #refresh(): Promise<void> {
    try {
      if (this.#source === null) return;
      const token = await this.#fetch(this.#source);
      await this.send({ type: "refresh", token });
      this.startRefreshing();
    } catch {
      // The connections need one too, and say so in their `error`.
      this.#in(AGAIN);
    }
  }

  /** Both connections may ask at once: that is one fetch. */
  #fetch(source: () => string | Promise<string>): Promise<string> {
    this.#fetching ??= (async () => {
      try {
        this.#current = await source();
        return this.#current;
      } finally {
        this.#fetching = null;
      }
    })();
    return this.#fetching;
  }
}

/**
 * Seconds since 1970 at which a JSON Web Token expires; `null` if it does not say so. Nothing is
 * verified: this only decides when to fetch the next one.
 */
export function expiresAt(token: string): number | null {
  const [, claims = ""] = token.split(".");
  try {
    const read = readObject(atob(claims.replace(/-/g, "+").replace(/_/g, "/")));
    return isObject(read) && typeof read.exp === "number" ? read.exp : null;
  } catch {
    return null;
  }
}
