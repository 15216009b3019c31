/** What a server renders, where nothing is connected. */

import type { ConnectionInfo, ConnectionType, Snapshot } from "@dualwire/client";

export const IDLE: Snapshot = Object.freeze({
  status: "idle",
  player: null,
  sessionId: null,
  connections: { websocket: closed("websocket"), sse: closed("sse") },
  rooms: [],
  lastEvent: null,
  error: null,
  ended: null,
  reconnectAttempts: 0,
  statistics: {
    delivered: 0,
    duplicates: 0,
    dropped: 0,
    gaps: 0,
    reconnects: 0,
    outagesHidden: 0,
    mismatches: 0,
    firsts: { websocket: 0, sse: 0 },
  },
});

function closed(type: ConnectionType): ConnectionInfo {
  return {
    type,
    id: null,
    state: "closed",
    since: 0,
    health: "unknown",
    degraded: null,
    retryAt: null,
    error: null,
    fault: null,
    quality: {
      roundTrip: null,
      lag: null,
      won: 0,
      duplicates: 0,
      reconnects: 0,
      failures: 0,
      lastSeen: null,
    },
  };
}
