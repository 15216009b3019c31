/**
 * Connections that components share.
 *
 * A connection belongs to the page, not to a component: StrictMode mounts every component twice,
 * fast refresh and a change of route mount it anew, and two components may want the same one. So
 * connections are counted by key, and one that nobody holds is closed a moment later.
 */

import {
  type ConnectionOptions,
  createConnection,
  type GameConnection,
  type Token,
} from "@dualwire/client";

/** Makes a connection; opens nothing. */
export type Create = (options: ConnectionOptions) => GameConnection;

/** Seconds that a connection outlives the last component that held it. */
export const LINGER = 1;

/** One connection and those who hold it. */
export class Shared {
  readonly connection: GameConnection;
  #options: ConnectionOptions;
  #holders = 0;
  #closing: ReturnType<typeof setTimeout> | undefined;

  constructor(
    options: ConnectionOptions,
    create: Create,
    private readonly forget: () => void,
  ) {
    this.#options = options;
    // The token of whoever rendered last: a component that got a fresh one need not reconnect.
    const token = options.token === undefined ? {} : { token: () => give(this.#options.token) };
    this.connection = create({ ...options, ...token });
    this.#closeSoon(LINGER);
  }

  /** Take the options of a later render; only the token can change. */
  renew(options: ConnectionOptions): void {
    if (options.token !== undefined) this.#options = options;
  }

  /**
   * Keep it open.
   *
   * @param linger seconds that it is kept after the last one let go
   * @returns lets go; idempotent
   */
  hold(linger: number): () => void {
    clearTimeout(this.#closing);
    this.#holders += 1;
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.#holders -= 1;
      if (this.#holders === 0) this.#closeSoon(linger);
    };
  }

  #closeSoon(seconds: number): void {
    this.#closing = setTimeout(() => {
      this.forget();
      this.connection.disconnect();
    }, seconds * 1000);
  }
}

const connections = new Map<string, Shared>();

/** The connection of a key, made if there is none. */
export function shared(
  key: string,
  options: ConnectionOptions,
  create: Create = createConnection,
): Shared {
  let found = connections.get(key);
  if (found === undefined) {
    found = new Shared(options, create, () => connections.delete(key));
    connections.set(key, found);
  }
  return found;
}

/** What tells one connection from another, unless the application names a key. */
export function keyOf({ url, query }: ConnectionOptions): string {
  return JSON.stringify([url ?? "", query ?? {}]);
}

function give(token: Token | undefined): string | Promise<string> {
  return typeof token === "function" ? token() : (token ?? "");
}
