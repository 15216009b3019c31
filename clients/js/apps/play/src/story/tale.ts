/**
 * What the page knows of the game: a pure function of the events that came and the commands that
 * were given.
 */

import type { ConnectionType, JSONObject } from "@dualwire/client";

export const TYPES: readonly ConnectionType[] = ["websocket", "sse"];

/** Lines that are kept; older ones scroll out of reach. */
export const KEPT = 400;

/** Events of which the page remembers who brought them. */
export const RECENT = 36;

/** Which connections brought a line. A local line has neither. */
export interface Brought {
  readonly first?: ConnectionType;
  readonly second?: ConnectionType;
}

export type Kind = "room" | "answer" | "speech" | "news" | "own" | "wrong" | "note";

/** One event, as far as the connections are concerned. */
export interface Passage extends Brought {
  readonly key: string;
}

/** One paragraph of the story. */
export interface Line {
  readonly id: number;
  readonly kind: Kind;
  readonly text: string;
  /** The room's name, for a room. */
  readonly title?: string;
  /** Who speaks: the beginning of `text`. */
  readonly who?: string;
  readonly brought: Brought;
  /** Which connections were up when it came. */
  readonly up: readonly ConnectionType[];
  /** `STREAM OFFSET` of what it tells. */
  readonly key?: string;
}

export interface Room {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly environment: string;
  readonly coordinates: readonly [number, number];
  /** Room ids by direction. */
  readonly exits: Readonly<Record<string, string>>;
}

export interface Tale {
  readonly lines: readonly Line[];
  readonly next: number;
  readonly room: Room | null;
  /** When the newest scene was made; an older one that is overtaken says nothing. */
  readonly stamp: readonly [string, number];
  readonly me: string | null;
  /** Names of who is in the room. */
  readonly here: readonly string[];
  /** Every room that was seen, by id. */
  readonly chart: Readonly<Record<string, Room>>;
  /** The latest events, and which connections brought them. */
  readonly recent: readonly Passage[];
}

export const EMPTY: Tale = {
  lines: [],
  next: 1,
  room: null,
  stamp: ["", 0],
  me: null,
  here: [],
  chart: {},
  recent: [],
};

/** What came along with an event. */
export interface Arrival {
  readonly key?: string;
  readonly by?: ConnectionType;
  readonly up: readonly ConnectionType[];
}

/** Something that the page itself says. */
export function say(tale: Tale, kind: Kind, text: string, arrival: Arrival): Tale {
  return write(tale, { kind, text }, arrival);
}

/** A connection brought an event, as the first one. */
export function first(tale: Tale, key: string, by: ConnectionType): Tale {
  return { ...tale, recent: [...tale.recent, { key, first: by }].slice(-RECENT) };
}

/** The other connection brought it too, a moment later. */
export function again(tale: Tale, key: string, by: ConnectionType): Tale {
  const recent = seconded(tale.recent, key, (passage) => ({ ...passage, second: by }));
  const lines = seconded(tale.lines, key, (line) => ({
    ...line,
    brought: { ...line.brought, second: by },
  }));
  return recent === tale.recent && lines === tale.lines ? tale : { ...tale, recent, lines };
}

function seconded<Each extends { readonly key?: string }>(
  all: readonly Each[],
  key: string,
  change: (each: Each) => Each,
): readonly Each[] {
  const index = all.findLastIndex((each) => each.key === key);
  const found = all[index];
  return found === undefined ? all : all.with(index, change(found));
}

/** The tale after one event of the game. */
export function tell(tale: Tale, event: JSONObject, arrival: Arrival): Tale {
  if (event.type === "error") return write(tale, wrong(event.message), arrival);
  const data = isRecord(event.data) ? event.data : {};
  switch (event.event_type) {
    case "game_state":
    case "room_update":
      return scene(tale, event, data, arrival);
    case "command_response":
      // A step shows itself by the room that it leads to.
      return data.room_changed === true
        ? tale
        : write(tale, answer(text(data.result), tale.me), arrival);
    case "chat_message":
      return write(tale, speech(data), arrival);
    case "player_entered":
    case "player_left":
    case "player_entered_game":
    case "player_left_game":
      return write(tale, { kind: "news", text: text(data.message) }, arrival);
    default:
      return tale;
  }
}

function scene(tale: Tale, event: JSONObject, data: JSONObject, arrival: Arrival): Tale {
  const room = readRoom(data.room);
  const stamp: [string, number] = [text(event.timestamp), Number(event.sequence_number)];
  // A connection that just opened shows the scene as it was a moment ago.
  if (room === null || stamp[0] < tale.stamp[0]) return tale;
  if (stamp[0] === tale.stamp[0] && stamp[1] < tale.stamp[1]) return tale;
  const player = isRecord(data.player) ? data.player : {};
  const here = Array.isArray(data.occupants) ? data.occupants.map(text) : [];
  const after: Tale = {
    ...tale,
    room,
    stamp,
    here,
    me: text(player.name) || tale.me,
    chart: { ...tale.chart, [room.id]: room },
  };
  if (tale.room?.id === room.id) return after;
  return write(after, { kind: "room", title: room.name, text: room.description }, arrival);
}

/** What the player is told; its own words are speech as well. */
function answer(result: string, me: string | null): Pick<Line, "kind" | "text" | "who"> {
  if (/^You (say|tell [^"]+): "/.test(result)) return spoken("You", result);
  return me !== null && result.startsWith(`${me} `)
    ? spoken(me, result)
    : { kind: "answer", text: result };
}

function speech(data: JSONObject): Pick<Line, "kind" | "text" | "who"> {
  const who = text(data.player_name);
  const message = text(data.message);
  return message.startsWith(who) && who !== ""
    ? spoken(who, message)
    : { kind: "speech", text: message };
}

function spoken(who: string, message: string): Pick<Line, "kind" | "text" | "who"> {
  return { kind: "speech", who, text: message.replace(/: "(.*)"$/s, ": “$1”") };
}

function wrong(message: unknown): Pick<Line, "kind" | "text"> {
  return { kind: "wrong", text: text(message) };
}

function write(
  tale: Tale,
  line: Pick<Line, "kind" | "text" | "who" | "title">,
  arrival: Arrival,
): Tale {
  if (line.text === "") return tale;
  const whole: Line = {
    ...line,
    id: tale.next,
    brought: arrival.by === undefined ? {} : { first: arrival.by },
    up: arrival.up,
    ...(arrival.key === undefined ? {} : { key: arrival.key }),
  };
  return { ...tale, next: tale.next + 1, lines: [...tale.lines, whole].slice(-KEPT) };
}

function readRoom(value: unknown): Room | null {
  if (!isRecord(value) || text(value.id) === "") return null;
  const exits = isRecord(value.exits) ? value.exits : {};
  const [x, y] = Array.isArray(value.coordinates) ? value.coordinates : [];
  return {
    id: text(value.id),
    name: text(value.name),
    description: text(value.description),
    environment: text(value.environment),
    coordinates: [Number(x) || 0, Number(y) || 0],
    exits: Object.fromEntries(Object.entries(exits).map(([way, id]) => [way, text(id)])),
  };
}

function isRecord(value: unknown): value is JSONObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
