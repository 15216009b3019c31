/** What {@link createConnection} returns. */

import type { JSONObject } from "./json.js";
import type {
  CommandOptions,
  ConnectionType,
  Cursor,
  Events,
  Fault,
  Reply,
  Snapshot,
} from "./types.js";

/** For a try: what is done to a connection on this side. */
export interface Debug {
  /**
   * End a connection as if it were lost; it is opened again as after any loss.
   * A no-op while it is not open.
   */
  drop(type: ConnectionType): void;
  /** End a connection and keep it closed until {@link Debug.restore}. */
  cut(type: ConnectionType): void;
  /**
   * Keep a connection, and let nothing pass in either direction until {@link Debug.restore}: what
   * came meanwhile is lost. Its pings go unanswered, so the server ends it after a while.
   */
  swallow(type: ConnectionType): void;
  /** Undo `cut` and `swallow`. A swallowed connection is opened anew: it has missed something. */
  restore(type: ConnectionType): void;
  /** What is being done to a connection. */
  fault(type: ConnectionType): Fault | null;
}

/** A player's WebSocket and event stream as one; see {@link createConnection}. */
export interface GameConnection {
  /** For a try. */
  readonly debug: Debug;

  /**
   * Connect, and stay connected until `disconnect()` or until the server says that it is over.
   * Idempotent. Also the way to go on after an end that `Ended.canTakeBack` does not speak of, for
   * example after a new login.
   *
   * @returns resolves when the first connection is open
   * @throws EndedError (as a rejection) when the server refuses for good, or `disconnect()` is called
   */
  connect(): Promise<void>;

  /**
   * End both connections. Commands without an answer become `unknown`, or `refused` if they were
   * never sent. The session stays: `connect()` goes on in it. Idempotent.
   */
  disconnect(): void;

  /**
   * Have the server do something, at most once, and learn what became of it. Waits for a
   * connection; repeats over the other one; never runs twice. Never rejects for reasons of the
   * network: that is what the outcome `unknown` is for.
   *
   * @throws MessageTooBigError (as a rejection) the body is larger than the server allows
   */
  sendCommand(body: JSONObject, options?: CommandOptions): Promise<Reply>;

  /**
   * Send a message without a number. Nothing repeats it; what is answered comes as `direct`.
   *
   * @throws MessageTooBigError, EndedError, NotSentError (as rejections)
   */
  send(message: JSONObject): Promise<void>;

  /**
   * Make a new session and move both connections to it. It takes over: whatever other client the
   * player has is ended. This is "take it back" after `session_replaced`.
   *
   * @returns its id
   */
  createNewSession(): Promise<string>;

  /** Move both connections to a session. The cursor stays: nothing is missed or repeated. */
  switchToSession(sessionId: string): Promise<void>;

  /** Everything at this moment; the same object until something changes. */
  getSnapshot(): Snapshot;

  /**
   * Be called after each change of the snapshot. Changes of one turn are told once; figures alone
   * (quality, statistics) at most four times a second.
   *
   * @returns ends it
   */
  subscribe(listener: () => void): () => void;

  /**
   * Listen to one kind of thing, see {@link Events}. Called in order, synchronously; an exception
   * of a listener is reported as an `error` (reason `listener`) and stops nothing.
   *
   * @returns ends it
   */
  on<Name extends keyof Events>(name: Name, listener: (value: Events[Name]) => void): () => void;

  /** Where to go on: everything before has been given to the listeners. */
  cursor(): Cursor;

  /** Try at once what waits for its turn, and see whether open connections still live. */
  wake(): void;
}
