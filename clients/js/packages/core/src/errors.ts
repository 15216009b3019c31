/** What can be thrown. */

import type { Ended } from "./types.js";

/** Of everything that this package throws. */
export class DualwireError extends Error {
  override readonly name: string = "DualwireError";
}

/** It is over, or was never begun; `ended` says why, `null` after `disconnect()`. */
export class EndedError extends DualwireError {
  override readonly name = "EndedError";

  constructor(
    message: string,
    readonly ended: Ended | null,
  ) {
    super(message);
  }
}

/** A message that the server would end the connection for. */
export class MessageTooBigError extends DualwireError {
  override readonly name = "MessageTooBigError";
}

/** A message that did not reach the server, or nobody knows whether it did. */
export class NotSentError extends DualwireError {
  override readonly name = "NotSentError";
}

/** The peer did not speak as the protocol has it. */
export class ProtocolError extends DualwireError {
  override readonly name = "ProtocolError";
}

/** What went wrong, as a sentence. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
