/** The world around: clock, chance, network, storage, and what the browser tells of the page. */

/** What a client uses of the world. Every part can be replaced, see `testing`. */
export interface Environment {
  /** Seconds of a clock that never goes back. */
  readonly now: () => number;
  /** Milliseconds since 1970. */
  readonly wall: () => number;
  /** A number in [0, 1). */
  readonly random: () => number;
  /** As `setTimeout` and `clearTimeout` do; milliseconds. */
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
