/** Everything at one moment, as an application sees it. */

import { keepSame } from "./board.js";
import type { Pair } from "./pair.js";
import type { Receiving } from "./receiving.js";
import type { Session } from "./session.js";
import type { ClientStatus } from "./status.js";
import type { Tally } from "./tally.js";
import type { Snapshot } from "./types.js";

/**
 * Read the parts of a client.
 *
 * @param old the snapshot before; what is equal to a part of it is taken from it
 */
export function readSnapshot(
  old: Snapshot | null,
  { now: status, error, ended }: ClientStatus,
  { player, id: sessionId }: Session,
  { websocket, sse, both }: Pair,
  { rooms, lastEvent, outagesHidden }: Tally,
  { statistics, mismatches }: Receiving,
): Snapshot {
  const connections = { websocket: websocket.info(), sse: sse.info() };
  const figures = {
    ...statistics,
    reconnects: connections.websocket.quality.reconnects + connections.sse.quality.reconnects,
    outagesHidden,
    mismatches,
    firsts: { websocket: websocket.gauge.won, sse: sse.gauge.won },
  };
  return {
    status,
    player,
    sessionId,
    connections: keepSame(old?.connections, connections),
    rooms: keepSame(old?.rooms, [...rooms]),
    lastEvent,
    error,
    ended: status === "ended" ? ended : null,
    reconnectAttempts: Math.max(...both.map((each) => (each.isOpen ? 0 : each.gauge.failures))),
    statistics: keepSame(old?.statistics, figures),
  };
}
