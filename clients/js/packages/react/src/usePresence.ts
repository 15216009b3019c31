/** Who is there. */

import type { GameConnection, Item, JSONObject, JSONValue } from "@dualwire/client";
import { useEffect, useState } from "react";
import { useLatest } from "./useLatest.js";

/** What an event says of who is there. */
export type PresenceChange =
  | { readonly type: "all"; readonly players: readonly string[] }
  | { readonly type: "came"; readonly player: string }
  | { readonly type: "went"; readonly player: string };

/** Reads an event; `null` if it says nothing of who is there. */
export type PresenceReader = (event: JSONObject) => PresenceChange | null;

const NOBODY: readonly string[] = [];

/**
 * Who is there, in the order in which they came.
 *
 * Only the application's events say so: by default those of the envelope `{event_type, data}`, see
 * {@link readPresence}.
 *
 * @param connection from `useGameConnection`
 * @param read what an event of yours says; the function of the latest render is used
 */
export function usePresence(
  connection: GameConnection,
  read: PresenceReader = readPresence,
): readonly string[] {
  const [players, setPlayers] = useState(NOBODY);
  const latest = useLatest(read);
  useEffect(() => {
    setPlayers(NOBODY);
    return connection.on("item", (item) => {
      const event = eventOf(item);
      const change = event === null ? null : latest.current(event);
      if (change !== null) setPlayers((before) => after(before, change));
    });
  }, [connection, latest]);
  return players;
}

/**
 * The envelope's events: `data.occupants` of `game_state`, `room_update` and `room_occupants` is
 * everybody; `player_entered`, `player_entered_game`, `player_left` and `player_left_game` are
 * `data.player_name`.
 */
export function readPresence(event: JSONObject): PresenceChange | null {
  const data = event.data;
  if (!isObject(data)) return null;
  const { occupants, player_name: name } = data;
  switch (event.event_type) {
    case "game_state":
    case "room_update":
    case "room_occupants":
      return Array.isArray(occupants) ? { type: "all", players: occupants.filter(isText) } : null;
    case "player_entered":
    case "player_entered_game":
      return isText(name) ? { type: "came", player: name } : null;
    case "player_left":
    case "player_left_game":
      return isText(name) ? { type: "went", player: name } : null;
    default:
      return null;
  }
}

function after(players: readonly string[], change: PresenceChange): readonly string[] {
  switch (change.type) {
    case "all":
      return change.players;
    case "came":
      return players.includes(change.player) ? players : [...players, change.player];
    case "went":
      return players.includes(change.player)
        ? players.filter((each) => each !== change.player)
        : players;
  }
}

function eventOf(item: Item): JSONObject | null {
  return item.type === "delivered" || item.type === "direct" ? item.event : null;
}

function isObject(value: JSONValue | undefined): value is JSONObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}
