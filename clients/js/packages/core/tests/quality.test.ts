import { expect, test } from "vitest";
import { Gauge, Race, smoothed } from "../src/quality.js";

test("a mean follows slowly", () => {
  expect(smoothed(null, 0.8)).toBe(0.8);
  expect(smoothed(0.8, 0)).toBeCloseTo(0.7);
});

test("the lag is by how much one brings an entry after the other", () => {
  const [race, fast, slow] = [new Race(), new Gauge(), new Gauge()];
  race.arrived(fast, "global", 1, 10);
  race.arrived(slow, "global", 1, 10.5);

  expect([fast.lag, slow.lag]).toEqual([0, 0.5]);
});

test("what a connection owes grows until it brings it", () => {
  const [race, fast, slow] = [new Race(), new Gauge(), new Gauge()];
  race.arrived(fast, "global", 1, 10);
  race.arrived(fast, "global", 2, 11);

  expect(race.behind(slow, 13)).toBe(3);
  expect(race.behind(fast, 13)).toBe(0);

  // It passed over the first one, as `lost` says; it owes nothing of before.
  race.arrived(slow, "global", 2, 14);
  expect(race.behind(slow, 15)).toBe(0);
});

test("a connection that opens owes nothing of before", () => {
  const [race, old, fresh] = [new Race(), new Gauge(), new Gauge()];
  race.arrived(old, "global", 1, 10);
  race.begins(fresh);

  expect(race.behind(fresh, 20)).toBe(0);
});

test("only so much is remembered", () => {
  const [race, one, other] = [new Race(), new Gauge(), new Gauge()];
  for (let offset = 1; offset <= 2000; offset += 1) race.arrived(one, "global", offset, offset);

  expect(race.behind(other, 2000)).toBe(1023);
});
