/** Where the client as a whole stands, what went wrong last, and the promise of `connect()`. */

import type { ClientConnection } from "./client_connection.js";
import type { Emitter } from "./emitter.js";
import type { Environment } from "./environment.js";
import type { ConnectionType, Ended, Problem, Status } from "./types.js";

/** What {@link createClientStatus} makes. */
export type ClientStatus = ReturnType<typeof createClientStatus>;

/** @param changed called when the snapshot is another one */
export function createClientStatus({ wall }: Environment, emitter: Emitter, changed: () => void) {
  let settle: (error?: Error) => void = () => {};

  const enter = (next: Status, reason: string): void => {
    const before = status.now;
    status.now = next;
    if (before === "connected" && next !== "connected") emitter.emit("disconnected", { reason });
    changed();
  };

  const status = {
    /** How it came, or is about to come, to an end. */
    ended: null as Ended | null,
    error: null as Problem | null,
    /** Settled once the first connection is open, or none will be. */
    entered: Promise.resolve(),

    now: "idle" as Status,

    /** Whether connections are wanted. */
    get isActive(): boolean {
      return status.now !== "idle" && status.now !== "ended";
    },

    /** The application wants to be connected. */
    begin(): void {
      status.ended = status.error = null;
      status.now = "connecting";
      status.entered = new Promise((resolve, reject) => {
        settle = (error) => (error ? reject(error) : resolve());
      });
      // Who does not wait for it hears of it by the snapshot.
      status.entered.catch(() => {});
      changed();
    },

    stop: enter as (next: "idle" | "ended", reason: string) => void,

    /** `connect()` has come to something, or to nothing; a no-op if it has before. */
    settle: (error?: Error): void => settle(error),

    /** A connection's state is another one now. */
    judge({ type, twin, isOpen, error }: ClientConnection, sessionId: string): void {
      if (isOpen && status.now !== "connected") {
        enter("connected", "");
        emitter.emit("connected", { sessionId, by: type });
        settle();
      } else if (!isOpen && !twin.isOpen && status.now === "connected") {
        enter("reconnecting", error ?? "The connection was lost.");
      }
      if (isOpen && (twin.isOpen || twin.state === "standby")) status.error = null;
    },

    problem(reason: string, message: string, connection: ConnectionType | null): void {
      status.error = { reason, message, connection, at: wall() };
      // A listener of errors that fails is not told of its own failure.
      if (!message.startsWith("A listener of error ")) emitter.emit("error", status.error);
      changed();
    },
  };

  return status;
}
