/** The whole client on a network that is none. */

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { EndedError, NotSentError } from "../src/errors.js";
import { Player } from "./player.js";
import { EPOCH, event, fakeTime, hello, pass, settle, World } from "./world.js";

let world: World;

beforeEach(() => {
  fakeTime();
  world = new World();
});
afterEach(() => void vi.useRealTimers());

describe("connecting", () => {
  test("opens both: a ticket for the WebSocket, a header for the event stream", async () => {
    const player = new Player(world, { url: "https://game.example/", query: { filter: "chat" } });
    const connected = player.connection.connect();
    await settle();

    expect(player.snapshot.status).toBe("connecting");
    const { url } = world.socket;
    expect(url.href).toMatch(/^wss:\/\/game\.example\/api\/ws\?/);
    expect(Object.fromEntries(url.searchParams)).toEqual({
      filter: "chat",
      session_id: "session-1",
      ticket: "ticket-1",
    });
    expect(world.socket).toMatchObject({ protocols: ["dualwire.v1"] });
    await pass(0.5);
    expect(world.stream.url.searchParams.get("protocol")).toBe("dualwire.v1");
    expect(world.stream.url.href).not.toContain("ticket");
    expect(world.stream.init?.headers).toMatchObject({ Authorization: "Bearer token" });

    world.stream.frame(hello("s1"));
    await connected;
    expect(player.snapshot).toMatchObject({
      status: "connected",
      player: "ann",
      sessionId: "session-1",
      rooms: ["room:hall"],
    });
    expect(player.names()).toEqual(["session", "connected"]);
  });

  test("for the first time has the event stream begin where the WebSocket does", async () => {
    const player = new Player(world);
    void player.connection.connect();
    await settle();
    expect([world.sockets.length, world.streams.length]).toEqual([1, 0]);
    const first = hello("w1");
    world.socket.frame(first);
    world.socket.frame(event(1));
    await settle();

    const cursor = JSON.parse(world.stream.url.searchParams.get("cursor") ?? "{}");
    expect(cursor).toEqual({ ...(first.streams as object), "room:hall": [EPOCH, 2] });
  });

  test("does not wait for a WebSocket that fails, or is silent", async () => {
    void new Player(world).connection.connect();
    await settle();
    world.socket.end();
    await settle();
    expect(world.streams.length, "it failed").toBe(1);

    const silent = new World();
    void new Player(silent).connection.connect();
    await pass(0.4);
    expect(silent.streams.length).toBe(0);
    await pass(0.1);
    expect(silent.streams.length).toBe(1);
    expect(silent.stream.url.searchParams.has("cursor")).toBe(false);
  });

  test("with a cookie it needs no ticket", async () => {
    const player = await new Player(world, { token: undefined as never }).open();

    expect(world.socket.url.searchParams.has("ticket")).toBe(false);
    expect(world.stream.init).toMatchObject({ credentials: "include" });
    expect(player.states).toEqual(["open", "open"]);
  });

  test("is idempotent, and so is its end", async () => {
    const player = await new Player(world).open();
    await player.connection.connect();
    player.connection.disconnect();
    player.connection.disconnect();

    expect(player.snapshot.status).toBe("idle");
    expect([world.socket.aborted, world.stream.aborted]).toEqual([true, true]);
    expect(world.sockets.length).toBe(1);
    expect(player.names()).toEqual(["session", "connected", "disconnected"]);
    await pass(60);
    expect(world.sockets.length, "nothing is opened again").toBe(1);
  });

  test("that is given up is rejected", async () => {
    const player = new Player(world);
    const connected = player.connection.connect();
    player.connection.disconnect();

    await expect(connected).rejects.toThrow(EndedError);
  });
});

describe("events", () => {
  test("come once, in order, whoever is first", async () => {
    const player = await new Player(world).open();
    const copies: unknown[] = [];
    player.connection.on("duplicate", (copy) => copies.push(copy));
    world.socket.frame(event(1));
    world.stream.frame(event(1));
    world.stream.frame(event(2));
    await settle();
    world.socket.frame(event(2));

    expect(player.numbers).toEqual([1, 2]);
    expect(copies).toEqual([
      { stream: "room:hall", offset: 1, by: "sse" },
      { stream: "room:hall", offset: 2, by: "websocket" },
    ]);
    expect(player.items.at(-1)).toMatchObject({ by: "sse", stream: "room:hall", offset: 2 });
    expect(player.snapshot.lastEvent).toMatchObject({ offset: 2 });
    expect(player.snapshot.statistics).toMatchObject({
      delivered: 2,
      duplicates: 2,
      firsts: { websocket: 1, sse: 1 },
    });
  });

  test("that are gone are told, in their place", async () => {
    const player = await new Player(world).open();
    const lost = { type: "lost", stream: "room:hall", from: 1, to: 4, reason: "trimmed" };
    world.socket.frame(lost);
    world.socket.frame(event(5));
    expect(player.items.slice(1), "the other may still bring them").toEqual([]);
    await pass(1);

    expect(player.items.slice(1)).toMatchObject([
      { type: "gap", stream: "room:hall", first: 1, last: 4, reason: "trimmed" },
      { type: "delivered", offset: 5 },
    ]);
  });

  test("a listener that fails is reported and stops nothing", async () => {
    const player = await new Player(world).open();
    player.connection.on("event", () => {
      throw new Error("my fault");
    });
    const other = vi.fn();
    player.connection.on("event", other);
    world.socket.frame(event(1));

    expect(other).toHaveBeenCalledTimes(1);
    expect(player.snapshot.error).toMatchObject({ reason: "listener" });
    expect(player.snapshot.error?.message).toContain("my fault");
  });

  test("what was said to one connection only comes as it is", async () => {
    const player = await new Player(world).open();
    world.stream.frame({ type: "direct", event: { text: "Welcome." } });
    await settle();

    expect(player.items.at(-1)).toEqual({ type: "direct", event: { text: "Welcome." }, by: "sse" });
  });
});

describe("an outage of one connection", () => {
  test("is hidden: the first retry is at once, and goes on where the client stands", async () => {
    const player = await new Player(world).open();
    world.socket.frame(event(1));
    await settle();
    world.socket.end();
    world.stream.frame(event(2));
    await pass(0);

    expect(world.sockets.length).toBe(2);
    const cursor = JSON.parse(world.socket.url.searchParams.get("cursor") ?? "");
    expect(cursor["room:hall"]).toEqual([EPOCH, 3]);
    expect(world.socket.url.searchParams.get("ticket")).toBe("ticket-2");
    world.socket.frame(hello("w2", { streams: cursor }));
    expect(player.numbers).toEqual([1, 2]);
    expect(player.names()).not.toContain("disconnected");
    expect(player.snapshot.statistics).toMatchObject({ outagesHidden: 1, reconnects: 1 });
    expect(player.snapshot.error).toBeNull();
  });

  test("that outlives the other's is not", async () => {
    const player = await new Player(world).open();
    world.socket.end();
    world.stream.end();
    await settle();
    expect(player.snapshot.status).toBe("reconnecting");
    expect(player.names()).toContain("disconnected");
    await pass(1);
    world.socket.frame(hello("w2"));
    world.stream.frame(hello("s2"));
    await settle();

    expect(player.snapshot).toMatchObject({
      status: "connected",
      statistics: { outagesHidden: 0, reconnects: 2 },
    });
  });

  test("a large cursor goes into the body of the event stream's request", async () => {
    const rooms = Object.fromEntries(
      Array.from({ length: 100 }, (_, n) => [`room:${n}`, [EPOCH, 1] as const]),
    );
    const streams = { ...rooms, "player:ann": [EPOCH, 1], global: [EPOCH, 1] } as never;
    await new Player(world).open({ streams });
    world.stream.end();
    await pass(0);

    expect(world.streams.length).toBe(2);
    expect(world.stream.init?.method).toBe("POST");
    expect(JSON.parse(String(world.stream.init?.body)).cursor["room:99"]).toEqual([EPOCH, 1]);
    expect(world.stream.url.searchParams.has("cursor")).toBe(false);
  });
});

describe("an end", () => {
  const bye = { type: "bye", code: 4409, reason: "session_replaced", message: "Elsewhere." };

  test("that is final is told, after what the other connection still brings", async () => {
    const player = await new Player(world).open();
    world.socket.frame(bye);
    world.stream.frame(event(1));
    await settle();
    expect(player.numbers).toEqual([1]);
    await pass(1);

    expect(player.snapshot).toMatchObject({
      status: "ended",
      ended: { code: { name: "session_replaced" }, message: "Elsewhere.", canTakeBack: true },
    });
    expect(player.heard.at(-1)).toMatchObject(["ended", { message: "Elsewhere." }]);
    await pass(60);
    expect([world.sockets.length, world.streams.length]).toEqual([1, 1]);
  });

  test("can be taken back with a new session", async () => {
    const player = await new Player(world).open();
    world.socket.frame(bye);
    await pass(1);
    const id = await player.connection.createNewSession();
    await settle();

    expect(id).toBe("session-2");
    expect(world.socket.url.searchParams.get("session_id")).toBe(id);
    world.socket.frame(hello("w2"));
    expect(player.snapshot).toMatchObject({ status: "connected", sessionId: id, ended: null });
  });

  test("of the player's leaving forgets the session", async () => {
    const player = await new Player(world).open();
    world.socket.frame({ type: "bye", code: 4400, reason: "logged_out" });
    await pass(1);
    expect(player.snapshot.ended).toMatchObject({ canTakeBack: false });
    expect(world.localStorage.kept.size).toBe(0);
    void player.connection.connect().catch(() => {});
    await settle();

    expect(world.socket.url.searchParams.get("session_id")).toBe("session-2");
  });

  test("before the beginning rejects connect(), with a reason for a person", async () => {
    world.answer = () => Response.json({ detail: "Who are you?" }, { status: 401 });
    const player = new Player(world);

    await expect(player.connection.connect()).rejects.toMatchObject({
      message: "Who are you?",
      ended: { code: { name: "unauthorized" } },
    });
    expect(player.snapshot.status).toBe("ended");
    await expect(player.connection.send({ type: "chat" })).rejects.toThrow(EndedError);
    await expect(player.connection.createNewSession()).rejects.toThrow(NotSentError);
  });

  test("the application's function for tokens is asked once more before it is final", async () => {
    const token = vi.fn(() => "bad");
    world.answer = () => Response.json({}, { status: 401 });
    const player = new Player(world, { token });
    await player.connection.connect().catch(() => {});

    expect(token).toHaveBeenCalledTimes(2);
    expect(player.snapshot.status).toBe("ended");
    world.answer = () => undefined;
    await player.open();
    expect(player.snapshot.status).toBe("connected");
  });

  test("of a token is mended by a fresh one", async () => {
    let n = 0;
    const player = await new Player(world, { token: () => `token-${++n}` }).open();
    world.stream.frame({ type: "bye", code: 4004, reason: "token_expired" });
    await pass(0);

    expect(world.stream.init?.headers).toMatchObject({ Authorization: "Bearer token-2" });
    expect(player.snapshot.status).toBe("connected");
  });
});

test("messages without a number go over the WebSocket, or by HTTP", async () => {
  const player = await new Player(world).open();
  await player.connection.send({ type: "chat", text: "hi" });
  expect(world.socket.sent).toContainEqual({ type: "chat", text: "hi" });

  world.socket.end();
  world.answer = ({ path }) => (path === "/api/send" ? { type: "echo" } : undefined);
  await player.connection.send({ type: "chat", text: "ho" });
  expect(world.posts.at(-1)).toMatchObject({ path: "/api/send", body: { text: "ho" } });
  expect(player.items.at(-1)).toEqual({ type: "direct", event: { type: "echo" }, by: "sse" });

  world.answer = () => new Error("offline");
  await expect(player.connection.send({ type: "chat" })).rejects.toThrow(NotSentError);
});

test("a message that is too large is not sent", async () => {
  const player = await new Player(world).open({ limits: { message: 100 } });

  await expect(player.connection.send({ text: "ä".repeat(60) })).rejects.toThrow("at most 100");
  await expect(player.connection.sendCommand({ text: "ä".repeat(60) })).rejects.toThrow("100");
});
