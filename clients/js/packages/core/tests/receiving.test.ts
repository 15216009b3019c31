/** What the server is told, and what is not believed. */

import { createHash } from "node:crypto";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { checkDigest } from "../src/digest.js";
import { Player } from "./player.js";
import { event, fakeTime, hello, pass, settle, World } from "./world.js";

let world: World;

beforeEach(() => {
  fakeTime();
  world = new World();
});
afterEach(() => void vi.useRealTimers());

describe("an acknowledgement", () => {
  test("is due every 256 events", async () => {
    const player = await new Player(world).open();
    for (let n = 1; n < 256; n += 1) world.socket.frame(event(n));
    expect(world.sent("ack")).toEqual([]);
    world.socket.frame(event(256));
    expect(world.sent("ack")).toEqual([{ type: "ack", cursor: player.connection.cursor() }]);
    world.socket.frame(event(257));
    expect(world.sent("ack").length).toBe(1);
  });

  test("is due at once for an event that asks for it, once, after the application has it", async () => {
    const player = await new Player(world).open();
    const had: number[] = [];
    player.connection.on("event", () => had.push(world.sent("ack").length));
    world.socket.frame(event(1, "room:hall", { confirm: true }));
    world.stream.frame(event(1, "room:hall", { confirm: true }));
    await settle();

    expect(had).toEqual([0]);
    expect(world.sent("ack")).toMatchObject([{ cursor: { "room:hall": [expect.anything(), 2] } }]);
  });
});

describe("a digest", () => {
  const signed = (n: number, raw = JSON.stringify({ n })) =>
    event(n, "room:hall", { digest: createHash("sha256").update(raw).digest("hex") });

  test("is asked for, and what does not fit is left to the other connection", async () => {
    const player = await new Player(world, { checkDigest }).open();
    expect(world.socket.url.searchParams.get("digest")).toBe("sha256");
    expect(world.stream.url.searchParams.get("digest")).toBe("sha256");
    world.socket.frame(signed(1));
    world.socket.frame(signed(2, "{}"));
    world.socket.frame(signed(3));
    expect(player.numbers).toEqual([1]);
    for (const n of [1, 2, 3]) world.stream.frame(signed(n));
    await pass(0);

    expect(player.numbers).toEqual([1, 2, 3]);
    expect(player.items.filter((each) => each.type === "gap")).toEqual([]);
    expect(player.snapshot.statistics.mismatches).toBe(1);
    expect(world.sockets.length, "it is opened anew").toBe(2);
    expect(player.heard).toContainEqual([
      "error",
      expect.objectContaining({ reason: "digest", connection: "websocket" }),
    ]);
  });

  test("that is missing does not fit; the next connection brings the event", async () => {
    const player = await new Player(world, { checkDigest }).open();
    player.connection.debug.cut("sse");
    world.socket.frame(event(1));
    await pass(1);
    world.socket.frame(hello("w2"));
    world.socket.frame(signed(1));

    expect(player.numbers).toEqual([1]);
    expect(player.items.filter((each) => each.type === "gap")).toEqual([]);
  });

  test("is compared by those alone who ask for it", async () => {
    const player = await new Player(world).open();
    world.socket.frame(signed(1, "{}"));

    expect(player.numbers).toEqual([1]);
  });
});

test("the server hears of outages, and whether the player noticed", async () => {
  await new Player(world).open();
  const recovered = () => world.sent("recovered");
  expect(recovered(), "a first opening is none").toEqual([]);
  world.socket.end();
  await pass(0);
  world.socket.frame(hello("w2"));
  await settle();
  expect(recovered()).toEqual([{ type: "recovered", connection: "w2", noticed: false }]);
  world.socket.end();
  world.stream.end();
  await pass(1);
  world.socket.frame(hello("w3"));
  await settle();

  expect(recovered().at(-1)).toEqual({ type: "recovered", connection: "w3", noticed: true });
});

test("what a later version says is ignored", async () => {
  const player = await new Player(world).open();
  world.socket.frame({ type: "sparkle", stars: 5 });
  world.socket.frame({ type: "direct", event: 5 });

  expect(player.states).toEqual(["open", "open"]);
});

test("a frame that breaks the protocol ends that connection alone", async () => {
  const player = await new Player(world).open();
  world.socket.frame({ type: "event", stream: "room:hall", offset: -1, event: {} });
  await pass(0);

  expect(player.snapshot.connections.websocket.error).toContain("offset: expected");
  expect(player.states).toEqual(["connecting", "open"]);
});
