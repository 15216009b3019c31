/** A connection without a network: a test says what happens to it. */

import type {
  ConnectionInfo,
  ConnectionOptions,
  ConnectionType,
  Debug,
  Events,
  GameConnection,
  Item,
  JSONObject,
  Reply,
  Snapshot,
} from "@dualwire/client";
import { IDLE } from "../src/idle.js";

type Listener = (value: never) => void;

export class FakeConnection implements GameConnection {
  snapshot: Snapshot = IDLE;
  readonly commands: JSONObject[] = [];
  readonly sessions: string[] = [];
  connects = 0;
  disconnects = 0;
  readonly debug: Debug = {
    drop: () => {},
    cut: () => {},
    swallow: () => {},
    restore: () => {},
    fault: () => null,
  };
  readonly #listeners = new Map<keyof Events, Set<Listener>>();
  readonly #subscribers = new Set<() => void>();

  constructor(readonly options: ConnectionOptions = {}) {}

  // What a component does

  connect = async (): Promise<void> => {
    this.connects += 1;
    if (this.snapshot.status === "idle") this.become({ status: "connecting" });
  };

  disconnect = (): void => {
    this.disconnects += 1;
    this.become({ status: "idle" });
  };

  sendCommand = async (body: JSONObject): Promise<Reply> => {
    this.commands.push(body);
    return { id: `x.${this.commands.length}`, outcome: "done", body: { ok: true }, reason: null };
  };

  send = async (): Promise<void> => {};

  createNewSession = async (): Promise<string> => {
    const sessionId = `session-${this.sessions.length + 1}`;
    await this.switchToSession(sessionId);
    return sessionId;
  };

  switchToSession = async (sessionId: string): Promise<void> => {
    this.sessions.push(sessionId);
    this.become({ sessionId });
    this.emit("session", { sessionId });
  };

  getSnapshot = (): Snapshot => this.snapshot;

  subscribe = (listener: () => void): (() => void) => {
    this.#subscribers.add(listener);
    return () => this.#subscribers.delete(listener);
  };

  on = <Name extends keyof Events>(
    name: Name,
    listener: (value: Events[Name]) => void,
  ): (() => void) => {
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners.add(listener as Listener));
    return () => listeners.delete(listener as Listener);
  };

  cursor = () => ({});

  wake = (): void => {};

  // What a test does

  get listeners(): number {
    return [...this.#listeners.values()].reduce((sum, each) => sum + each.size, 0);
  }

  become(change: Partial<Snapshot>): void {
    this.snapshot = { ...this.snapshot, ...change };
    for (const each of this.#subscribers) each();
  }

  /** Both connections open. */
  open(): void {
    this.change("websocket", { id: "ws-1", state: "open", health: "healthy" });
    this.change("sse", { id: "sse-1", state: "open", health: "healthy" });
    this.become({ status: "connected", player: "ann", sessionId: "session-0" });
    this.emit("connected", { sessionId: "session-0", by: "websocket" });
  }

  change(type: ConnectionType, change: Partial<ConnectionInfo>): void {
    const info = { ...this.snapshot.connections[type], ...change };
    this.become({ connections: { ...this.snapshot.connections, [type]: info } });
    this.emit("connection", info);
  }

  /** An event of a stream. */
  bring(stream: string, offset: number, event: JSONObject): void {
    this.item({ type: "delivered", stream, offset, event, by: "websocket" });
  }

  item(item: Item): void {
    if (item.type === "delivered") {
      this.become({ lastEvent: item });
      this.emit("event", item);
    }
    if (item.type === "direct") this.emit("direct", item);
    if (item.type === "gap") this.emit("gap", item);
    this.emit("item", item);
  }

  emit<Name extends keyof Events>(name: Name, value: Events[Name]): void {
    for (const each of this.#listeners.get(name) ?? []) each(value as never);
  }
}
