/** What the hook gives of a snapshot, in the shapes that its users know. */

import type { ConnectionType, Health, Snapshot } from "@dualwire/client";

/** How both connections are. */
export interface ConnectionHealth {
  readonly websocket: Health;
  readonly sse: Health;
  /** When either last gave a sign of life: milliseconds since 1970, `null` before the first. */
  readonly lastHealthCheck: number | null;
}

/** Which connections there are. */
export interface ConnectionMetadata {
  /** What the server calls them; `null` while one is not open. */
  readonly websocketConnectionId: string | null;
  readonly sseConnectionId: string | null;
  /** How many are open. */
  readonly totalConnections: number;
  readonly connectionTypes: readonly ConnectionType[];
}

const TYPES: readonly ConnectionType[] = ["websocket", "sse"];

/** The health of both connections. */
export function healthOf({ connections: { websocket, sse } }: Snapshot): ConnectionHealth {
  const seen = Math.max(websocket.quality.lastSeen ?? 0, sse.quality.lastSeen ?? 0);
  return {
    websocket: websocket.health,
    sse: sse.health,
    lastHealthCheck: seen === 0 ? null : seen,
  };
}

/** The open connections. */
export function metadataOf({ connections }: Snapshot): ConnectionMetadata {
  const open = TYPES.filter((type) => connections[type].state === "open");
  const idOf = (type: ConnectionType) => (open.includes(type) ? connections[type].id : null);
  return {
    websocketConnectionId: idOf("websocket"),
    sseConnectionId: idOf("sse"),
    totalConnections: open.length,
    connectionTypes: open,
  };
}
