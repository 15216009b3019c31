/** One connection: it opens again by itself, and notices when it is dead. */

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Player } from "./player.js";
import { event, fakeTime, hello, pass, settle, World } from "./world.js";

let world: World;

beforeEach(() => {
  fakeTime();
  world = new World();
});
afterEach(() => void vi.useRealTimers());

describe("tries", () => {
  test("become rarer while nothing comes of them", async () => {
    const player = await new Player(world).open();
    world.answer = () => new Error("offline");
    world.refuseStream = () => new Response("down", { status: 502 });
    world.socket.end();
    world.stream.end();
    await pass(0.2);
    const tries = () => player.snapshot.connections.websocket.quality.failures;
    const early = tries();
    await pass(60);
    const late = tries();
    await pass(60);

    expect(early).toBeLessThan(3);
    expect(late).toBeGreaterThan(5);
    expect(tries() - late, "half of 20 s apart, by this chance").toBeLessThan(8);
    expect(player.snapshot).toMatchObject({ status: "reconnecting" });
    expect(player.snapshot.reconnectAttempts).toBeGreaterThan(8);
    expect(player.snapshot.connections.sse).toMatchObject({ health: "unhealthy" });
  });

  test("wait as long as the server asks", async () => {
    const player = await new Player(world).open();
    const bye = { type: "bye", code: 4005, reason: "rate_limited", retry_after: 7 };
    world.socket.frame(bye);
    await pass(6);
    player.connection.wake();
    await settle();
    expect(world.sockets.length).toBe(1);
    expect(player.snapshot.connections.websocket.retryAt).toBe(Date.now() + 1000);
    await pass(1);

    expect(world.sockets.length).toBe(2);
  });

  test("a connection that opens and breaks at once is not tried without pause", async () => {
    await new Player(world).open();
    for (let turn = 0; turn < 50; turn += 1) {
      if (world.socket.aborted) await pass(0);
      else world.socket.frame(hello(`w${turn + 2}`));
      world.socket.end();
      await pass(0);
    }

    expect(world.sockets.length).toBeLessThan(5);
  });

  test("a ticket that was too old is replaced", async () => {
    const player = new Player(world);
    void player.connection.connect();
    await settle();
    world.socket.end(4401, "unauthorized");
    await pass(1);

    expect(world.socket.url.searchParams.get("ticket")).toBe("ticket-2");
    expect(player.snapshot.status).toBe("connecting");
  });

  test("an answer that is no event stream is no reason to leave", async () => {
    world.refuseStream = () => new Response("<html>", { headers: { "content-type": "text/html" } });
    const player = await new Player(world).open();

    expect(player.states[0]).toBe("open");
    expect(player.snapshot.connections.sse.error).toContain("text/event-stream");
  });
});

describe("a connection that is silent", () => {
  test("is dead 10 s after a ping was due, and not before", async () => {
    const player = await new Player(world).open();
    await pass(25);
    for (const each of [world.socket, world.stream]) each.frame({ type: "ping", n: 1, tails: {} });
    await pass(25);
    world.stream.frame({ type: "ping", n: 2, tails: {} });
    await pass(9);
    expect(world.sockets.length).toBe(1);
    await pass(2);

    expect(world.sockets.length).toBe(2);
    expect(world.streams.length).toBe(1);
    expect(player.names()).not.toContain("disconnected");
  });

  test("before its hello is given 10 s", async () => {
    const player = new Player(world);
    void player.connection.connect();
    await settle();
    await pass(9);
    expect(world.sockets.length).toBe(1);
    await pass(2);

    expect(world.sockets[0]?.aborted).toBe(true);
    expect(player.snapshot.connections.websocket.error).toContain("No sign of life");
  });

  test.each([
    ["what has arrived meanwhile is read", true, 1],
    ["and it is dead if nothing has", false, 2],
  ])("is given grace when it was the page that slept: %s", async (_, arrives, sockets) => {
    let slept = 0;
    await new Player(world, {}, { now: () => performance.now() / 1000 + slept }).open();
    await pass(34);
    world.stream.frame({ type: "ping", n: 1, tails: {} });
    slept = 600;
    await pass(1.5);
    if (arrives) for (const each of world.sockets) each.frame({ type: "ping", n: 1, tails: {} });
    await pass(6);

    expect(world.sockets.length).toBe(sockets);
  });

  test("answers every ping with what has reached the application", async () => {
    const player = await new Player(world).open();
    world.socket.frame(event(1));
    world.socket.frame({ type: "ping", n: 1, tails: {} });
    world.stream.frame({ type: "ping", n: 4, tails: {} });
    await settle();
    const cursor = player.connection.cursor();

    expect(world.socket.sent).toContainEqual({ type: "pong", connection: "w1", n: 1, cursor });
    expect(world.posts.at(-1)?.body).toEqual({ type: "pong", connection: "s1", n: 4, cursor });
  });

  test("has its pong said over the WebSocket when HTTP fails", async () => {
    await new Player(world).open();
    world.answer = () => Response.json({}, { status: 404 });
    world.stream.frame({ type: "ping", n: 4, tails: {} });
    await settle();

    expect(world.socket.sent).toContainEqual(expect.objectContaining({ connection: "s1", n: 4 }));
  });
});

test.each([
  ["no JSON", "{"],
  ["no hello", JSON.stringify({ type: "event" })],
])("a server that speaks something else is told apart: %s", async (_, text) => {
  const player = new Player(world);
  void player.connection.connect();
  await settle();
  const socket = world.socket as unknown as { onmessage(event: { data: string }): void };
  socket.onmessage({ data: text });

  expect(player.snapshot.connections.websocket.error).toMatch(/JSON|hello/);
});

describe("a warning of a drain", () => {
  const warning = { type: "warning", reason: "draining", message: "Moving.", within: 20 };

  test("has another connection opened first, then the old one dropped", async () => {
    const player = await new Player(world).open();
    const old = world.socket;
    old.frame(warning);
    await pass(0);
    expect(player.heard.at(-1)).toEqual([
      "warning",
      { connection: "websocket", reason: "draining", message: "Moving.", within: 20 },
    ]);
    expect([world.sockets.length, old.aborted]).toEqual([2, false]);
    old.frame(event(1));
    world.socket.frame(hello("w2"));
    world.socket.frame(event(1));
    world.socket.frame(event(2));

    expect(old.aborted).toBe(true);
    expect(player.numbers).toEqual([1, 2]);
    expect(player.states).toEqual(["open", "open"]);
    expect(player.snapshot.statistics.outagesHidden).toBe(0);
  });

  test("has it tried again while there is time", async () => {
    await new Player(world).open();
    const old = world.socket;
    old.frame(warning);
    await pass(0);
    world.socket.end();
    await pass(0);
    expect([world.sockets.length, old.aborted], "at once").toEqual([3, false]);
    world.socket.end();
    await pass(0.1);
    expect(world.sockets.length).toBe(4);
    old.frame({ type: "bye", code: 4001, reason: "draining" });
    world.socket.frame(hello("w4"));
    await settle();

    expect(world.sockets.length, "the one under way serves").toBe(4);
  });

  test("does not hide that it is over", async () => {
    const player = await new Player(world).open();
    world.socket.frame(warning);
    await pass(0);
    world.socket.end(4410, "revoked");
    await pass(1);

    expect(player.snapshot).toMatchObject({
      status: "ended",
      ended: { code: { name: "revoked" } },
    });
  });
});

describe("for a try, a connection", () => {
  test("is cut and stays closed until it is restored", async () => {
    const player = await new Player(world).open();
    player.connection.debug.cut("websocket");
    await pass(30);
    expect(player.states).toEqual(["closed", "open"]);
    expect(player.snapshot.connections.websocket).toMatchObject({ fault: "cut", retryAt: null });
    expect(player.connection.debug.fault("websocket")).toBe("cut");
    player.connection.debug.restore("websocket");
    await settle();
    world.socket.frame(hello("w2"));

    expect(player.states).toEqual(["open", "open"]);
    expect(player.snapshot.statistics.outagesHidden).toBe(1);
  });

  test("is swallowed: nothing passes, and it is opened anew when restored", async () => {
    const player = await new Player(world).open();
    player.connection.debug.swallow("websocket");
    world.socket.frame(event(1));
    await player.connection.send({ type: "chat" });
    expect(player.numbers).toEqual([]);
    expect(world.socket.sent).not.toContainEqual({ type: "chat" });
    world.stream.frame(event(1));
    await settle();
    expect(player.numbers).toEqual([1]);
    player.connection.debug.restore("websocket");
    await pass(0);

    expect(world.sockets.length).toBe(2);
  });

  test("is dropped once", async () => {
    const player = await new Player(world).open();
    player.connection.debug.drop("sse");
    await pass(0);

    expect(world.streams.length).toBe(2);
    expect(world.streams[0]?.aborted).toBe(true);
  });
});
