/** Both connections of a player as one: what it is made of, and what an application calls. */

import { createBoard } from "./board.js";
import type { Owner } from "./client_connection.js";
import { createCommands } from "./commands.js";
import { createCourse } from "./course.js";
import { createEmitter } from "./emitter.js";
import { browser } from "./environment.js";
import { EndedError, messageOf, NotSentError } from "./errors.js";
import type { GameConnection } from "./game_connection.js";
import { createMemory } from "./memory.js";
import { createMonitor } from "./monitor.js";
import { createOpener } from "./opener.js";
import type { ConnectionOptions } from "./options.js";
import { createPair } from "./pair.js";
import { createReceiving } from "./receiving.js";
import { createServer } from "./server.js";
import { createSession } from "./session.js";
import { createSharing } from "./sharing.js";
import { readSnapshot } from "./snapshot.js";
import { createClientStatus } from "./status.js";
import { createTally } from "./tally.js";
import { createTokens, type Tokens } from "./tokens.js";
import type { Item, Snapshot } from "./types.js";
import { createUplink, type Uplink } from "./uplink.js";

/** Seconds that a command's outcome is waited for, if nothing else is said. */
const COMMAND_TIMEOUT = 30;

/**
 * A client of a dualwire server. Nothing is opened before {@link GameConnection.connect}.
 *
 * The methods of what is returned need no `this`: they can be passed on their own.
 */
export function createConnection(options: ConnectionOptions = {}): GameConnection {
  const { checkDigest } = options;
  const environment = { ...browser(), ...options.environment };
  const base = (options.url ?? environment.origin).replace(/\/+$/, "");

  const emitter = createEmitter((error, name) =>
    status.problem("listener", `A listener of ${name} failed: ${messageOf(error)}`, null),
  );
  const board = createBoard(environment, (old: Snapshot | null) =>
    readSnapshot(old, status, session, pair, tally, receiving),
  );
  const status = createClientStatus(environment, emitter, board.changed);
  const tally = createTally();

  const tokens: Tokens = createTokens(options.token, environment, (it) => uplink.send(it));
  const server = createServer(base, environment, tokens, {
    ...(checkDigest && { digest: "sha256" }),
    ...options.query,
  });
  const memory = createMemory(environment, base, options.persist ?? true);
  const session = createSession(options, server, memory, environment);

  const item = (item: Item): void => {
    tally.item(item);
    course.keepSoon();
    emitter.emit("item", item);
    emitter.emit(item.type === "delivered" ? "event" : item.type, item as never);
    if (item.type === "direct") board.counted();
    else board.changed();
  };

  const owner: Owner = {
    async open(connection, life, listener) {
      await opener.open(connection, life, listener);
      // Now the browser knows which HTTP the server speaks.
      if (connection.type === "websocket" && !life.over) pair.startEventStream();
    },

    greeted(connection, life, hello) {
      receiving.greeted(connection, life, hello);
      opener.heard();
      monitor.opened(connection, life);
      session.untried = false;
      course.tellSession();
      tokens.accepted();
      tokens.startRefreshing();
      course.keepSoon();
    },

    take: (...frame) => receiving.take(...frame),

    left: (life) => receiving.left(life),

    mayReturn(connection, life, ending) {
      const { name, number } = ending.code;
      if (life.openedAt === null && number === 1006) monitor.silent(connection);
      status.problem(name, ending.message, connection.type);
      return opener.mayReturn(life, ending, course.moved);
    },

    over: (connection, ending) => course.over(connection, ending),

    changed(connection) {
      const noticed = tally.connection(connection);
      if (noticed !== null) receiving.recovered(connection, noticed);
      emitter.emit("connection", connection.info());
      status.judge(connection, session.id ?? "");
      board.changed();
    },
  };

  const sharing = createSharing(environment, base, options.sharesEventStream ?? "auto");
  const pair = createPair(environment, owner, sharing);
  const uplink: Uplink = createUplink(server, session, pair, environment);
  const commands = createCommands(uplink, environment);
  const monitor = createMonitor(environment, uplink, owner.changed);
  const audience = { emit: emitter.emit, item, problem: status.problem, counted: board.counted };
  const receiving = createReceiving(environment, uplink, commands, monitor, audience, checkDigest);
  const opener = createOpener(environment, server, tokens, session, receiving);
  const course = createCourse(environment, emitter, status, session, pair, receiving, {
    tokens,
    server,
    monitor,
    commands,
    tally,
  });

  return {
    debug: pair.debug,
    connect: course.connect,
    disconnect: course.disconnect,
    wake: course.wake,
    cursor: receiving.cursor,
    getSnapshot: board.get,
    subscribe: board.subscribe,
    on: emitter.on,

    sendCommand: async (body, { timeout = COMMAND_TIMEOUT } = {}) => commands.run(body, timeout),

    async send(message) {
      uplink.check(JSON.stringify(message));
      if (!status.isActive) {
        throw new EndedError("not connected: call connect() first", status.ended);
      }
      const event = await uplink.send(message).catch(notSent);
      if (event !== null) item({ type: "direct", event, by: "sse" });
    },

    async createNewSession() {
      const id = await session.renew().catch(notSent);
      course.moved();
      return id;
    },

    async switchToSession(sessionId) {
      if (sessionId !== session.id) session.use(sessionId);
      course.moved();
    },
  };
}

function notSent(error: unknown): never {
  throw new NotSentError(messageOf(error));
}
