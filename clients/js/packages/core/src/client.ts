/** Both connections of a player as one. */

import { Board, keepSame } from "./board.js";
import { Commands } from "./commands.js";
import { ClientConnection, type Owner } from "./connection.js";
import { Emitter } from "./emitter.js";
import type { Ending } from "./ended.js";
import { browser, type Environment, type Timer } from "./environment.js";
import { EndedError, NotSentError } from "./errors.js";
import type { Debug, GameConnection } from "./game_connection.js";
import type { JSONObject } from "./json.js";
import type { Life } from "./life.js";
import { Memory } from "./memory.js";
import { Monitor } from "./monitor.js";
import { Opener } from "./opener.js";
import type { ConnectionOptions } from "./options.js";
import { type Audience, Receiving } from "./receiving.js";
import { Server } from "./server.js";
import { Session } from "./session.js";
import { Sharing } from "./sharing.js";
import { Tally } from "./tally.js";
import { Tokens } from "./tokens.js";
import type {
  CommandOptions,
  ConnectionType,
  Cursor,
  Ended,
  Events,
  Item,
  Problem,
  Reply,
  Snapshot,
  Status,
} from "./types.js";
import { Uplink } from "./uplink.js";
import { listen, type Sleeper } from "./wakeups.js";

/** Seconds that one connection has to end by itself after the other was told that it is over. */
const LAST_WORDS = 1;

/** Seconds between two records of where this tab stands. */
const KEEP_EVERY = 1;

/** Seconds that a command's outcome is waited for, if nothing else is said. */
const COMMAND_TIMEOUT = 30;

/** See {@link GameConnection}. */
export class Client implements GameConnection, Owner, Audience, Sleeper {
  readonly debug: Debug;
  readonly #environment: Environment;
  readonly #emitter = new Emitter((error, name) =>
    this.problem("listener", `A listener of ${name} failed: ${String(error)}`, null),
  );
  readonly #board: Board<Snapshot>;
  readonly #connections: { readonly [type in ConnectionType]: ClientConnection };
  readonly #tokens: Tokens;
  readonly #session: Session;
  readonly #memory: Memory;
  readonly #sharing: Sharing;
  readonly #monitor: Monitor;
  readonly #receiving: Receiving;
  readonly #uplink: Uplink;
  readonly #commands: Commands;
  readonly #opener: Opener;
  readonly #tally = new Tally();
  #status: Status = "idle";
  #ended: Ended | null = null;
  #error: Problem | null = null;
  /** The session that listeners know of. */
  #toldSession: string | null = null;
  #entering: { promise: Promise<void>; resolve(): void; reject(error: Error): void } | null = null;
  #unlisten: (() => void) | null = null;
  #timers: { keep: Timer | null; lastWords: Timer | null } = { keep: null, lastWords: null };

  constructor(options: ConnectionOptions) {
    const environment = { ...browser(), ...options.environment };
    this.#environment = environment;
    const base = (options.url ?? environment.origin).replace(/\/+$/, "");
    const server = new Server(base, environment, options.query ?? {});
    this.#tokens = new Tokens(options.token, environment, (message) => this.#uplink.send(message));
    server.tokens = this.#tokens;
    this.#memory = new Memory(environment, base, options.persist ?? true);
    this.#session = new Session(options.sessionId, server, this.#memory, environment);
    if (options.cursor !== undefined) this.#session.cursor = options.cursor;
    this.#sharing = new Sharing(environment, base, options.sharesEventStream ?? "auto");
    const websocket = new ClientConnection("websocket", environment, this);
    const sse = new ClientConnection("sse", environment, this);
    websocket.twin = sse;
    sse.twin = websocket;
    this.#connections = { websocket, sse };
    this.#monitor = new Monitor(environment, (connection) => this.changed(connection));
    this.#receiving = new Receiving(environment, this.#monitor, this);
    this.#uplink = new Uplink(server, this.#session, websocket, sse, environment);
    this.#commands = new Commands(this.#uplink, environment);
    this.#monitor.uplink = this.#receiving.uplink = this.#uplink;
    this.#receiving.commands = this.#commands;
    this.#opener = new Opener(
      environment,
      server,
      this.#tokens,
      this.#session,
      this.#receiving,
      options.digest ?? false,
    );
    this.#board = new Board(environment, (old) => this.#read(old));
    this.debug = {
      drop: (type) => this.#connections[type].drop(),
      cut: (type) => this.#connections[type].spoil("cut"),
      swallow: (type) => this.#connections[type].spoil("swallow"),
      restore: (type) => this.#connections[type].spoil(null),
      fault: (type) => this.#connections[type].fault,
    };
  }

  // What an application calls. Arrow functions, so that they can be passed on their own.

  readonly connect = (): Promise<void> => {
    if (this.#status === "connected" || this.#status === "reconnecting") return Promise.resolve();
    if (this.#entering !== null) return this.#entering.promise;
    if (this.#status === "ended") this.#tokens.forget();
    this.#ended = null;
    this.#error = null;
    this.#status = "connecting";
    this.#entering = deferred();
    this.#unlisten?.();
    this.#unlisten = listen(this.#environment, this);
    this.#startConnections();
    this.#board.changed();
    return this.#entering.promise;
  };

  readonly disconnect = (): void => {
    if (this.#status === "idle") return;
    this.keep();
    const reason = "disconnect() was called";
    this.#setStatus("idle", reason);
    this.#stop(reason);
    this.#ended = null;
    this.#entering?.reject(new EndedError(reason, null));
    this.#entering = null;
  };

  readonly sendCommand = async (
    body: JSONObject,
    { timeout = COMMAND_TIMEOUT }: CommandOptions = {},
  ): Promise<Reply> => this.#commands.run(body, timeout);

  readonly send = async (message: JSONObject): Promise<void> => {
    this.#uplink.check(JSON.stringify(message));
    if (this.#status === "idle" || this.#status === "ended") {
      throw new EndedError("not connected: call connect() first", this.#ended);
    }
    try {
      const event = await this.#uplink.send(message);
      if (event !== null) this.item({ type: "direct", event, by: "sse" });
    } catch (error) {
      throw notSent(error);
    }
  };

  readonly createNewSession = async (): Promise<string> => {
    try {
      const id = await this.#session.renew();
      this.#moved();
      return id;
    } catch (error) {
      throw notSent(error);
    }
  };

  readonly switchToSession = async (sessionId: string): Promise<void> => {
    if (sessionId !== this.#session.id) this.#session.use(sessionId);
    this.#moved();
  };

  readonly getSnapshot = (): Snapshot => this.#board.get();

  readonly subscribe = (listener: () => void): (() => void) => this.#board.subscribe(listener);

  readonly on = <Name extends keyof Events>(
    name: Name,
    listener: (value: Events[Name]) => void,
  ): (() => void) => this.#emitter.on(name, listener);

  readonly cursor = (): Cursor => this.#receiving.cursor();

  readonly wake = (): void => {
    for (const each of Object.values(this.#connections)) each.hurry();
    this.#monitor.wake();
  };

  // What connections tell

  async open(...[connection, life, listener]: Parameters<Owner["open"]>): Promise<void> {
    await this.#opener.open(connection, life, listener);
    // Now the browser knows which HTTP the server speaks.
    if (connection.type === "websocket" && !life.over) this.#startEventStream();
  }

  greeted(connection: ClientConnection, life: Life, hello: JSONObject): void {
    this.#receiving.greeted(connection, life, hello);
    this.#monitor.opened(connection, life);
    this.#session.untried = false;
    this.#tellSession();
    this.#tokens.accepted();
    this.#tokens.startRefreshing();
    this.#keepLater();
  }

  take(connection: ClientConnection, life: Life, frame: JSONObject, text: string): void {
    this.#receiving.take(connection, life, frame, text);
  }

  left(_connection: ClientConnection, life: Life): void {
    this.#receiving.left(life);
  }

  mayReturn(connection: ClientConnection, life: Life, ending: Ending): boolean {
    if (life.openedAt === null && ending.code.number === 1006) this.#monitor.silent(connection);
    this.problem(ending.code.name, ending.message, connection.type);
    return this.#opener.mayReturn(life, ending, () => this.#moved());
  }

  over(connection: ClientConnection, ending: Ending): void {
    const { code, message } = ending;
    const canTakeBack = code.name === "session_replaced";
    this.#ended ??= { code, message, canTakeBack };
    // The other connection may still bring what came before.
    const end = () => this.#finish();
    if (!connection.twin.isOpen) end();
    else this.#timers.lastWords ??= this.#environment.setTimer(end, LAST_WORDS * 1000);
  }

  changed(connection: ClientConnection): void {
    const outage = this.#tally.connection(connection);
    if (outage !== null) this.#receiving.recovered(connection, outage === "noticed");
    this.#emitter.emit("connection", connection.info());
    this.#judgeStatus(connection);
    this.#board.changed();
  }

  // What comes

  item(item: Item): void {
    this.#tally.item(item);
    this.#keepLater();
    this.#emitter.emit("item", item);
    if (item.type === "delivered") this.#emitter.emit("event", item);
    else this.#emitter.emit(item.type, item as never);
    if (item.type === "direct") this.#board.counted();
    else this.#board.changed();
  }

  warning(warning: Events["warning"]): void {
    this.#emitter.emit("warning", warning);
  }

  problem(reason: string, message: string, connection: ConnectionType | null): void {
    this.#error = { reason, message, connection, at: this.#environment.wall() };
    // A listener of errors that fails is not told of its own failure.
    if (!message.startsWith("A listener of error ")) this.#emitter.emit("error", this.#error);
    this.#board.changed();
  }

  duplicate(duplicate: Events["duplicate"]): void {
    this.#emitter.emit("duplicate", duplicate);
  }

  counted(): void {
    this.#board.counted();
  }

  // What the browser tells

  keep(): void {
    if (this.#status === "connected" || this.#status === "reconnecting") {
      this.#session.keep(this.cursor());
    }
  }

  sleep(): void {
    for (const each of Object.values(this.#connections)) each.stop();
    this.#sharing.release();
  }

  rise(): void {
    this.#startConnections();
  }

  stored(key: string | null): void {
    const { player } = this.#session;
    if (!this.#ended?.canTakeBack || player === null || key !== this.#memory.key(player)) return;
    const other = this.#session.other();
    if (other !== null) void this.switchToSession(other);
  }

  // Inside

  #startConnections(): void {
    if (this.#status === "idle" || this.#status === "ended") return;
    this.#connections.websocket.start();
    this.#startEventStream();
  }

  /** Open the event stream, now or when it is this tab's turn. Idempotent. */
  #startEventStream(): void {
    const { sse } = this.#connections;
    if (!this.#sharing.applies) {
      sse.start();
    } else if (!this.#sharing.asked) {
      sse.stop("standby");
      this.#sharing.request(() => sse.start());
    }
  }

  /** The session is another one now: both connections move to it. */
  #moved(): void {
    this.#tellSession();
    this.#environment.clearTimer(this.#timers.lastWords);
    this.#timers.lastWords = null;
    if (this.#status === "idle") return;
    if (this.#status === "ended") {
      void this.connect().catch(() => {});
      return;
    }
    this.#ended = null;
    for (const each of Object.values(this.#connections)) each.reopen();
    this.#tally.stopped();
    this.#startConnections();
  }

  #tellSession(): void {
    const { id } = this.#session;
    if (id === null || id === this.#toldSession) return;
    this.#toldSession = id;
    this.#emitter.emit("session", { sessionId: id });
    this.#board.changed();
  }

  #judgeStatus({ type, twin, isOpen, error }: ClientConnection): void {
    if (isOpen && this.#status !== "connected") {
      this.#setStatus("connected", "");
      this.#emitter.emit("connected", { sessionId: this.#session.id ?? "", by: type });
      this.#entering?.resolve();
      this.#entering = null;
    } else if (!isOpen && !twin.isOpen && this.#status === "connected") {
      this.#setStatus("reconnecting", error ?? "The connection was lost.");
    }
    if (isOpen && (twin.isOpen || twin.state === "standby")) this.#error = null;
  }

  #setStatus(status: Status, reason: string): void {
    const before = this.#status;
    this.#status = status;
    if (before === "connected" && status !== "connected") {
      this.#emitter.emit("disconnected", { reason });
    }
    this.#board.changed();
  }

  /** The server said that there is no coming back. */
  #finish(): void {
    const ended = this.#ended;
    if (ended === null || this.#status === "ended" || this.#status === "idle") return;
    this.keep();
    if (ended.code.name === "logged_out" || ended.code.name === "revoked") this.#session.forget();
    this.#setStatus("ended", ended.message);
    this.#stop(ended.message);
    // Another tab of this browser may take the game back, for all of them.
    if (ended.canTakeBack) this.#unlisten = listen(this.#environment, this);
    this.#emitter.emit("ended", ended);
    this.#entering?.reject(new EndedError(ended.message, ended));
    this.#entering = null;
  }

  #stop(reason: string): void {
    for (const each of Object.values(this.#connections)) each.stop();
    this.#commands.end(reason);
    this.#sharing.release();
    this.#tokens.stopRefreshing();
    this.#monitor.stop();
    this.#receiving.stop();
    this.#unlisten?.();
    this.#unlisten = null;
    for (const timer of Object.values(this.#timers)) this.#environment.clearTimer(timer);
    this.#timers = { keep: null, lastWords: null };
    this.#tally.stopped();
  }

  #keepLater(): void {
    this.#timers.keep ??= this.#environment.setTimer(() => {
      this.#timers.keep = null;
      this.keep();
    }, KEEP_EVERY * 1000);
  }

  #read(old: Snapshot | null): Snapshot {
    const { websocket, sse } = this.#connections;
    const { mismatches, statistics } = this.#receiving;
    const tries = [websocket, sse].map((each) => (each.isOpen ? 0 : each.gauge.failures));
    const reconnects = websocket.gauge.read().reconnects + sse.gauge.read().reconnects;
    const connections = { websocket: websocket.info(), sse: sse.info() };
    const firsts = { websocket: websocket.gauge.won, sse: sse.gauge.won };
    const { outagesHidden } = this.#tally;
    const counted = { ...statistics, reconnects, outagesHidden, mismatches, firsts };
    return {
      status: this.#status,
      player: this.#session.player,
      sessionId: this.#session.id,
      connections: keepSame(old?.connections, connections),
      rooms: keepSame(old?.rooms, [...this.#tally.rooms]),
      lastEvent: this.#tally.lastEvent,
      error: this.#error,
      ended: this.#status === "ended" ? this.#ended : null,
      reconnectAttempts: Math.max(...tries),
      statistics: keepSame(old?.statistics, counted),
    };
  }
}

function notSent(error: unknown): NotSentError {
  return new NotSentError(error instanceof Error ? error.message : String(error));
}

function deferred() {
  let resolve = () => {};
  let reject = (_error: Error) => {};
  const promise = new Promise<void>((resolved, rejected) => {
    resolve = resolved;
    reject = rejected;
  });
  // Who does not wait for it hears of it by the snapshot.
  promise.catch(() => {});
  return { promise, resolve, reject };
}

/**
 * A client of a dualwire server. Nothing is opened before {@link GameConnection.connect}.
 *
 * The methods of what is returned need no `this`: they can be passed on their own.
 */
export function createConnection(options: ConnectionOptions = {}): GameConnection {
  return new Client(options);
}
