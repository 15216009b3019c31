/** One opening of a connection, as the network sees it. */

import type { Ending } from "./ended.js";

/** Gets what a transport brings; whose life is over, listens no more (see {@link Life.over}). */
export interface TransportListener {
  /** The text of a frame. */
  readonly text: (text: string) => void;
  readonly ended: (ending: Ending) => void;
}

/** What carries a connection. */
export interface Transport {
  /** Send a message; whether the transport was open to take it. */
  send(text: string): boolean;
  /** Let go of the network without waiting for anybody. */
  abort(): void;
}
