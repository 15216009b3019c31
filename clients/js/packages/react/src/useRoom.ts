/** What is said in one room. */

import type { Delivered, GameConnection, Gap, Item } from "@dualwire/client";
import { useEffect, useState } from "react";

/** See {@link useRoom}. */
export interface RoomOptions {
  /** Events that are kept, the newest; default 100. */
  readonly keep?: number;
}

/** A room as the player has it. */
export interface RoomState {
  /** Whether the player is in it. */
  readonly isInside: boolean;
  /** What was said there since the player came in, and what is missing, in order. */
  readonly items: readonly (Delivered | Gap)[];
  /** The latest event. */
  readonly lastEvent: Delivered | null;
}

const OUTSIDE: RoomState = { isInside: false, items: [], lastEvent: null };

/**
 * Follow one room. What came before the component was there is not in it; what is said while the
 * player is elsewhere is not the player's to hear.
 *
 * @param connection from `useGameConnection`
 * @param room its id, as the server names it (`hall`); `null` for none
 */
export function useRoom(
  connection: GameConnection,
  room: string | null,
  { keep = 100 }: RoomOptions = {},
): RoomState {
  const [state, setState] = useState(OUTSIDE);
  useEffect(() => {
    const stream = room === null ? null : `room:${room}`;
    const isInside = stream !== null && connection.getSnapshot().rooms.includes(stream);
    setState(isInside ? { ...OUTSIDE, isInside } : OUTSIDE);
    if (stream === null) return;
    return connection.on("item", (item) => setState((before) => after(before, item, stream, keep)));
  }, [connection, room, keep]);
  return state;
}

function after(state: RoomState, item: Item, stream: string, keep: number): RoomState {
  switch (item.type) {
    case "entered":
      return item.room === stream ? { ...OUTSIDE, isInside: true } : state;
    case "left":
      return item.room === stream ? { ...state, isInside: false } : state;
    case "delivered":
    case "gap": {
      if (item.stream !== stream) return state;
      const items = [...state.items, item].slice(-keep);
      return { ...state, items, lastEvent: item.type === "gap" ? state.lastEvent : item };
    }
    default:
      return state;
  }
}
