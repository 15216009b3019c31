/** What one of a client's two connections is for the rest of the client, and what it asks of it. */

import type { Ending } from "./ended.js";
import type { JSONObject } from "./json.js";
import type { Life } from "./life.js";
import type { Gauge } from "./quality.js";
import type { TransportListener } from "./transport.js";
import type { ConnectionInfo, ConnectionState, ConnectionType, Degraded, Fault } from "./types.js";

/** What becomes of what a connection brings. */
export interface Owner {
  /** Open a transport for a life, unless the life is over by then; fills in its proof. */
  open(connection: ClientConnection, life: Life, listener: TransportListener): Promise<void>;
  /** The server said `hello`. */
  greeted(connection: ClientConnection, life: Life, hello: JSONObject): void;
  /**
   * A frame came.
   *
   * @throws ProtocolError it is not as the protocol has it
   */
  take(connection: ClientConnection, life: Life, frame: JSONObject, text: string): void;
  /** A life ended after its `hello`. */
  left(life: Life): void;
  /** Whether there may be another life after this end. */
  mayReturn(connection: ClientConnection, life: Life, ending: Ending): boolean;
  /** There may not. */
  over(connection: ClientConnection, ending: Ending): void;
  /** Its state, health or fault is another one now. */
  changed(connection: ClientConnection): void;
}

/** A connection of one type, kept open until told otherwise. */
export interface ClientConnection {
  readonly type: ConnectionType;
  /** The other connection; set by the client. */
  twin: ClientConnection;
  readonly state: ConnectionState;
  readonly isOpen: boolean;
  readonly id: string | null;
  readonly error: string | null;
  degraded: Degraded | null;
  readonly fault: Fault | null;
  readonly gauge: Gauge;
  readonly life: Life | null;
  /** Open, and stay open. Idempotent. */
  start(): void;
  /** End, and stay closed. Idempotent. */
  stop(state?: "closed" | "standby"): void;
  /** End the current life; another begins as after any loss. */
  drop(message?: string): void;
  /** End the current life and begin another at once. */
  reopen(): void;
  /** Try at once if the next try waits for its time. */
  hurry(): void;
  /**
   * The network is another one: what is being opened is begun anew, because nobody will answer it,
   * and what is open is replaced without a gap, because it may be dead and not know it.
   */
  renew(): void;
  /** Send a message; whether the connection was open to take it. */
  send(text: string): boolean;
  /** Open another one, and end this one as soon as the other is open. Idempotent. */
  replace(): void;
  spoil(fault: Fault | null): void;
  info(): ConnectionInfo;
}
