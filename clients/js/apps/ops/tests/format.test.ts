import { describe, expect, it } from "vitest";
import { ago, before, bytes, many, ms, percent, rates } from "../src/format";

describe("figures as people read them", () => {
  it("a time keeps the digits that matter", () => {
    expect([null, 0.042, 5.55, 250.4, 12_345].map(ms)).toEqual([
      "–",
      "0.04 ms",
      "5.5 ms",
      "250 ms",
      "12.3 s",
    ]);
  });

  it("a size and an age are of the unit that fits", () => {
    expect([null, 5, 2048, 5 * 1024 ** 2, 3 * 1024 ** 3].map(bytes)).toEqual([
      "–",
      "5 B",
      "2.0 KB",
      "5.0 MB",
      "3.00 GB",
    ]);
    expect([0.5, 59, 61, 7200, 200_000].map(ago)).toEqual(["now", "59 s", "1 min", "2 h", "2 d"]);
  });

  it("a sentence goes on", () => {
    expect([many(1, "outage"), many(1200, "outage")]).toEqual(["1 outage", "1,200 outages"]);
    expect([before(0.4), before(75)]).toEqual(["just now", "1 min ago"]);
  });

  it("a share of nothing is none", () => {
    expect([percent(1, 3), percent(0, 0)]).toEqual(["33 %", "–"]);
  });
});

describe("rates", () => {
  it("are what a counter grew by per second", () => {
    expect(rates([10, 11, 13], [100, 150, 150])).toEqual([null, 50, 0]);
  });

  it("do not fall below zero when a node begins anew, and have no value where no time passed", () => {
    expect(rates([10, 11, 11], [100, 5, 6])).toEqual([null, 0, null]);
  });
});
