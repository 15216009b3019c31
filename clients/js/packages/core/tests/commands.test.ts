/** Commands: at most once, and the outcome is always told. */

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Player } from "./player.js";
import { fakeTime, hello, pass, settle, World } from "./world.js";

let world: World;

beforeEach(() => {
  fakeTime();
  world = new World();
});
afterEach(() => void vi.useRealTimers());

function reply(id: string, more = {}) {
  return { type: "reply", stream: "player:ann", offset: 1, id, outcome: "done", ...more };
}

test("the reply comes with the player's stream, over either connection", async () => {
  const player = await new Player(world).open();
  const outcome = player.connection.sendCommand({ command: "look" });
  await settle();
  expect(world.sent("command")).toEqual([
    { type: "command", id: "instance-1.1", body: { command: "look" } },
  ]);
  world.stream.frame(reply("instance-1.1", { body: { text: "A hall." } }));
  await settle();

  expect(await outcome).toEqual({
    id: "instance-1.1",
    outcome: "done",
    body: { text: "A hall." },
    reason: null,
  });
  await pass(60);
  expect(world.sent("command").length, "it is not repeated").toBe(1);
});

test("without a reply it is repeated over the other way, as a retry, ever more slowly", async () => {
  const player = await new Player(world).open();
  void player.connection.sendCommand({ command: "look" }, { timeout: null });
  await pass(0.25);

  const posted = world.posts.filter((each) => each.body.type === "command");
  expect(posted).toMatchObject([
    { query: new URLSearchParams({ session_id: "session-1" }), body: { retry: true } },
  ]);
  await pass(20);
  const sent = world.sent("command");
  expect(sent.length).toBeGreaterThan(4);
  expect(sent.length).toBeLessThan(10);
  expect(new Set(sent.map((each) => each.id))).toEqual(new Set(["instance-1.1"]));
});

test("the answer to a repeat by HTTP is believed", async () => {
  const player = await new Player(world).open();
  world.answer = ({ body }) =>
    body.retry
      ? { type: "reply", id: String(body.id), outcome: "refused", reason: "no" }
      : undefined;
  const outcome = player.connection.sendCommand({ command: "fly" });
  await pass(0.25);

  expect(await outcome).toMatchObject({ outcome: "refused", reason: "no" });
});

test("it waits for a connection; what was never sent is certainly not done", async () => {
  const player = new Player(world);
  const early = player.connection.sendCommand({ command: "look" });
  await pass(1);
  expect(world.sent("command")).toEqual([]);
  await player.open();
  await pass(0.25);
  expect(world.sent("command")).toEqual([expect.not.objectContaining({ retry: true })]);
  world.socket.frame(reply("instance-1.1"));
  expect((await early).outcome).toBe("done");

  player.connection.disconnect();
  const late = player.connection.sendCommand({ command: "look" }, { timeout: 2 });
  await pass(2);
  expect(await late).toMatchObject({ outcome: "refused", reason: "no reply within 2 s" });
});

test("what was sent and not answered is unknown", async () => {
  const player = await new Player(world).open();
  const slow = player.connection.sendCommand({ command: "look" }, { timeout: 3 });
  await pass(3);
  expect(await slow).toMatchObject({ outcome: "unknown" });
  const cut = player.connection.sendCommand({ command: "look" });
  await settle();
  player.connection.disconnect();

  expect(await cut).toMatchObject({ outcome: "unknown", reason: expect.stringContaining("disc") });
});

test("a refusal of the server ends it, unless it may have run before", async () => {
  const player = await new Player(world).open();
  world.socket.end();
  world.answer = ({ path }) =>
    path === "/api/send"
      ? Response.json({ error: { message: "No.", details: { code: 4403 } } }, { status: 403 })
      : new Error("offline");
  const refused = player.connection.sendCommand({ command: "look" });
  await settle();
  expect(await refused).toMatchObject({ outcome: "refused", reason: "No." });

  world.answer = () => undefined;
  await pass(1);
  world.socket.frame(hello("w2"));
  const repeated = player.connection.sendCommand({ command: "look" });
  await settle();
  world.answer = () => Response.json({ error: { details: { code: 4403 } } }, { status: 403 });
  await pass(0.25);
  expect(await repeated).toMatchObject({ outcome: "unknown" });
});

test("a malformed one is refused, and a busy server is given time", async () => {
  const player = await new Player(world).open();
  world.socket.end();
  world.answer = ({ path }) =>
    path === "/api/send"
      ? Response.json({ type: "error", error_type: "invalid_format", message: "What?" })
      : new Error("offline");
  expect(await player.connection.sendCommand({})).toMatchObject({
    outcome: "refused",
    reason: "What?",
  });
  world.answer = () => Response.json({}, { status: 429, headers: { "retry-after": "4" } });
  void player.connection.sendCommand({});
  await settle();
  const before = world.sent("command").length;
  await pass(3.5);
  expect(world.sent("command").length).toBe(before);
  await pass(1);
  expect(world.sent("command").length).toBe(before + 1);
});

test("a reply measures the round trip, unless the command was repeated", async () => {
  const player = await new Player(world).open();
  void player.connection.sendCommand({});
  await pass(0.1);
  world.socket.frame(reply("instance-1.1"));
  expect(player.snapshot.connections.websocket.quality.roundTrip).toBeCloseTo(0.1);

  void player.connection.sendCommand({});
  await pass(5);
  world.socket.frame(reply("instance-1.2", { offset: 2 }));
  expect(player.snapshot.connections.websocket.quality.roundTrip).toBeCloseTo(0.1);
});

test("a WebSocket that is behind its twin is not trusted with a new command", async () => {
  const player = await new Player(world).open();
  for (let n = 1; n <= 2; n += 1) {
    world.stream.frame({ type: "event", stream: "global", offset: n, event: {} });
    await pass(2.5);
  }
  expect(player.snapshot.connections.websocket.degraded).toBe("lagging");
  void player.connection.sendCommand({ command: "look" });
  await settle();

  expect(world.posts.at(-1)?.body).toMatchObject({ type: "command" });
});
