/** Whatever connections do: nothing twice, nothing out of order, nothing missing unsaid. */

import fc from "fast-check";
import { expect, test } from "vitest";
import { createMerge, type Merge, type MergeItem } from "../../src/merge/index.js";
import { Ledger } from "../../src/merge/ledger.js";
import type { Cursor } from "../../src/types.js";

const EPOCH = "0".repeat(19).concat("1");
const STREAMS = ["player:ann", "room:hall", "global"] as const;

type Stream = (typeof STREAMS)[number];

/** What the server's log keeps of each stream: everything from `first` on. */
class Model {
  readonly tail: Record<Stream, number> = { "player:ann": 0, "room:hall": 0, global: 0 };
  readonly first: Record<Stream, number> = { "player:ann": 1, "room:hall": 1, global: 1 };
  /** In the order in which they were published. */
  readonly log: { stream: Stream; offset: number }[] = [];

  publish(stream: Stream): void {
    this.tail[stream] += 1;
    this.log.push({ stream, offset: this.tail[stream] });
  }

  trim(stream: Stream, kept: number): void {
    this.first[stream] = Math.max(this.first[stream], this.tail[stream] + 1 - kept);
  }
}

/** A connection: where it stands in the log, and what is on its way. */
class Line {
  readonly wire: Record<string, unknown>[] = [];
  at = 0;

  constructor(
    readonly id: string,
    private readonly model: Model,
    private readonly next: Record<string, number>,
  ) {}

  static open(id: string, model: Model, cursor: Cursor): Line {
    const next: Record<string, number> = {};
    for (const stream of STREAMS) next[stream] = cursor[stream]?.[1] ?? 1;
    const line = new Line(id, model, next);
    const streams = Object.fromEntries(STREAMS.map((each) => [each, [EPOCH, next[each]]]));
    line.wire.push({ type: "hello", connection: id, session: "s", player: "ann", streams });
    return line;
  }

  /** Write the next entry that is due, or say that it is gone. */
  write(): boolean {
    for (; this.at < this.model.log.length; this.at += 1) {
      const { stream, offset } = this.model.log[this.at] as Model["log"][number];
      const next = this.next[stream] as number;
      if (offset < next) continue;
      const first = this.model.first[stream];
      if (offset < first) {
        this.wire.push({ type: "lost", stream, from: next, to: first - 1, reason: "trimmed" });
        this.next[stream] = first;
      } else {
        this.wire.push({ type: "event", stream, offset, event: { stream, offset } });
        this.next[stream] = offset + 1;
      }
      return true;
    }
    return false;
  }
}

/** Holds what the application got against the log. */
class Judge {
  readonly next: Record<string, number> = { "player:ann": 1, "room:hall": 1, global: 1 };
  gaps = 0;

  take(items: readonly MergeItem[], model: Model): void {
    for (const item of items) {
      if (item.type === "delivered") {
        expect(item.offset, `${item.stream}: in order, once`).toBe(this.next[item.stream]);
        expect(item.event).toEqual({ stream: item.stream, offset: item.offset });
        this.next[item.stream] = item.offset + 1;
      } else if (item.type === "gap") {
        expect(item.first).toBe(this.next[item.stream]);
        expect(item.last, "only what is gone").toBeLessThan(model.first[item.stream as Stream]);
        this.next[item.stream] = (item.last as number) + 1;
        this.gaps += 1;
      }
    }
  }
}

const steps = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ do: fc.constant("publish"), n: fc.nat(2) }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constant("write"), n: fc.nat(2) }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constant("arrive"), n: fc.nat(2) }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("open", "die"), n: fc.nat(2) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("trim", "wait"), n: fc.nat(2) }) },
  ),
  { maxLength: 120 },
);

/** Every run of the tests tries the same plans, so that one which fails fails again. */
const SEED = 20261124;

function run(plan: readonly { do: string; n: number }[], merge: Merge): Judge {
  const model = new Model();
  const judge = new Judge();
  const lines: Line[] = [];
  let now = 0;
  let opened = 0;
  const take = (items: readonly MergeItem[]) => judge.take(items, model);
  const open = () => {
    opened += 1;
    merge.connected(`c${opened}`);
    const line = Line.open(`c${opened}`, model, merge.cursor());
    lines.push(line);
    // The very first hello decides where everything begins.
    if (opened === 1) arrive(line);
  };
  const arrive = (line: Line) => {
    const frame = line.wire.shift();
    if (frame !== undefined) take(merge.receive(line.id, frame as never, now, 50));
  };
  open();
  for (const step of plan) {
    const line = lines[step.n % Math.max(1, lines.length)];
    const stream = STREAMS[step.n] as Stream;
    if (step.do === "publish") model.publish(stream);
    else if (step.do === "trim") model.trim(stream, 2);
    else if (step.do === "open" && lines.length < 3) open();
    else if (step.do === "write" && line !== undefined) line.write();
    else if (step.do === "arrive" && line !== undefined) arrive(line);
    else if (step.do === "die" && line !== undefined) {
      lines.splice(lines.indexOf(line), 1);
      take(merge.disconnected(line.id, now));
    } else if (step.do === "wait") {
      now += 0.6;
      take(merge.tick(now));
    }
  }
  if (lines.length === 0) open();
  for (const line of lines) while (line.write());
  for (const line of lines) while (line.wire.length > 0) arrive(line);
  for (let turn = 0; turn < 50 && merge.deadline !== null; turn += 1) {
    now += 1.1;
    take(merge.tick(now));
  }
  expect(merge.deadline).toBeNull();
  for (const each of STREAMS) expect(judge.next[each], each).toBe(model.tail[each] + 1);
  return judge;
}

test("everything comes once, in order, or is told as missing", () => {
  fc.assert(
    fc.property(steps, (plan) => {
      run(plan, createMerge({ holdFrames: 12 }));
    }),
    { numRuns: 500, seed: SEED },
  );
});

test("nothing is told as missing while nothing is trimmed", () => {
  fc.assert(
    fc.property(steps, (plan) => {
      const untrimmed = plan.filter((each) => each.do !== "trim");
      expect(run(untrimmed, createMerge()).gaps).toBe(0);
    }),
    { numRuns: 300, seed: SEED },
  );
});

test("a receiver that hands on duplicates is found", () => {
  function defective(): Merge {
    const ledger = new Ledger(1);
    const merge = createMerge({}, ledger);
    return {
      ...merge,
      disconnected(id, now) {
        const own = ledger.tracks.get("room:hall");
        if (own !== undefined && own.next > 1) own.next -= 1;
        return merge.disconnected(id, now);
      },
    };
  }
  const property = fc.property(steps, (plan) => {
    run(plan, defective());
  });

  expect(fc.check(property, { numRuns: 2000, seed: SEED }).failed).toBe(true);
});
