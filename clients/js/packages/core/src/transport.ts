/** One opening of a connection, as the network sees it. */

import type { Ending } from "./ended.js";

/** Gets what a transport brings. Nothing is called after `ended`, or after `abort`. */
export interface TransportListener {
  /** The text of a frame. */
  text(text: string): void;
  ended(ending: Ending): void;
}

/** What carries a connection. */
export interface Transport {
  /** Send a message; whether the transport was open to take it. */
  send(text: string): boolean;
  /** Let go of the network without waiting for anybody. */
  abort(): void;
}

/** A listener that hears of nothing any more once it was told of the end, or `abort` was called. */
export function once(listener: TransportListener): TransportListener & { over: boolean } {
  return {
    over: false,
    text(text) {
      if (!this.over) listener.text(text);
    },
    ended(ending) {
      if (this.over) return;
      this.over = true;
      listener.ended(ending);
    },
  };
}
