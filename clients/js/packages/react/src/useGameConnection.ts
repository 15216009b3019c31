/** The hook: both connections of a player in a component. */

import type {
  CommandOptions,
  ConnectionOptions,
  Delivered,
  Direct,
  Ended,
  GameConnection,
  Gap,
  JSONObject,
  Problem,
  Reply,
  Snapshot,
  Token,
} from "@dualwire/client";
import { useEffect, useMemo, useSyncExternalStore } from "react";
import { IDLE } from "./idle.js";
import { type Create, keyOf, LINGER, shared } from "./sharing.js";
import { useLatest } from "./useLatest.js";
import { type ConnectionHealth, type ConnectionMetadata, healthOf, metadataOf } from "./views.js";

/** What is called when something happens; the functions of the latest render are. */
export interface GameConnectionCallbacks {
  /** An event: each once, in order. */
  readonly onEvent?: (event: JSONObject, delivered: Delivered) => void;
  /** What the server said to one connection alone; it may be repeated on the other. */
  readonly onDirect?: (event: JSONObject, direct: Direct) => void;
  /** Events that will never come. */
  readonly onGap?: (gap: Gap) => void;
  /** The first connection opened, or one again after none was. */
  readonly onConnect?: (sessionId: string) => void;
  /** No connection is open any more. */
  readonly onDisconnect?: (reason: string) => void;
  /** Something went wrong, as one sentence for a person; tries go on. */
  readonly onError?: (message: string, problem: Problem) => void;
  /** The session is another one now. */
  readonly onSessionChange?: (sessionId: string) => void;
  /** The health of either connection changed. */
  readonly onConnectionHealthUpdate?: (health: ConnectionHealth) => void;
  /** The server said that there is no coming back by itself. */
  readonly onEnded?: (ended: Ended) => void;
}

/** See {@link useGameConnection}. */
export interface GameConnectionOptions extends ConnectionOptions, GameConnectionCallbacks {
  /**
   * Components with the same key share one connection. Default: one for each server (`url`) and
   * `query`. Apart from `token` and `sessionId`, the options of the first component count.
   */
  readonly connectionKey?: string;
  /** Whether to connect by itself; default true. */
  readonly autoConnect?: boolean;
  /** The same as `token`. */
  readonly authToken?: Token;
  /** Seconds that the connection outlives its last component; default 1. */
  readonly linger?: number;
  /** Makes the connection, for tests; default: `createConnection`. */
  readonly create?: Create;
}

/** What {@link useGameConnection} returns. The functions stay the same as long as the key does. */
export interface GameConnectionState {
  /** Whether at least one connection is open. */
  readonly isConnected: boolean;
  /** Whether none is open and it is being tried. */
  readonly isConnecting: boolean;
  readonly websocketConnected: boolean;
  readonly sseConnected: boolean;
  readonly sessionId: string | null;
  readonly connectionHealth: ConnectionHealth;
  readonly connectionMetadata: ConnectionMetadata;
  /** The latest event; render what must not be missed from `onEvent`, not from here. */
  readonly lastEvent: JSONObject | null;
  /** What went wrong last, for a person; `null` once all is well. */
  readonly error: string | null;
  /** Tries in a row that came to nothing. */
  readonly reconnectAttempts: number;
  /** Set when it is over, with the reason. */
  readonly ended: Ended | null;
  /** Everything else: both connections with their quality, statistics, rooms. */
  readonly snapshot: Snapshot;
  /** The connection itself, for the other hooks. */
  readonly connection: GameConnection;

  /** Connect; resolves when the first connection is open. */
  readonly connect: () => Promise<void>;
  readonly disconnect: () => void;
  /**
   * Have the server do something, at most once, and learn what became of it.
   *
   * @param command a line or a verb (sent as `{ command, args }`), or any JSON object
   * @param args the words that follow the verb
   */
  readonly sendCommand: (
    command: string | JSONObject,
    args?: readonly string[],
    options?: CommandOptions,
  ) => Promise<Reply>;
  /** Take over with a new session; its id. */
  readonly createNewSession: () => Promise<string>;
  readonly switchToSession: (sessionId: string) => Promise<void>;
  /** Everything at this moment, without waiting for a render. */
  readonly getConnectionInfo: () => Snapshot;
}

/**
 * A player's WebSocket and event stream, for as long as a component that uses them is there.
 *
 * Safe in StrictMode and with fast refresh; components with the same key share a connection.
 */
export function useGameConnection(options: GameConnectionOptions = {}): GameConnectionState {
  const { autoConnect = true, linger = LINGER, sessionId } = options;
  const key = options.connectionKey ?? keyOf(options);
  const latest = useLatest(options);
  const face = useMemo(() => {
    const own = latest.current;
    return faceOf(() => shared(key, connectionOptions(own), own.create));
  }, [key, latest]);
  const snapshot = useSyncExternalStore(face.subscribe, face.getSnapshot, getServerSnapshot);

  useEffect(() => {
    face.shared().renew(connectionOptions(options));
  });
  useEffect(() => {
    const { connection } = face.shared();
    const callbacks = () => latest.current;
    let health = healthOf(connection.getSnapshot());
    const ends = [
      connection.on("event", (it) => callbacks().onEvent?.(it.event, it)),
      connection.on("direct", (it) => callbacks().onDirect?.(it.event, it)),
      connection.on("gap", (it) => callbacks().onGap?.(it)),
      connection.on("connected", (it) => callbacks().onConnect?.(it.sessionId)),
      connection.on("disconnected", (it) => callbacks().onDisconnect?.(it.reason)),
      connection.on("error", (it) => callbacks().onError?.(it.message, it)),
      connection.on("session", (it) => callbacks().onSessionChange?.(it.sessionId)),
      connection.on("ended", (it) => callbacks().onEnded?.(it)),
      connection.on("connection", () => {
        const now = healthOf(connection.getSnapshot());
        if (now.websocket === health.websocket && now.sse === health.sse) return;
        health = now;
        callbacks().onConnectionHealthUpdate?.(now);
      }),
    ];
    return () => {
      for (const end of ends) end();
    };
  }, [face, latest]);
  useEffect(() => {
    const held = face.shared();
    const release = held.hold(linger);
    // Why it failed is in the snapshot, and told to `onError` and `onEnded`.
    if (autoConnect) held.connection.connect().catch(() => {});
    return release;
  }, [face, autoConnect, linger]);
  useEffect(() => {
    const { connection } = face.shared();
    const current = connection.getSnapshot().sessionId;
    if (sessionId === undefined || current === null || current === sessionId) return;
    connection.switchToSession(sessionId).catch(() => {});
  }, [face, sessionId]);

  return useMemo(
    () => ({
      ...viewOf(snapshot),
      ...face.methods,
      get connection() {
        return face.shared().connection; // Not before it is asked for: a server renders without.
      },
    }),
    [face, snapshot],
  );
}

/** A connection as components see it: whichever one the key stands for at the moment. */
function faceOf(find: () => ReturnType<typeof shared>) {
  const connection = () => find().connection;
  const methods = {
    connect: () => connection().connect(),
    disconnect: () => connection().disconnect(),
    sendCommand: (
      command: string | JSONObject,
      args?: readonly string[],
      options?: CommandOptions,
    ) => connection().sendCommand(bodyOf(command, args), options),
    createNewSession: () => connection().createNewSession(),
    switchToSession: (sessionId: string) => connection().switchToSession(sessionId),
    getConnectionInfo: () => connection().getSnapshot(),
  };
  return {
    shared: find,
    methods,
    subscribe: (listener: () => void) => connection().subscribe(listener),
    getSnapshot: () => connection().getSnapshot(),
  };
}

function viewOf(snapshot: Snapshot) {
  return {
    isConnected: snapshot.status === "connected",
    isConnecting: snapshot.status === "connecting" || snapshot.status === "reconnecting",
    websocketConnected: snapshot.connections.websocket.state === "open",
    sseConnected: snapshot.connections.sse.state === "open",
    sessionId: snapshot.sessionId,
    connectionHealth: healthOf(snapshot),
    connectionMetadata: metadataOf(snapshot),
    lastEvent: snapshot.lastEvent?.event ?? null,
    error: snapshot.error?.message ?? null,
    reconnectAttempts: snapshot.reconnectAttempts,
    ended: snapshot.ended,
    snapshot,
  };
}

function bodyOf(command: string | JSONObject, args?: readonly string[]): JSONObject {
  if (typeof command !== "string") return command;
  return args === undefined ? { command } : { command, args };
}

/** What is ours, not the client's. */
const OWN: ReadonlySet<string> = new Set<keyof GameConnectionOptions>([
  "connectionKey",
  "autoConnect",
  "authToken",
  "linger",
  "create",
  "onEvent",
  "onDirect",
  "onGap",
  "onConnect",
  "onDisconnect",
  "onError",
  "onSessionChange",
  "onConnectionHealthUpdate",
  "onEnded",
]);

/** What the client itself is given. */
function connectionOptions(options: GameConnectionOptions): ConnectionOptions {
  const all = { ...options, token: options.token ?? options.authToken };
  const given = Object.entries(all).filter(
    ([name, value]) => value !== undefined && !OWN.has(name),
  );
  return Object.fromEntries(given);
}

function getServerSnapshot(): Snapshot {
  return IDLE;
}
