/** How the page speaks of connections. */

import type { ConnectionInfo, ConnectionType, Snapshot } from "@dualwire/client";

export const TYPES: readonly ConnectionType[] = ["websocket", "sse"];

export const NAMES: Readonly<Record<ConnectionType, string>> = {
  websocket: "WebSocket",
  sse: "Event stream",
};

/** The connections that are open. */
export function openOf(snapshot: Snapshot): readonly ConnectionType[] {
  return TYPES.filter((type) => snapshot.connections[type].state === "open");
}

/** How a connection is, in a word or two. */
export function stateOf({ state, fault, degraded, retryAt }: ConnectionInfo): string {
  if (fault === "cut") return "cut";
  if (fault === "swallow") return state === "open" ? "swallows everything" : "swallowed";
  if (state === "standby") return "held by another tab";
  if (state === "open") {
    if (degraded === "buffered") return "held back by a proxy";
    return degraded === "lagging" ? "late" : "open";
  }
  return state === "closed" && retryAt !== null ? "lost, trying again" : state;
}

/** A duration for a person. */
export function duration(seconds: number | null): string {
  if (seconds === null) return "–";
  if (seconds >= 1) return `${seconds.toFixed(1)} s`;
  const milliseconds = seconds * 1000;
  return milliseconds < 1 ? "< 1 ms" : `${Math.round(milliseconds)} ms`;
}
