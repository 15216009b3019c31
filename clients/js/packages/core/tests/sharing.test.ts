/** Over HTTP/1.1, one tab of a browser holds the event stream. */

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Player } from "./player.js";
import { fakeTime, hello, settle, World } from "./world.js";

let world: World;

beforeEach(() => {
  fakeTime();
  world = new World();
});
afterEach(() => void vi.useRealTimers());

const OLD_HTTP = { protocolOf: () => "http/1.1" };

async function tabs(count: number, more = {}): Promise<Player[]> {
  const opened: Player[] = [];
  for (let n = 0; n < count; n += 1) {
    opened.push(await new Player(world, more, OLD_HTTP).open());
  }
  return opened;
}

test("eight tabs hold one event stream, and all of them play", async () => {
  const opened = await tabs(8);

  expect(world.streams.length).toBe(1);
  expect(opened.map((each) => each.snapshot.status)).toEqual(Array(8).fill("connected"));
  expect(opened.slice(1).map((each) => each.states)).toEqual(Array(7).fill(["open", "standby"]));
  expect(opened[1]?.snapshot.connections.sse.health).toBe("unknown");
});

test("it passes to the next tab when its holder leaves", async () => {
  const [first, second] = await tabs(3);
  first?.connection.disconnect();
  await settle();
  world.stream.frame(hello("s2"));
  await settle();

  expect(world.streams.length).toBe(2);
  expect(second?.states).toEqual(["open", "open"]);
});

test("a tab that left while it waited does not get it", async () => {
  const [first, second, third] = await tabs(3);
  second?.connection.disconnect();
  first?.connection.disconnect();
  await settle();

  expect([second?.states, third?.states]).toEqual([
    ["closed", "closed"],
    ["open", "connecting"],
  ]);
});

test("over HTTP/2, without locks, or by the application's wish each tab has its own", async () => {
  await new Player(world).open();
  await new Player(world).open();
  await new Player(world, {}, { ...OLD_HTTP, locks: null }).open();
  await tabs(1, { sharesEventStream: false });
  expect(world.streams.length).toBe(4);
  await new Player(world, { sharesEventStream: true }).open();
  await new Player(world, { sharesEventStream: true }).open();

  expect(world.streams.length).toBe(5);
});

test("when the server turns out to speak HTTP/2, the event stream is opened after all", async () => {
  let known = "";
  const more = { protocolOf: () => known };
  await new Player(world, {}, more).open();
  const player = new Player(world, {}, more);
  void player.connection.connect();
  expect(player.states[1]).toBe("standby");
  known = "h3";
  await settle();

  expect(player.states[1]).toBe("connecting");
});
