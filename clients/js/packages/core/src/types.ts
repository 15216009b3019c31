/**
 * What an application sees. Durations are seconds; moments are milliseconds since 1970, as
 * `Date.now()` gives them; `null` means that there is none (yet).
 */

import type { Code } from "./codes.js";
import type { JSONObject } from "./json.js";

/** The two types of connection. */
export type ConnectionType = "websocket" | "sse";

/** Per stream: its epoch, and the first offset that is still wanted. */
export type Cursor = { readonly [stream: string]: readonly [epoch: string, next: number] };

// Items: what the streams bring, in order, each once.

/** An event. */
export interface Delivered {
  readonly type: "delivered";
  /** `player:ID`, `room:ID` or `global`. */
  readonly stream: string;
  /** Its number within the stream. */
  readonly offset: number;
  /** What the application's server sent. */
  readonly event: JSONObject;
  /** Which connection was first. */
  readonly by: ConnectionType;
}

/** Events that will never come, told once, where they are missing. */
export interface Gap {
  readonly type: "gap";
  readonly stream: string;
  /** The first missing offset; `null` when nobody can say what was lost (reason `epoch`). */
  readonly first: number | null;
  /** The last missing offset. */
  readonly last: number | null;
  /** `trimmed`, `epoch`, or another word of the server's. */
  readonly reason: string;
}

/** The player is in a room from here on. */
export interface Entered {
  readonly type: "entered";
  /** The room's stream, `room:ID`. */
  readonly room: string;
}

/** The player is no longer in a room. */
export interface Left {
  readonly type: "left";
  /** The room's stream, `room:ID`. */
  readonly room: string;
}

/** What the server said to one connection alone, outside all streams: it may be repeated. */
export interface Direct {
  readonly type: "direct";
  readonly event: JSONObject;
  readonly by: ConnectionType;
}

/** One thing of what the connections bring. */
export type Item = Delivered | Gap | Entered | Left | Direct;

/** An entry that was there already: eliminated. Only for pictures of what both connections do. */
export interface Duplicate {
  readonly stream: string;
  readonly offset: number;
  /** Which connection brought the copy. */
  readonly by: ConnectionType;
}

// Commands

/** What became of a command. */
export interface Reply {
  readonly id: string;
  /** `done`: it ran, see `body`. `refused`: it did not, see `reason`. `unknown`: nobody can say. */
  readonly outcome: "done" | "refused" | "unknown";
  readonly body: JSONObject | null;
  readonly reason: string | null;
}

/** How to send a command. */
export interface CommandOptions {
  /** Seconds until the outcome is given as `unknown`; default 30, `null` for no end. */
  readonly timeout?: number | null;
}

// State

/**
 * - `idle`: not asked to connect, or asked to disconnect
 * - `connecting`: no connection was open yet
 * - `connected`: at least one connection is open
 * - `reconnecting`: none is open any more; tries go on
 * - `ended`: the server said that there is no coming back by itself, see {@link Ended}
 */
export type Status = "idle" | "connecting" | "connected" | "reconnecting" | "ended";

/** `standby`: not opened, because another tab of this browser holds it (see `sharesEventStream`). */
export type ConnectionState = "closed" | "connecting" | "open" | "standby";

/**
 * - `healthy`: open, and as good as its twin
 * - `degraded`: open, and behind its twin, see {@link ConnectionInfo.degraded}
 * - `unhealthy`: it should be open, and is not
 * - `unknown`: not asked for
 */
export type Health = "healthy" | "degraded" | "unhealthy" | "unknown";

/**
 * Why an open connection is worse than it should be: `buffered`, something on the way (a proxy)
 * keeps back what it should pass on at once; `lagging`, it is far behind its twin.
 */
export type Degraded = "buffered" | "lagging";

/** How well a connection does. */
export interface Quality {
  /** Seconds from a question to its answer, smoothed. */
  readonly roundTrip: number | null;
  /** Seconds by which it brings what its twin brought before, smoothed; 0 for the faster one. */
  readonly lag: number | null;
  /** Entries that it brought first. */
  readonly won: number;
  /** Entries that it brought when they were there already: eliminated. */
  readonly duplicates: number;
  /** How often it was opened again. */
  readonly reconnects: number;
  /** Tries in a row that came to nothing. */
  readonly failures: number;
  /** When it last gave a sign of life. */
  readonly lastSeen: number | null;
}

/** One of the two connections. */
export interface ConnectionInfo {
  readonly type: ConnectionType;
  /** What the server calls it; of the latest one that was open. */
  readonly id: string | null;
  readonly state: ConnectionState;
  /** When it entered that state. */
  readonly since: number;
  readonly health: Health;
  readonly degraded: Degraded | null;
  /** When the next try is due, while it is closed between two. */
  readonly retryAt: number | null;
  /** Why the latest one ended or did not open, for a person; `null` once it is open. */
  readonly error: string | null;
  /** What `debug` does to it. */
  readonly fault: Fault | null;
  readonly quality: Quality;
}

/** What can be done to a connection for a try: end it and keep it closed, or let nothing pass. */
export type Fault = "cut" | "swallow";

/** What the connection as a whole has done. */
export interface Statistics {
  /** Entries of streams, each counted once: events, replies, comings and goings. */
  readonly delivered: number;
  /** Entries that the other connection had brought before: eliminated. */
  readonly duplicates: number;
  /** Frames that were too old or too early to matter. */
  readonly dropped: number;
  /** Reports of what is gone. */
  readonly gaps: number;
  /** Connections that were opened again. */
  readonly reconnects: number;
  /** Outages of one connection through all of which the other was open: nobody noticed. */
  readonly outagesHidden: number;
  /** Events whose digest did not fit (`checkDigest`): they were not taken from that connection. */
  readonly mismatches: number;
  /** Entries by the type that brought them first. */
  readonly firsts: { readonly [type in ConnectionType]: number };
}

/** Something that went wrong, for a person and for a program; trying goes on unless it `ended`. */
export interface Problem {
  /** The name of a code of {@link Code}, or `digest`, `token`, `protocol`, `listener`. */
  readonly reason: string;
  /** One sentence for a person. */
  readonly message: string;
  /** On which connection; `null` when it is about neither alone. */
  readonly connection: ConnectionType | null;
  readonly at: number;
}

/** How it came to an end. */
export interface Ended {
  readonly code: Code;
  /** One sentence for a person. */
  readonly message: string;
  /** Whether `createNewSession()` can take the game back (a newer session replaced this one). */
  readonly canTakeBack: boolean;
}

/** What the server warns of. */
export interface Warning {
  readonly connection: ConnectionType;
  /** `rate_limited`, `draining`, … */
  readonly reason: string;
  readonly message: string;
  /** Seconds within which it will happen, if the server says so. */
  readonly within: number | null;
}

/**
 * Everything at one moment. Immutable: a changed snapshot is a new object, and parts that did not
 * change stay the same objects, so it suits `useSyncExternalStore` and selectors.
 */
export interface Snapshot {
  readonly status: Status;
  readonly player: string | null;
  readonly sessionId: string | null;
  readonly connections: { readonly [type in ConnectionType]: ConnectionInfo };
  /** The streams of the rooms that the player is in, as the items have told so far. */
  readonly rooms: readonly string[];
  /** The latest event. */
  readonly lastEvent: Delivered | null;
  /** The latest problem; `null` again as soon as both wanted connections are open. */
  readonly error: Problem | null;
  /** Set while the status is `ended`. */
  readonly ended: Ended | null;
  /** Tries in a row that came to nothing, of the connection that has the most. */
  readonly reconnectAttempts: number;
  readonly statistics: Statistics;
}

/** What can be listened to, by name. */
export interface Events {
  /** Everything, in order: what must not be overlooked is among it. */
  item: Item;
  event: Delivered;
  gap: Gap;
  direct: Direct;
  entered: Entered;
  left: Left;
  /** An entry came again, over the other connection. */
  duplicate: Duplicate;
  /** The first connection opened, or one again after none was. */
  connected: { readonly sessionId: string; readonly by: ConnectionType };
  /** No connection is open any more. */
  disconnected: { readonly reason: string };
  /** The session is another one now. */
  session: { readonly sessionId: string };
  /** A connection changed its state, health, or fault. */
  connection: ConnectionInfo;
  warning: Warning;
  error: Problem;
  ended: Ended;
}
