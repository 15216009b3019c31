import { act, cleanup, renderHook } from "@testing-library/react";
import { afterEach, expect, test } from "vitest";
import { readPresence, usePresence, useRoom } from "../src/index.js";
import { FakeConnection } from "./fake.js";

afterEach(cleanup);

function event(event_type: string, data: unknown) {
  return { event_type, data } as never;
}

test("a room gives what is said there while the player is in it", () => {
  const connection = new FakeConnection();
  const { result } = renderHook(() => useRoom(connection, "hall"));
  expect(result.current).toEqual({ isInside: false, items: [], lastEvent: null });

  act(() => connection.item({ type: "entered", room: "room:hall" }));
  act(() => connection.bring("room:hall", 1, { n: 1 }));
  act(() => connection.bring("room:attic", 7, { n: 7 }));
  act(() => connection.bring("global", 2, { n: 2 }));
  const gap = { type: "gap", stream: "room:hall", first: 2, last: 4, reason: "trimmed" } as const;
  act(() => connection.item(gap));
  expect(result.current.isInside).toBe(true);
  expect(result.current.items).toEqual([expect.objectContaining({ offset: 1 }), gap]);
  expect(result.current.lastEvent?.event).toEqual({ n: 1 });

  act(() => connection.item({ type: "left", room: "room:hall" }));
  expect(result.current.isInside).toBe(false);
  expect(result.current.items).toHaveLength(2);
  act(() => connection.item({ type: "entered", room: "room:hall" }));
  expect(result.current.items).toEqual([]);
});

test("a room that the player is in already, a change of the room, and no room", () => {
  const connection = new FakeConnection();
  connection.become({ rooms: ["room:hall"] });
  const { result, rerender } = renderHook(
    ({ room }: { room: string | null }) => useRoom(connection, room),
    { initialProps: { room: "hall" as string | null } },
  );
  expect(result.current.isInside).toBe(true);
  act(() => connection.bring("room:hall", 1, { n: 1 }));
  rerender({ room: "attic" });
  expect(result.current).toEqual({ isInside: false, items: [], lastEvent: null });
  rerender({ room: null });
  act(() => connection.bring("room:hall", 2, { n: 2 }));
  expect(result.current.items).toEqual([]);
  expect(connection.listeners).toBe(0);
});

test("a room keeps the newest events only", () => {
  const connection = new FakeConnection();
  const { result } = renderHook(() => useRoom(connection, "hall", { keep: 2 }));
  for (const n of [1, 2, 3]) act(() => connection.bring("room:hall", n, { n }));
  expect(result.current.items.map((item) => "offset" in item && item.offset)).toEqual([2, 3]);
});

test("presence follows the envelope's events", () => {
  const connection = new FakeConnection();
  const { result } = renderHook(() => usePresence(connection));
  expect(result.current).toEqual([]);
  const scene = event("game_state", { occupants: ["Ann", "Bob", 7] });
  act(() => connection.item({ type: "direct", event: scene, by: "sse" }));
  expect(result.current).toEqual(["Ann", "Bob"]);
  act(() => connection.bring("room:hall", 1, event("player_entered", { player_name: "Cid" })));
  act(() => connection.bring("room:hall", 2, event("player_entered_game", { player_name: "Cid" })));
  act(() => connection.bring("room:hall", 3, event("player_left", { player_name: "Ann" })));
  act(() => connection.bring("room:hall", 4, event("chat_message", { player_name: "Bob" })));
  expect(result.current).toEqual(["Bob", "Cid"]);
});

test("presence reads an application's own events", () => {
  const connection = new FakeConnection();
  const read = (each: { readonly [key: string]: unknown }) =>
    typeof each.joined === "string" ? ({ type: "came", player: each.joined } as const) : null;
  const { result } = renderHook(() => usePresence(connection, read));
  act(() => connection.bring("global", 1, { joined: "Dora" }));
  act(() => connection.bring("global", 2, { other: 1 }));
  expect(result.current).toEqual(["Dora"]);
});

test.each([
  [event("room_update", { occupants: "Ann" })],
  [event("player_entered", {})],
  [event("player_left_game", { player_name: 3 })],
  [event("room_update", null)],
  [{}],
])("an event that says nothing of presence: %j", (each) => {
  expect(readPresence(each)).toBeNull();
});
