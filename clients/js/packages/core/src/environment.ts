/** The world around: clock, chance, network, storage, and what the browser tells of the page. */

import { attempt } from "./json.js";

/** What a client uses of the world. Every part can be replaced, see `testing`. */
export interface Environment {
  /** Seconds of a clock that never goes back. */
  readonly now: () => number;
  /** Milliseconds since 1970. */
  readonly wall: () => number;
  /** A number in [0, 1). */
  readonly random: () => number;
  /** As `setTimeout` and `clearTimeout` do; milliseconds. Clearing `null` does nothing. */
  readonly setTimer: (work: () => void, milliseconds: number) => Timer;
  readonly clearTimer: (timer: Timer) => void;
  readonly fetch: typeof globalThis.fetch;
  readonly WebSocket: typeof globalThis.WebSocket;
  /** 96 random bits or more as text of `[A-Za-z0-9_-]`. */
  readonly randomId: () => string;
  /** Shared by all tabs; `null` where there is none. */
  readonly localStorage: Store | null;
  /** Of this tab alone. */
  readonly sessionStorage: Store | null;
  /** The Web Locks API. */
  readonly locks: Pick<LockManager, "request"> | null;
  /** Where `visibilitychange` happens. */
  readonly document: (EventTarget & { readonly visibilityState: string }) | null;
  /** Where `pageshow`, `pagehide`, `online`, `offline`, `freeze` and `storage` happen. */
  readonly window: EventTarget | null;
  /** The page's own origin; `""` outside of a browser. */
  readonly origin: string;
  /** The protocol that the browser speaks with an origin (`h2`, `http/1.1`); `""` if unknown. */
  readonly protocolOf: (origin: string) => string;
}

/** What `setTimer` returns. */
export type Timer = unknown;

/** What is used of `Storage`. */
export type Store = Pick<Storage, "getItem" | "setItem" | "removeItem">;

/** The browser's; outside of a browser, as much of it as there is. */
export function browser(): Environment {
  const found = globalThis as Partial<typeof globalThis>;
  const page = found.document ?? null;
  // Reading it throws where the user forbids storage.
  const storage = (name: "localStorage" | "sessionStorage"): Store | null =>
    page && (attempt(() => found[name]) ?? null);
  return {
    now: () => performance.now() / 1000,
    wall: () => Date.now(),
    random: () => Math.random(),
    setTimer: (work, milliseconds) => setTimeout(work, milliseconds),
    clearTimer: (timer) => clearTimeout(timer as undefined),
    fetch: (input, init) => fetch(input, init),
    WebSocket: found.WebSocket as typeof WebSocket,
    randomId: () => crypto.getRandomValues(new Uint32Array(3)).join("-"),
    localStorage: storage("localStorage"),
    sessionStorage: storage("sessionStorage"),
    locks: page && (found.navigator?.locks ?? null),
    document: page,
    window: page && window,
    origin: found.location?.origin ?? "",
    protocolOf,
  };
}

function protocolOf(origin: string): string {
  const entries = performance.getEntries() as PerformanceResourceTiming[];
  const known = entries.filter((it) => it.nextHopProtocol && it.name.startsWith(`${origin}/`));
  return known.pop()?.nextHopProtocol ?? "";
}
