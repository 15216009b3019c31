/** What an application may set. */

import type { Environment } from "./environment.js";
import type { Cursor } from "./types.js";

/** A token, or a function that gives a fresh one whenever the old one no longer serves. */
export type Token = string | (() => string | Promise<string>);

/**
 * Whether the digest of an event frame fits its text.
 *
 * @param frame the whole frame
 */
export type DigestCheck = (frame: string, digest: unknown) => boolean;

/** See {@link createConnection}. */
export interface ConnectionOptions {
  /** Where the server is, `https://game.example` or with a path; default: where the page is from. */
  readonly url?: string;
  /** Default: none, the server's cookie tells who the player is. */
  readonly token?: Token;
  /**
   * The session. Default: the one that all tabs of this browser share for the player, made when
   * there is none.
   */
  readonly sessionId?: string;
  /** Where to go on, from `GameConnection.cursor()`; default: what this tab had before a reload. */
  readonly cursor?: Cursor;
  /**
   * Keep the session's id in `localStorage` and this tab's cursor in `sessionStorage`, so that a
   * reload resumes; default true.
   */
  readonly persist?: boolean;
  /**
   * Let one tab of this browser alone hold the event stream, because over HTTP/1.1 a browser opens
   * at most six connections to a server; default `"auto"`: unless the server speaks HTTP/2 or 3.
   */
  readonly sharesEventStream?: boolean | "auto";
  /**
   * Ask for a digest of every event and compare it: `checkDigest` of `@dualwire/client/digest`;
   * default: no digests. What was changed on its way is fetched again, and told as an `error`.
   */
  readonly checkDigest?: DigestCheck;
  /** Further query parameters of both connections, for example event filters. */
  readonly query?: Readonly<Record<string, string>>;
  /** Clock, chance, network and storage, for tests; default: the browser's. */
  readonly environment?: Partial<Environment>;
}
