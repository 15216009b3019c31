/** The tale of this tab, kept through a reload. */

import type { ConnectionType, JSONObject } from "@dualwire/client";
import { useEffect, useReducer, useRef } from "react";
import { type Arrival, again, EMPTY, first, type Kind, say, type Tale, tell } from "./tale.js";

export type Action =
  | { readonly type: "event"; readonly event: JSONObject; readonly arrival: Arrival }
  | { readonly type: "again"; readonly key: string; readonly by: ConnectionType }
  | {
      readonly type: "said";
      readonly kind: Kind;
      readonly text: string;
      readonly up: readonly ConnectionType[];
    };

/** The tale of a player, and how to go on with it. */
export function useTale(playerId: string): [Tale, (action: Action) => void] {
  const [tale, dispatch] = useReducer(after, playerId, restore);
  const latest = useRef(tale);
  useEffect(() => {
    latest.current = tale;
  }, [tale]);
  useEffect(() => {
    // What the connection goes on from after a reload is kept at the same moment.
    const keep = () => save(playerId, latest.current);
    window.addEventListener("pagehide", keep);
    return () => window.removeEventListener("pagehide", keep);
  }, [playerId]);
  return [tale, dispatch];
}

function after(tale: Tale, action: Action): Tale {
  switch (action.type) {
    case "event": {
      const { key, by } = action.arrival;
      const told = tell(tale, action.event, action.arrival);
      return key === undefined || by === undefined ? told : first(told, key, by);
    }
    case "again":
      return again(tale, action.key, action.by);
    case "said":
      return say(tale, action.kind, action.text, { up: action.up });
  }
}

function save(playerId: string, tale: Tale): void {
  try {
    sessionStorage.setItem(taleKey(playerId), JSON.stringify(tale));
  } catch {
    // Private windows of some browsers keep nothing; then a reload begins an empty page.
  }
}

function restore(playerId: string): Tale {
  try {
    const kept = sessionStorage.getItem(taleKey(playerId));
    return kept === null ? EMPTY : { ...EMPTY, ...(JSON.parse(kept) as Tale) };
  } catch {
    return EMPTY;
  }
}

/** Where a player's tale is kept. */
export function taleKey(playerId: string): string {
  return `arkham:tale:${playerId}`;
}
