/** Which session a page belongs to: reloads, tabs, takeovers. */

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Player } from "./player.js";
import { EPOCH, event, FakeStore, fakeTime, hello, pass, settle, World } from "./world.js";

const REPLACED = { type: "bye", code: 4409, reason: "session_replaced" };

let world: World;

beforeEach(() => {
  fakeTime();
  world = new World();
});
afterEach(() => void vi.useRealTimers());

function asked(): (string | null)[] {
  return world.sockets.map((each) => each.url.searchParams.get("session_id"));
}

/** A tab's page, with the storage that its next page finds. */
function page(store: FakeStore, options = {}): Player {
  return new Player(world, options, { sessionStorage: store });
}

describe("a reload", () => {
  test("goes on in its session, where it was; what was missed is told", async () => {
    const store = new FakeStore();
    const before = await page(store).open();
    world.socket.frame(event(1));
    await settle();
    world.window.dispatchEvent(new Event("pagehide"));
    world.socket.end();
    const after = page(store);
    void after.connection.connect();
    await settle();

    expect(asked()).toEqual(["session-1", "session-1"]);
    const cursor = JSON.parse(world.socket.url.searchParams.get("cursor") ?? "");
    expect(cursor).toEqual(before.connection.cursor());
    expect(after.snapshot.rooms, "known before anything is open").toEqual(["room:hall"]);

    const streams = { ...cursor, "room:hall": [EPOCH, 4] };
    world.socket.frame(hello("w2", { streams, resume: { outcome: "partial" } }));
    world.socket.frame(event(4));
    await pass(1);
    expect(after.items.slice(1)).toMatchObject([
      { type: "gap", stream: "room:hall", first: 2, last: 3 },
      { type: "delivered", offset: 4 },
    ]);
  });

  test("keeps its cursor every second, should the page end without a word", async () => {
    const store = new FakeStore();
    await page(store).open();
    world.socket.frame(event(1));
    await pass(1);

    expect([...store.kept.values()].join()).toContain(`"room:hall":["${EPOCH}",2]`);
  });

  test("by another player begins anew", async () => {
    const store = new FakeStore();
    await page(store).open();
    await pass(1);
    world.player = "bob";
    world.answer = ({ body }) =>
      body.session_id === "session-1"
        ? Response.json({ error: { type: "forbidden", details: { code: 4403 } } }, { status: 403 })
        : undefined;
    void page(store).connection.connect();
    await settle();

    expect(asked()).toEqual(["session-1", "session-2"]);
    expect(world.socket.url.searchParams.has("cursor")).toBe(false);
  });

  test("does not evict who took the game over meanwhile", async () => {
    const store = new FakeStore();
    await page(store).open();
    await pass(1);
    const after = page(store);
    void after.connection.connect().catch(() => {});
    await settle();
    world.socket.end(4409, "session_replaced");
    await pass(1);

    expect(after.snapshot).toMatchObject({ status: "ended", ended: { canTakeBack: true } });
  });

  test("without storage is a new client, no more", async () => {
    const store = new FakeStore();
    store.getItem = store.setItem = () => {
      throw new Error("forbidden");
    };
    await new Player(world, {}, { localStorage: store, sessionStorage: store }).open();
    await new Player(world, { persist: false }).open();

    expect(asked()).toEqual(["session-1", "session-2"]);
  });
});

describe("tabs of one browser", () => {
  test("share the player's session", async () => {
    await page(new FakeStore()).open();
    const other = await page(new FakeStore()).open();

    expect(asked()).toEqual(["session-1", "session-1"]);
    expect(other.snapshot.sessionId).toBe("session-1");
    expect(world.socket.url.searchParams.get("ticket"), "of that session").toBe("ticket-3");
  });

  test("that open at the same moment do so too", async () => {
    void page(new FakeStore()).connection.connect();
    void page(new FakeStore()).connection.connect();
    await settle();

    expect(asked()).toEqual(["session-1", "session-1"]);
  });

  test("of an earlier visit make way for a new one: who comes last plays", async () => {
    await page(new FakeStore()).open();
    const later = page(new FakeStore());
    void later.connection.connect();
    await settle();
    world.socket.end(4409, "session_replaced");
    await pass(1);

    expect(asked().at(-1)).toBe("session-4");
    world.socket.frame(hello("w3"));
    expect(later.snapshot).toMatchObject({ status: "connected", sessionId: "session-4" });
  });

  test("follow the one that takes the game back", async () => {
    const [one, other] = [page(new FakeStore()), page(new FakeStore())];
    await one.open();
    const first = world.socket;
    await other.open();
    const second = world.socket;
    first.frame(REPLACED);
    await pass(1);
    expect(one.snapshot.status).toBe("ended");
    const id = await one.connection.createNewSession();
    second.frame(REPLACED);
    await pass(0);

    expect(asked().slice(-2)).toEqual([id, id]);
    expect(other.snapshot.sessionId).toBe(id);
  });

  test("that have ended hear of it", async () => {
    const player = await page(new FakeStore()).open();
    world.socket.frame(REPLACED);
    await pass(1);
    const [key] = world.localStorage.kept.keys();
    world.localStorage.setItem(String(key), "session-9");
    world.window.dispatchEvent(Object.assign(new Event("storage"), { key }));
    await settle();

    expect(asked().at(-1)).toBe("session-9");
    expect(player.snapshot.status).toBe("connecting");
  });
});

test("an application may choose the session and the place itself", async () => {
  const cursor = { "player:ann": [EPOCH, 5], global: [EPOCH, 2] } as const;
  const player = page(new FakeStore(), { sessionId: "my-session", cursor });
  void player.connection.connect();
  await settle();

  expect(asked()).toEqual(["my-session"]);
  expect(JSON.parse(world.socket.url.searchParams.get("cursor") ?? "")).toEqual(cursor);
});

test("another session keeps the place, and both connections move", async () => {
  const player = await page(new FakeStore()).open();
  world.socket.frame(event(1));
  await player.connection.switchToSession("another-one");
  await settle();

  expect(asked().at(-1)).toBe("another-one");
  expect(world.stream.url.searchParams.get("session_id")).toBe("another-one");
  expect(world.socket.url.searchParams.get("cursor")).toContain(`"room:hall":["${EPOCH}",2]`);
  expect(player.names()).toContain("session");
});

test("an answer that is none is no session", async () => {
  world.answer = () => ({ hello: "proxy" });
  const player = page(new FakeStore());
  void player.connection.connect();
  await settle();

  expect(player.snapshot.status).toBe("connecting");
  expect(player.snapshot.error?.message).toContain("POST /api/session: expected");
});
