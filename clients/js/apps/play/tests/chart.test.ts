import { expect, test } from "vitest";
import type { Room } from "../src/story/tale.js";
import { draw } from "../src/town/chart.js";

function room(id: string, x: number, y: number, exits: Record<string, string>): Room {
  return { id, name: id, description: "", environment: "outdoors", coordinates: [x, y], exits };
}

const station = room("station", 0, 3, { south: "street", down: "vault" });
const street = room("street", 0, 2, { north: "station", west: "gate" });

test("what is next door is drawn before anybody was there, if the compass leads to it", () => {
  const { places, streets } = draw({ station }, station);
  expect(
    places.map(({ id, x, y, room, direction }) => [id, x, y, room !== null, direction]),
  ).toEqual([
    ["station", 0, 3, true, null],
    ["street", 0, 2, false, "south"],
  ]);
  expect(streets).toHaveLength(1);
});

test("a street is drawn once, and stairs apart", () => {
  const vault = room("vault", 1, 3, { up: "station" });
  const { places, streets } = draw({ station, street, vault }, street);
  expect(streets.map(({ from, to, isHidden }) => [from.id, to.id, isHidden])).toEqual([
    ["station", "street", false],
    ["station", "vault", true],
    ["street", "gate", false],
  ]);
  expect(places.find(({ id }) => id === "station")?.direction).toBe("north");
  expect(places.find(({ id }) => id === "vault")?.direction).toBeNull();
});

test("nothing is known yet", () => {
  expect(draw({}, null)).toEqual({ places: [], streets: [] });
});
