/** How one connection ended, or why it did not open. The mirror of `client/ended.py`. */

import { type Code, code, codeFor } from "./codes.js";
import type { JSONObject } from "./json.js";

/** How one connection ended. */
export interface Ending {
  readonly code: Code;
  /** For a person. */
  readonly message: string;
  /** Seconds that the server asked to wait. */
  readonly retryAfter: number | null;
}

/** An ending that nobody announced. */
export function broken(message: string): Ending {
  return ending(code(1006), message);
}

export function ending(code: Code, message = "", retryAfter: number | null = null): Ending {
  return { code, message: message || code.reason, retryAfter };
}

/** What a `bye` says. */
export function farewell({ code, reason, message, retry_after: after }: JSONObject): Ending {
  const number = typeof code === "number" ? code : 1006;
  return ending(codeFor(number, String(reason ?? "")), String(message ?? ""), seconds(after));
}

/** What a close frame says: its reason is `NAME`, or `NAME retry_after=SECONDS`. */
export function closedWith(number: number, reason: string): Ending {
  const [name = "", after] = reason.split(" retry_after=");
  return ending(codeFor(number, name), "", seconds(Number.parseFloat(after ?? "")));
}

/** Seconds that a peer asks to wait, if they are any. */
export function seconds(value: unknown): number | null {
  return typeof value === "number" && value >= 0 ? value : null;
}
