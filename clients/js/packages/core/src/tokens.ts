/**
 * The player's token: given once, or fetched anew whenever the old one no longer serves.
 * The mirror of `client/tokens.py`.
 */

import type { Environment } from "./environment.js";
import { attempt, readObject } from "./json.js";
import type { Token } from "./options.js";
import { createTimer } from "./timer.js";

/** Seconds before a token expires at which the next one is sent; less for short-lived ones. */
const REFRESH_BEFORE = 30;

/** Seconds between two tokens at the least. */
const SHORTEST = 1;

/** Seconds after which a refresh that failed is tried again. */
const AGAIN = 5;

/** Seconds that a timer can wait (a signed number of 32 bits, in milliseconds). */
const LONGEST_TIMER = 2_000_000;

/** What {@link createTokens} makes. */
export type Tokens = ReturnType<typeof createTokens>;

/**
 * Gives the token for each request; `null` where a cookie tells who the player is.
 *
 * @param send brings a message to the server
 */
export function createTokens(
  token: Token | undefined,
  environment: Environment,
  send: (message: { type: string; token: string }) => Promise<unknown>,
) {
  const source = typeof token === "function" ? token : null;
  const timer = createTimer(environment);
  let current: string | null = typeof token === "string" ? token : null;
  let fetching: Promise<string> | null = null;
  /** Whether the current one came after one that was refused. */
  let second = false;

  /** Both connections may ask at once: that is one fetch. */
  const fetchToken = (fresh: () => string | Promise<string>): Promise<string> => {
    fetching ??= (async () => {
      try {
        current = await fresh();
        return current;
      } finally {
        fetching = null;
      }
    })();
    return fetching;
  };

  const refreshIn = (seconds: number): void => {
    timer.start(Math.min(seconds, LONGEST_TIMER), async () => {
      try {
        if (source === null) return;
        await send({ type: "refresh", token: await fetchToken(source) });
        startRefreshing();
      } catch {
        // The connections need one too, and say so in their `error`.
        refreshIn(AGAIN);
      }
    });
  };

  /** Give the server a fresh token each time before the old one expires. */
  const startRefreshing = (): void => {
    timer.clear();
    const expires = current === null ? null : expiresAt(current);
    if (source === null || expires === null) return;
    const left = expires - environment.wall() / 1000;
    refreshIn(Math.max(SHORTEST, left - Math.min(REFRESH_BEFORE, left / 5)));
  };

  return {
    /**
     * The token to use now.
     *
     * @throws whatever the application's function throws
     */
    async current(): Promise<string | null> {
      return current ?? (source && fetchToken(source));
    },

    /** The server took the current one. */
    accepted(): void {
      second = false;
    },

    /**
     * The server did not take a token: once, a fresh one is fetched by whoever asks next.
     *
     * @returns whether there is another one to try
     */
    refused(token: string | null): boolean {
      if (source === null) return false;
      if (token !== current) return true;
      if (second) return false;
      second = true;
      current = null;
      return true;
    },

    /** After an end: begin anew, with a fresh token if one can be had. */
    forget(): void {
      second = false;
      if (source !== null) current = null;
    },

    startRefreshing,
    stopRefreshing: timer.clear,
  };
}

/**
 * Seconds since 1970 at which a JSON Web Token expires; `null` if it does not say so. Nothing is
 * verified: this only decides when to fetch the next one.
 */
export function expiresAt(token: string): number | null {
  const [, claims = ""] = token.split(".");
  const text = attempt(() => atob(claims.replace(/-/g, "+").replace(/_/g, "/")));
  const exp = readObject(text ?? "")?.exp;
  return typeof exp === "number" ? exp : null;
}
