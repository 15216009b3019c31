/** Connections that are worse than they should be, and pages that wake up. */

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Player } from "./player.js";
import { event, fakeTime, hello, pass, settle, World } from "./world.js";

let world: World;

beforeEach(() => {
  fakeTime();
  world = new World();
});
afterEach(() => void vi.useRealTimers());

const PONG = { type: "pong", event_type: "pong", data: {} };

/** The server answers on the event stream what it was asked by HTTP. */
function answering(): void {
  world.answer = ({ body }) => {
    if (body.type !== "ping") return undefined;
    world.stream.frame({ type: "direct", event: PONG });
    return PONG;
  };
}

function stream(player: Player) {
  return player.snapshot.connections.sse;
}

describe("an event stream that something holds back", () => {
  test("is found by a question, a moment after it opened", async () => {
    world.answer = ({ body }) => (body.type === "ping" ? PONG : undefined);
    const player = await new Player(world).open();
    await pass(1);
    expect(world.posts.at(-1)?.body).toEqual({ type: "ping", connection: "s1" });
    expect(stream(player).health).toBe("healthy");
    await pass(2);
    expect(stream(player)).toMatchObject({ health: "degraded", degraded: "buffered" });
    expect(stream(player).state, "it is reported, not closed").toBe("open");

    world.stream.frame({ type: "direct", event: PONG });
    await pass(2);
    expect(stream(player).degraded, "the answer came much too late").not.toBe("healthy");
  });

  test("is well when the answer comes, which nobody else hears of", async () => {
    answering();
    const player = await new Player(world).open();
    await pass(3.5);

    expect(stream(player)).toMatchObject({ health: "healthy", degraded: null });
    expect(stream(player).quality.roundTrip).toBeCloseTo(0);
    expect(player.items.filter((each) => each.type === "direct")).toEqual([]);
  });

  test("is found by what it owes of what its twin has brought", async () => {
    answering();
    const player = await new Player(world).open();
    await pass(2);
    world.socket.frame(event(1));
    await pass(1.9);
    expect(stream(player).degraded).toBeNull();
    await pass(2.2);
    expect(stream(player)).toMatchObject({ degraded: "buffered" });
    world.stream.frame(event(1));
    for (let n = 2; n < 40; n += 1) {
      world.socket.frame(event(n));
      world.stream.frame(event(n));
      await settle();
    }
    await pass(3);

    expect(stream(player).degraded, "it has caught up").toBeNull();
  });

  test("is found when not even its hello comes through", async () => {
    const player = new Player(world);
    void player.connection.connect();
    await settle();
    world.socket.frame(hello("w1"));
    await pass(10.5);

    expect(stream(player)).toMatchObject({ degraded: "buffered" });
  });

  test("is not suspected because its node is another one", async () => {
    world.answer = ({ body }) =>
      body.type === "ping" ? Response.json({}, { status: 404 }) : undefined;
    const player = await new Player(world).open();
    await pass(10);

    expect(stream(player)).toMatchObject({ state: "open", degraded: null });
  });
});

test("a WebSocket that owes what the stream has brought lags", async () => {
  answering();
  const player = await new Player(world).open();
  world.stream.frame(event(1));
  await pass(2.5);

  expect(player.snapshot.connections.websocket.degraded).toBe("lagging");
  const { quality } = player.snapshot.connections.websocket;
  world.socket.frame(event(1));
  expect(quality.lag).toBeNull();
  expect(player.snapshot.connections.websocket.quality.lag).toBeCloseTo(2.5);
});

test("the WebSocket's round trip is measured when nobody plays", async () => {
  const player = await new Player(world).open();
  await pass(1);
  expect(world.socket.sent).toContainEqual({ type: "ping" });
  await pass(0.2);
  world.socket.frame({ type: "pong" });

  expect(player.snapshot.connections.websocket.quality.roundTrip).toBeCloseTo(0.2);
});

describe("a page that wakes up", () => {
  const wake = () => world.document.dispatchEvent(new Event("visibilitychange"));

  test("sees at once which of its connections still live", async () => {
    answering();
    const player = await new Player(world).open();
    await pass(2);
    wake();
    await settle();
    expect(world.socket.sent.filter((each) => each.type === "ping").length).toBe(2);
    await pass(5.1);

    expect(world.sockets.length, "it did not answer").toBe(2);
    expect(world.streams.length, "it did").toBe(1);
    expect(player.snapshot.status).toBe("connected");
  });

  test("keeps a WebSocket that answers", async () => {
    answering();
    await new Player(world).open();
    wake();
    await pass(1);
    world.socket.frame({ type: "pong" });
    await pass(5);

    expect(world.sockets.length).toBe(1);
  });

  test("drops an event stream that its server does not know any more", async () => {
    await new Player(world).open();
    world.answer = ({ body }) =>
      body.type === "ping" ? Response.json({}, { status: 404 }) : undefined;
    wake();
    await pass(0);

    expect(world.streams.length).toBe(2);
  });

  test("does not wait for the next try", async () => {
    const player = await new Player(world).open();
    world.answer = () => new Error("offline");
    world.refuseStream = () => Response.error();
    world.socket.end();
    world.stream.end();
    await pass(30);
    world.answer = () => undefined;
    world.refuseStream = () => null;
    expect(player.states).toEqual(["closed", "closed"]);
    world.window.dispatchEvent(new Event("online"));
    await pass(0);

    expect(player.states).toEqual(["connecting", "connecting"]);
  });

  test("keeps where it stands when it is hidden", async () => {
    const player = await new Player(world).open();
    world.socket.frame(event(1));
    world.document.visibilityState = "hidden";
    wake();
    player.connection.disconnect();

    expect(player.connection.cursor()["room:hall"]?.[1]).toBe(2);
  });
});

describe("when the network is back", () => {
  async function online(): Promise<void> {
    world.window.dispatchEvent(new Event("online"));
    await pass(0);
  }

  /** What is asked is never answered, as by a network that swallows everything. */
  function nobody() {
    return new Promise<never>(() => {});
  }

  test("what is open is replaced without a gap, whether it lives or not", async () => {
    const player = await new Player(world).open();
    const [socket, stream] = [world.socket, world.stream];
    await online();
    expect([world.sockets.length, world.streams.length]).toEqual([2, 2]);
    expect(player.states).toEqual(["open", "open"]);
    socket.frame(event(1));
    world.socket.frame(hello("w2"));
    world.stream.frame(hello("s2"));
    await settle();

    expect([socket.aborted, stream.aborted]).toEqual([true, true]);
    expect(player.numbers).toEqual([1]);
    expect(player.snapshot.statistics).toMatchObject({ reconnects: 0, outagesHidden: 0 });
  });

  test("a replacement that nobody answered is begun anew", async () => {
    await new Player(world).open();
    await online();
    const lost = world.socket;
    await online();

    expect([world.sockets.length, lost.aborted]).toEqual([3, true]);
  });

  test("what was being opened is not waited for", async () => {
    const player = await new Player(world).open();
    world.refuseStream = nobody;
    world.socket.end();
    world.stream.end();
    await pass(3);
    expect(player.states).toEqual(["connecting", "connecting"]);
    world.refuseStream = () => null;
    const lost = world.socket;
    await online();
    world.socket.frame(hello("w2"));
    world.stream.frame(hello("s2"));
    await settle();

    expect(lost.aborted).toBe(true);
    expect(player.states).toEqual(["open", "open"]);
  });

  test("nor is what was asked by HTTP", async () => {
    const player = new Player(world);
    world.answer = nobody as never;
    void player.connection.connect();
    await pass(3);
    expect(world.sockets.length).toBe(0);
    world.answer = () => undefined;
    await online();

    expect(world.sockets.length).toBe(1);
    expect(player.snapshot.error?.message).toBe(
      "The server does not answer: the network is another one",
    );
  });

  test("nothing is opened that nobody wants any more", async () => {
    const player = await new Player(world).open();
    world.window.dispatchEvent(new Event("online"));
    player.connection.disconnect();
    await pass(0);

    expect(world.sockets.length).toBe(1);
  });
});

test("a page that the browser keeps frozen lets go of the network, and comes back", async () => {
  const player = await new Player(world).open();
  const persisted = (name: string) => Object.assign(new Event(name), { persisted: true });
  world.window.dispatchEvent(persisted("pagehide"));
  await pass(30);
  expect([world.socket.aborted, world.stream.aborted]).toEqual([true, true]);
  expect([world.sockets.length, player.snapshot.status]).toEqual([1, "reconnecting"]);
  world.window.dispatchEvent(persisted("pageshow"));
  await settle();
  world.socket.frame(hello("w2"));

  expect([world.sockets.length, player.snapshot.status]).toEqual([2, "connected"]);
});
