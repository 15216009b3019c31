/**
 * React hooks over `@dualwire/client`.
 *
 * ```tsx
 * const { isConnected, sendCommand } = useGameConnection({ authToken, onEvent: print });
 * ```
 */

export type { Create } from "./sharing.js";
export {
  type GameConnectionCallbacks,
  type GameConnectionOptions,
  type GameConnectionState,
  useGameConnection,
} from "./useGameConnection.js";
export {
  type PresenceChange,
  type PresenceReader,
  readPresence,
  usePresence,
} from "./usePresence.js";
export { type RoomOptions, type RoomState, useRoom } from "./useRoom.js";
export type { ConnectionHealth, ConnectionMetadata } from "./views.js";
