/**
 * A WebSocket and an event stream as one connection.
 *
 * ```ts
 * const connection = createConnection({ token: () => fetchToken() });
 * connection.on("event", ({ event }) => print(event));
 * connection.on("gap", ({ stream }) => print(`Something was missed in ${stream}.`));
 * await connection.connect();
 * const reply = await connection.sendCommand({ command: "look" });
 * ```
 */

export { createConnection } from "./client.js";
export { CODES, type Code, codeFor } from "./codes.js";
export type { Environment, Store, Timer } from "./environment.js";
export {
  DualwireError,
  EndedError,
  MessageTooBigError,
  NotSentError,
  ProtocolError,
} from "./errors.js";
export type { Debug, GameConnection } from "./game_connection.js";
export type { JSONObject, JSONValue } from "./json.js";
export type { ConnectionOptions, DigestCheck, Token } from "./options.js";
export type {
  CommandOptions,
  ConnectionInfo,
  ConnectionState,
  ConnectionType,
  Cursor,
  Degraded,
  Delivered,
  Direct,
  Duplicate,
  Ended,
  Entered,
  Events,
  Fault,
  Gap,
  Health,
  Item,
  Left,
  Problem,
  Quality,
  Reply,
  Snapshot,
  Statistics,
  Status,
  Warning,
} from "./types.js";
