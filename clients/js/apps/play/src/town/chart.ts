/** The map: what was seen of the town, drawn as far as it is known. */

import type { Room } from "../story/tale.js";
import { stepOf } from "./directions.js";

/** A room on the map; `room` is `null` where nobody has been yet. */
export interface Place {
  readonly id: string;
  readonly x: number;
  readonly y: number;
  readonly room: Room | null;
  /** How to get there from where the player is, if it is next door. */
  readonly direction: string | null;
}

export interface Street {
  readonly from: Place;
  readonly to: Place;
  /** A way that no compass shows: stairs, doors. */
  readonly isHidden: boolean;
}

export interface Chart {
  readonly places: readonly Place[];
  readonly streets: readonly Street[];
}

/**
 * Draw the map.
 *
 * @param seen every room that the player has seen, by id
 * @param here where the player is
 */
export function draw(seen: Readonly<Record<string, Room>>, here: Room | null): Chart {
  const places = new Map<string, Place>();
  const directionTo = (id: string) =>
    Object.entries(here?.exits ?? {}).find(([, target]) => target === id)?.[0] ?? null;
  for (const room of Object.values(seen)) {
    const [x, y] = room.coordinates;
    places.set(room.id, { id: room.id, x, y, room, direction: directionTo(room.id) });
  }
  for (const room of Object.values(seen)) {
    for (const [direction, id] of Object.entries(room.exits)) {
      const step = stepOf(direction);
      if (places.has(id) || step === null) continue;
      const [x, y] = [room.coordinates[0] + step[0], room.coordinates[1] + step[1]];
      places.set(id, { id, x, y, room: null, direction: directionTo(id) });
    }
  }
  const streets = new Map<string, Street>();
  for (const room of Object.values(seen)) {
    for (const [direction, id] of Object.entries(room.exits)) {
      const [from, to] = [places.get(room.id), places.get(id)];
      const key = [room.id, id].sort().join(" ");
      if (from === undefined || to === undefined || streets.has(key)) continue;
      streets.set(key, { from, to, isHidden: stepOf(direction) === null });
    }
  }
  return { places: [...places.values()], streets: [...streets.values()] };
}
