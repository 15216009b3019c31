import { describe, expect, test } from "vitest";
import { createMerge } from "../../src/merge/index.js";
import { Ledger } from "../../src/merge/ledger.js";
import { play, vectors } from "./vectors.js";

describe("the golden traces", () => {
  test.each(vectors().map((each) => [`${each.file}: ${each.name}`, each] as const))(
    "%s",
    (_, each) => play(each, (settings) => createMerge(settings)),
  );

  test("are enough to prove anything", () => {
    expect(vectors().length).toBeGreaterThanOrEqual(40);
  });
});

const DEFECTS: Record<string, (ledger: Ledger) => void> = {
  "every connection is current in every room": (ledger) => {
    ledger.isCurrent = () => true;
  },
  "what is missing is not told": (ledger) => {
    ledger.tellGap = (_stream, known, upcoming) => {
      known.next = upcoming;
    };
  },
  "nothing is ever waited for": (ledger) => {
    const judge = ledger.judge.bind(ledger);
    ledger.judge = (stream, now) => judge(stream, now, true);
  },
  "a room that was left is forgotten": (ledger) => {
    const { close } = ledger;
    ledger.close = (stream, _until, now) => close.call(ledger, stream, ["~", 0], now);
  },
  "rooms are taken from whoever says hello": (ledger) => {
    ledger.isToldHere = ({ told }) => told !== null;
  },
  "a new epoch is not told": (ledger) => {
    ledger.renew = (_, known, begin) => {
      known.epoch = begin.epoch;
      known.next = begin.next;
    };
  },
};

test.each(Object.entries(DEFECTS))("a defect fails them: %s", (_, spoil) => {
  const failed = vectors().filter((each) => {
    try {
      play(each, (settings) => {
        const ledger = new Ledger(settings.wait ?? 1);
        spoil(ledger);
        return createMerge(settings, ledger);
      });
    } catch {
      return true;
    }
    return false;
  });
  expect(failed).not.toEqual([]);
});
