import { act, cleanup, render, renderHook } from "@testing-library/react";
import { StrictMode, useEffect } from "react";
import { renderToString } from "react-dom/server";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type GameConnectionOptions, useGameConnection } from "../src/index.js";
import { FakeConnection } from "./fake.js";

const made: FakeConnection[] = [];

function create(options: GameConnectionOptions): FakeConnection {
  const connection = new FakeConnection(options);
  made.push(connection);
  return connection;
}

function only(): FakeConnection {
  expect(made).toHaveLength(1);
  return made[0] as FakeConnection;
}

function using(options: GameConnectionOptions = {}) {
  return renderHook((given: GameConnectionOptions) => useGameConnection({ create, ...given }), {
    initialProps: options,
  });
}

function Whether() {
  const { isConnected } = useGameConnection({ create });
  return <p>{isConnected ? "in" : "out"}</p>;
}

function Broken(): never {
  useGameConnection({ create, connectionKey: "broken" });
  throw new Error("broken");
}

function Parent() {
  const { sendCommand } = useGameConnection({ create });
  return <Child send={sendCommand} />;
}

function Child({ send }: { readonly send: (line: string) => Promise<unknown> }) {
  useEffect(() => void send("look"), [send]);
  return null;
}

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  cleanup();
  vi.advanceTimersByTime(60_000); // Whatever is left closes.
  made.length = 0;
  vi.useRealTimers();
});

describe("state", () => {
  test("connects when it is mounted, and says how both connections are", () => {
    const { result } = using();
    expect(only().connects).toBe(1);
    expect(result.current).toMatchObject({
      isConnected: false,
      isConnecting: true,
      websocketConnected: false,
      sseConnected: false,
      sessionId: null,
      lastEvent: null,
      error: null,
      reconnectAttempts: 0,
      connectionHealth: { websocket: "unknown", sse: "unknown", lastHealthCheck: null },
      connectionMetadata: {
        websocketConnectionId: null,
        sseConnectionId: null,
        totalConnections: 0,
        connectionTypes: [],
      },
    });

    act(() => only().open());
    expect(result.current).toMatchObject({
      isConnected: true,
      isConnecting: false,
      websocketConnected: true,
      sseConnected: true,
      sessionId: "session-0",
      connectionHealth: { websocket: "healthy", sse: "healthy" },
      connectionMetadata: {
        websocketConnectionId: "ws-1",
        sseConnectionId: "sse-1",
        totalConnections: 2,
        connectionTypes: ["websocket", "sse"],
      },
    });
  });

  test("stays connected while one connection lives", () => {
    const { result } = using();
    act(() => only().open());
    act(() => only().change("websocket", { state: "closed", health: "unhealthy" }));
    expect(result.current.isConnected).toBe(true);
    expect(result.current.websocketConnected).toBe(false);
    expect(result.current.sseConnected).toBe(true);
    expect(result.current.connectionMetadata.websocketConnectionId).toBeNull();
    expect(result.current.connectionMetadata.connectionTypes).toEqual(["sse"]);
  });

  test("says what went wrong, and how often it was tried", () => {
    const { result } = using();
    const problem = { reason: "unauthorized", message: "Log in.", connection: null, at: 1 };
    act(() => only().become({ status: "reconnecting", error: problem, reconnectAttempts: 3 }));
    expect(result.current.error).toBe("Log in.");
    expect(result.current.reconnectAttempts).toBe(3);
    expect(result.current.isConnecting).toBe(true);
  });

  test("waits to be asked, if it is told to", async () => {
    const { result } = using({ autoConnect: false });
    expect(only().connects).toBe(0);
    await act(() => result.current.connect());
    expect(only().connects).toBe(1);
    act(() => result.current.disconnect());
    expect(result.current.isConnecting).toBe(false);
  });

  test("a server renders it without a connection", () => {
    expect(renderToString(<Whether />)).toBe("<p>out</p>");
    expect(made).toHaveLength(0);
  });
});

describe("callbacks", () => {
  test("each is called with what it promises", () => {
    const calls: unknown[][] = [];
    const note =
      (name: string) =>
      (...args: unknown[]): void => {
        calls.push([name, ...args]);
      };
    using({
      onEvent: note("event"),
      onDirect: note("direct"),
      onGap: note("gap"),
      onConnect: note("connect"),
      onDisconnect: note("disconnect"),
      onError: note("error"),
      onSessionChange: note("session"),
      onEnded: note("ended"),
    });
    const connection = only();
    act(() => connection.open());
    act(() => connection.bring("global", 1, { n: 1 }));
    act(() => connection.item({ type: "direct", event: { n: 2 }, by: "sse" }));
    const gap = { type: "gap", stream: "global", first: 2, last: 3, reason: "trimmed" } as const;
    act(() => connection.item(gap));
    const problem = { reason: "stale", message: "It went quiet.", connection: null, at: 1 };
    act(() => connection.emit("error", problem));
    act(() => connection.emit("disconnected", { reason: "stale" }));
    act(() => connection.emit("session", { sessionId: "session-9" }));
    const code = { number: 4409, name: "session_replaced" } as never;
    const ended = { code, message: "Elsewhere.", canTakeBack: true };
    act(() => connection.emit("ended", ended));
    expect(calls).toEqual([
      ["connect", "session-0"],
      ["event", { n: 1 }, expect.objectContaining({ stream: "global", offset: 1 })],
      ["direct", { n: 2 }, expect.objectContaining({ by: "sse" })],
      ["gap", gap],
      ["error", "It went quiet.", problem],
      ["disconnect", "stale"],
      ["session", "session-9"],
      ["ended", ended],
    ]);
  });

  test("health is told when it changed, and only then", () => {
    const onConnectionHealthUpdate = vi.fn();
    using({ onConnectionHealthUpdate });
    act(() => only().change("sse", { health: "healthy" }));
    act(() => only().change("sse", { retryAt: 5 }));
    act(() => only().change("sse", { health: "degraded" }));
    expect(onConnectionHealthUpdate.mock.calls.map(([health]) => health.sse)).toEqual([
      "healthy",
      "degraded",
    ]);
  });

  test("the functions of the latest render are called", () => {
    const [before, after] = [vi.fn(), vi.fn()];
    const { rerender } = using({ onEvent: before });
    rerender({ onEvent: after });
    act(() => only().bring("global", 1, { n: 1 }));
    expect(before).not.toHaveBeenCalled();
    expect(after).toHaveBeenCalledOnce();
  });
});

describe("doing things", () => {
  test("commands are lines, verbs with words, or objects", async () => {
    const { result } = using();
    const reply = await result.current.sendCommand("look");
    await result.current.sendCommand("say", ["Hello", "there"]);
    await result.current.sendCommand({ type: "chat", data: { message: "Hi" } });
    expect(reply.outcome).toBe("done");
    expect(only().commands).toEqual([
      { command: "look" },
      { command: "say", args: ["Hello", "there"] },
      { type: "chat", data: { message: "Hi" } },
    ]);
  });

  test("sessions are made and changed", async () => {
    const { result, rerender } = using();
    act(() => only().open());
    let created = "";
    await act(async () => {
      created = await result.current.createNewSession();
    });
    expect(result.current.sessionId).toBe(created);
    await act(() => result.current.switchToSession("another-session"));
    expect(result.current.getConnectionInfo().sessionId).toBe("another-session");
    rerender({ sessionId: "a-third-session" });
    expect(only().sessions).toEqual([created, "another-session", "a-third-session"]);
  });

  test("functions stay the same from render to render", () => {
    const { result } = using();
    const { sendCommand, connect, connection } = result.current;
    act(() => only().open());
    expect(result.current.sendCommand).toBe(sendCommand);
    expect(result.current.connect).toBe(connect);
    expect(result.current.connection).toBe(connection);
  });

  test("a token of a later render is the one that counts", async () => {
    const { rerender } = using({ authToken: "first" });
    const { token } = only().options;
    const give = token as () => Promise<string>;
    expect(await give()).toBe("first");
    rerender({ authToken: "second" });
    expect(await give()).toBe("second");
    rerender({ token: () => "third" });
    expect(await give()).toBe("third");
    only();
  });

  test("what is the hook's own is not given to the client", () => {
    using({ linger: 2, url: "https://game.example", authToken: "t", onEvent: () => {} });
    expect(Object.keys(only().options).sort()).toEqual(["token", "url"]);
  });
});

describe("sharing", () => {
  test("StrictMode opens one connection, once, and leaves no listener", () => {
    const { unmount } = renderHook(() => useGameConnection({ create }), { wrapper: StrictMode });
    vi.advanceTimersByTime(10_000);
    expect(only().disconnects).toBe(0);
    const inUse = only().listeners;
    const second = renderHook(() => useGameConnection({ create }));
    expect(only().listeners).toBe(inUse * 2);
    second.unmount();
    unmount();
    expect(only().listeners).toBe(0);
    vi.advanceTimersByTime(2_000);
    expect(only().disconnects).toBe(1);
  });

  test("two components share a connection, and the last one closes it", () => {
    const first = using();
    const second = using();
    act(() => only().open());
    expect(first.result.current.isConnected && second.result.current.isConnected).toBe(true);
    first.unmount();
    vi.advanceTimersByTime(10_000);
    expect(only().disconnects).toBe(0);
    second.unmount();
    vi.advanceTimersByTime(999);
    expect(only().disconnects).toBe(0);
    vi.advanceTimersByTime(1);
    expect(only().disconnects).toBe(1);
  });

  test("a component that comes back in time finds its connection", () => {
    using({ linger: 5 }).unmount();
    vi.advanceTimersByTime(4_000);
    using({ linger: 5 });
    vi.advanceTimersByTime(60_000);
    expect(only().disconnects).toBe(0);
  });

  test("one that comes back too late gets another connection", () => {
    using().unmount();
    vi.advanceTimersByTime(1_000);
    const { result } = using();
    expect(made).toHaveLength(2);
    act(() => made[1]?.open());
    expect(result.current.isConnected).toBe(true);
  });

  test("another key, server or query is another connection", () => {
    using({ connectionKey: "a" });
    using({ connectionKey: "b" });
    using({ url: "https://one.example" });
    using({ url: "https://one.example", query: { types: "chat" } });
    expect(made).toHaveLength(4);
  });

  test("a key that changes lets the old connection go", () => {
    const { rerender, result } = using({ connectionKey: "a" });
    rerender({ connectionKey: "b" });
    const [a, b] = made;
    act(() => b?.open());
    expect(result.current.isConnected).toBe(true);
    vi.advanceTimersByTime(1_000);
    expect([a?.disconnects, b?.disconnects]).toEqual([1, 0]);
  });

  test("a render that never came to be leaves nothing open", () => {
    const silence = vi.spyOn(console, "error").mockImplementation(() => {});
    expect(() => render(<Broken />)).toThrow("broken");
    silence.mockRestore();
    vi.advanceTimersByTime(1_000);
    expect(made.every((each) => each.connects === 0)).toBe(true);
    const abandoned = made.length;
    const { result } = using({ connectionKey: "broken" });
    expect(made).toHaveLength(abandoned + 1);
    expect(result.current.isConnecting).toBe(true);
  });

  test("what a child does in its first effect reaches the connection", () => {
    render(<Parent />);
    expect(only().commands).toEqual([{ command: "look" }]);
  });
});
