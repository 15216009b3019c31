/** The golden traces of the specification, and how they are played. */

import { readdirSync, readFileSync } from "node:fs";
import { expect } from "vitest";
import { ProtocolError } from "../../src/errors.js";
import type { JSONObject } from "../../src/json.js";
import type { Merge, MergeItem, MergeSettings } from "../../src/merge/index.js";

const FOLDER = new URL("../../../../../../spec/vectors/", import.meta.url);

interface Step {
  readonly at?: number;
  readonly connect?: string;
  readonly disconnect?: string;
  readonly tick?: true;
  readonly connection?: string;
  readonly frame?: JSONObject;
  readonly size?: number;
  readonly items?: readonly JSONObject[];
  readonly error?: true;
}

export interface Vector {
  readonly file: string;
  readonly name: string;
  readonly settings?: { hold_frames?: number; hold_bytes?: number; wait?: number };
  readonly steps: readonly Step[];
  readonly cursor: JSONObject;
  readonly statistics?: Readonly<Record<string, number>>;
}

export function vectors(): Vector[] {
  return readdirSync(FOLDER)
    .filter((name) => name.endsWith(".json"))
    .sort()
    .flatMap((file) => {
      const found: Vector[] = JSON.parse(readFileSync(new URL(file, FOLDER), "utf8"));
      return found.map((each) => ({ ...each, file: file.replace(".json", "") }));
    });
}

/** Play a vector; an exception says where it differs. */
export function play(vector: Vector, make: (settings: MergeSettings) => Merge): void {
  const { hold_frames: holdFrames, hold_bytes: holdBytes, wait } = vector.settings ?? {};
  const merge = make({
    ...(holdFrames !== undefined && { holdFrames }),
    ...(holdBytes !== undefined && { holdBytes }),
    ...(wait !== undefined && { wait }),
  });
  let now = 0;
  vector.steps.forEach((step, number) => {
    now = step.at ?? now;
    const got = once(merge, step, now);
    expect(got, `step ${number}: ${JSON.stringify(step)}`).toEqual(step.items ?? []);
  });
  expect(merge.cursor(), "the cursor at the end").toEqual(vector.cursor);
  expect(merge.statistics).toMatchObject(vector.statistics ?? {});
}

function once(merge: Merge, step: Step, now: number): MergeItem[] {
  const { connect, disconnect, tick, connection = "", frame = {}, size, error } = step;
  if (connect !== undefined) {
    merge.connected(connect);
    return [];
  }
  if (disconnect !== undefined) return merge.disconnected(disconnect, now);
  if (tick !== undefined) return merge.tick(now);
  if (error === undefined) return merge.receive(connection, frame, now, size);
  expect(() => merge.receive(connection, frame, now)).toThrow(ProtocolError);
  return [];
}
