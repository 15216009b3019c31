import type { JSONObject } from "@dualwire/client";
import { expect, test } from "vitest";
import {
  type Arrival,
  again,
  EMPTY,
  first,
  KEPT,
  RECENT,
  say,
  type Tale,
  tell,
} from "../src/story/tale.js";

const UP: Arrival = { up: ["websocket", "sse"] };

function event(event_type: string, data: JSONObject, number = 1): JSONObject {
  return { event_type, timestamp: "2026-01-31T23:59:59Z", sequence_number: number, data };
}

function scene(id: string, number = 1, more: JSONObject = {}): JSONObject {
  const room = { id, name: `The ${id}`, description: `It is ${id}.`, exits: { north: "attic" } };
  return event("room_update", { room, occupants: ["Ada", "Bob"], ...more }, number);
}

function texts(tale: Tale): string[] {
  return tale.lines.map(({ kind, text }) => `${kind}: ${text}`);
}

test("a room is told once, however often it changes", () => {
  let tale = tell(EMPTY, scene("hall", 1, { player: { name: "Ada" } }), UP);
  tale = tell(tale, scene("hall", 2, { occupants: ["Ada"] }), UP);
  expect(texts(tale)).toEqual(["room: It is hall."]);
  expect(tale.lines[0]?.title).toBe("The hall");
  expect(tale.here).toEqual(["Ada"]);
  expect(tale.me).toBe("Ada");
  tale = tell(tale, scene("attic", 3), UP);
  expect(Object.keys(tale.chart)).toEqual(["hall", "attic"]);
});

test("a scene that was overtaken says nothing", () => {
  const tale = tell(EMPTY, scene("attic", 5), UP);
  expect(tell(tale, scene("hall", 4), UP)).toBe(tale);
  const earlier = { ...scene("hall", 9), timestamp: "2026-01-31T23:59:58Z" };
  expect(tell(tale, earlier, UP)).toBe(tale);
  const later = { ...scene("hall", 1), timestamp: "2026-02-01T00:00:00Z" };
  expect(tell(tale, later, UP).room?.id).toBe("hall");
});

test("speech names who speaks, and the player's own words are speech", () => {
  let tale = tell(EMPTY, scene("hall", 1, { player: { name: "Ada" } }), UP);
  const message = 'Bob says: "Did she say "run"?"';
  tale = tell(tale, event("chat_message", { player_name: "Bob", message }), UP);
  tale = tell(tale, event("command_response", { result: 'You say: "Yes."' }), UP);
  tale = tell(tale, event("command_response", { result: "Ada nods." }), UP);
  tale = tell(tale, event("command_response", { result: "Say what?" }), UP);
  expect(texts(tale).slice(1)).toEqual([
    'speech: Bob says: “Did she say "run"?”',
    "speech: You say: “Yes.”",
    "speech: Ada nods.",
    "answer: Say what?",
  ]);
  expect(tale.lines.map(({ who }) => who)).toEqual([undefined, "Bob", "You", "Ada", undefined]);
});

test("arrivals, errors, steps, and what is none of ours", () => {
  let tale = tell(EMPTY, event("player_entered", { message: "Bob enters." }), UP);
  tale = tell(tale, { type: "error", message: "Slower." }, UP);
  expect(texts(tale)).toEqual(["news: Bob enters.", "wrong: Slower."]);
  const step = event("command_response", { result: "You go north.", room_changed: true });
  for (const nothing of [step, event("game_tick", {}), {}, event("room_update", { room: 3 })]) {
    expect(tell(tale, nothing, UP)).toBe(tale);
  }
  expect(tell(tale, event("player_left", {}), UP).lines).toHaveLength(2);
});

test("who brought a line, and who brought the copy", () => {
  const arrival: Arrival = { key: "global 1", by: "sse", up: ["sse"] };
  let tale = tell(EMPTY, event("chat_message", { message: "Hark." }), arrival);
  tale = first(tale, "global 1", "sse");
  tale = again(tale, "global 1", "websocket");
  expect(tale.lines[0]).toMatchObject({
    brought: { first: "sse", second: "websocket" },
    up: ["sse"],
  });
  expect(tale.recent).toEqual([{ key: "global 1", first: "sse", second: "websocket" }]);
  expect(again(tale, "global 2", "websocket")).toBe(tale);
});

test("it does not grow without bounds", () => {
  let tale = EMPTY;
  for (let n = 0; n < KEPT + 5; n += 1) {
    tale = first(say(tale, "own", `line ${n}`, UP), `global ${n}`, "sse");
  }
  expect(tale.lines).toHaveLength(KEPT);
  expect(tale.lines[0]?.text).toBe("line 5");
  expect(tale.recent).toHaveLength(RECENT);
  expect(new Set(tale.lines.map(({ id }) => id)).size).toBe(KEPT);
});
