/** A world for tests: a network without a network, storage, locks, and time by fake timers. */

import { vi } from "vitest";
import type { Environment, Store } from "../src/environment.js";
import type { JSONObject } from "../src/json.js";

export const EPOCH = "00000000000000000001";

/** Let everything that needs no time happen. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 6; turn += 1) await new Promise((done) => setImmediate(done));
}

/** Time passes. */
export async function pass(seconds: number): Promise<void> {
  await settle();
  await vi.advanceTimersByTimeAsync(seconds * 1000);
  await settle();
}

/** Fake timers; what the network does stays real. */
export function fakeTime(): void {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date", "performance"] });
}

export class FakeStore implements Store {
  readonly kept = new Map<string, string>();
  getItem = (key: string) => this.kept.get(key) ?? null;
  setItem = (key: string, value: string) => void this.kept.set(key, value);
  removeItem = (key: string) => void this.kept.delete(key);
}

/** The server's end of a connection. */
export interface Line {
  readonly url: URL;
  readonly init?: RequestInit;
  readonly sent: JSONObject[];
  /** Whether the client let go of it. */
  aborted: boolean;
  frame(frame: JSONObject): void;
  end(code?: number, reason?: string): void;
}

export interface Post {
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: JSONObject;
  readonly headers: Record<string, string>;
}

type Answer = Response | JSONObject | null | Error;

/** Everything around one browser. */
export class World {
  readonly sockets: Line[] = [];
  readonly streams: Line[] = [];
  readonly posts: Post[] = [];
  readonly localStorage = new FakeStore();
  readonly locks = new FakeLocks();
  readonly window = new EventTarget();
  readonly document = Object.assign(new EventTarget(), { visibilityState: "visible" });
  /** What the server answers to a post, if not what it usually does. */
  answer: (post: Post) => Answer | undefined = () => undefined;
  /** What it answers to the opening of an event stream, if not a stream. */
  refuseStream: () => Response | Promise<Response> | null = () => null;
  player = "ann";
  #issued = 0;

  /** A tab of it; a tab that is loaded again keeps its `sessionStorage`. */
  tab(sessionStorage: FakeStore | null = new FakeStore()): Environment {
    const sockets = this.sockets;
    class FakeWebSocket implements Line {
      readonly url: URL;
      readonly sent: JSONObject[] = [];
      aborted = false;
      readyState = 0;
      onmessage: ((event: { data: string }) => void) | null = null;
      onclose: ((event: { code: number; reason: string }) => void) | null = null;

      constructor(
        url: string,
        readonly protocols: string[],
      ) {
        this.url = new URL(url);
        sockets.push(this);
      }

      send(text: string): void {
        this.sent.push(JSON.parse(text));
      }

      close(): void {
        this.aborted = true;
        this.readyState = 3;
      }

      frame(frame: JSONObject): void {
        this.readyState = 1;
        this.onmessage?.({ data: JSON.stringify(frame) });
      }

      end(code = 1006, reason = ""): void {
        this.readyState = 3;
        this.onclose?.({ code, reason });
      }
    }
    let random = 0;
    return {
      now: () => performance.now() / 1000,
      wall: () => Date.now(),
      random: () => 0.5,
      setTimer: (work, milliseconds) => setTimeout(work, milliseconds),
      clearTimer: (timer) => clearTimeout(timer as number),
      fetch: (input, init) => this.#fetch(new URL(String(input)), init ?? {}),
      WebSocket: FakeWebSocket as never,
      randomId: () => {
        random += 1;
        return `instance-${random}`;
      },
      localStorage: this.localStorage,
      sessionStorage,
      locks: this.locks as never,
      document: this.document,
      window: this.window,
      origin: "https://game.example",
      protocolOf: () => "h2",
    };
  }

  get socket(): Line {
    return this.sockets.at(-1) as Line;
  }

  get stream(): Line {
    return this.streams.at(-1) as Line;
  }

  sent(type: string): JSONObject[] {
    const posted = this.posts.filter((each) => each.path === "/api/send").map((each) => each.body);
    return [...this.sockets.flatMap((each) => each.sent), ...posted].filter(
      (each) => each.type === type,
    );
  }

  async #fetch(url: URL, init: RequestInit): Promise<Response> {
    if (url.pathname === "/api/events") return this.#openStream(url, init);
    const body: JSONObject = JSON.parse(String(init.body));
    const headers = init.headers as Record<string, string>;
    const post = { path: url.pathname, query: url.searchParams, body, headers };
    this.posts.push(post);
    const answer = await heeding(init, this.answer(post));
    if (answer instanceof Error) throw answer;
    if (answer instanceof Response) return answer;
    if (answer !== undefined) return Response.json(answer);
    if (post.path !== "/api/session") return new Response(null, { status: 204 });
    this.#issued += 1;
    return Response.json({
      player_id: this.player,
      session_id: body.session_id ?? `session-${this.#issued}`,
      tickets: { websocket: `ticket-${this.#issued}`, sse: "unused" },
      expires_in: 30,
    });
  }

  async #openStream(url: URL, init: RequestInit): Promise<Response> {
    const refused = await heeding(init, this.refuseStream());
    if (refused !== null) return refused;
    let sink: ReadableStreamDefaultController<Uint8Array> | null = null;
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        sink = controller;
      },
    });
    const line: Line = {
      url,
      init,
      sent: [],
      aborted: false,
      frame(frame) {
        sink?.enqueue(new TextEncoder().encode(`data: ${JSON.stringify(frame)}\n\n`));
      },
      end() {
        sink?.close();
      },
    };
    init.signal?.addEventListener("abort", () => {
      line.aborted = true;
      sink?.error(new DOMException("aborted", "AbortError"));
      sink = null;
    });
    this.streams.push(line);
    return new Response(body, { headers: { "content-type": "text/event-stream" } });
  }
}

/** An answer, unless its request is aborted before it comes. */
function heeding<T>({ signal }: RequestInit, answer: T | Promise<T>): T | Promise<T> {
  if (!(answer instanceof Promise)) return answer;
  const aborted = new Promise<never>((_, reject) => {
    signal?.addEventListener("abort", () => reject(signal.reason));
  });
  return Promise.race([answer, aborted]);
}

/** Locks, one holder each, the others in order. */
class FakeLocks {
  readonly #queues = new Map<string, (() => Promise<void>)[]>();

  request(name: string, options: unknown, work?: () => unknown): Promise<unknown> {
    const hold = (work ?? options) as () => unknown;
    const signal = work === undefined ? undefined : (options as { signal?: AbortSignal }).signal;
    return new Promise((resolve, reject) => {
      const queue = this.#queues.get(name) ?? [];
      this.#queues.set(name, queue);
      const turn = async () => {
        resolve(await hold());
        queue.shift();
        void queue[0]?.();
      };
      signal?.addEventListener("abort", () => {
        const at = queue.indexOf(turn);
        if (at > 0) {
          queue.splice(at, 1);
          reject(signal.reason);
        }
      });
      queue.push(turn);
      if (queue.length === 1) void turn();
    });
  }
}

/** The first frame of a connection. */
export function hello(connection: string, more: JSONObject = {}): JSONObject {
  return {
    type: "hello",
    protocol: "dualwire.v1",
    connection,
    session: "session-1",
    player: "ann",
    ping_interval: 25,
    limits: { message: 65536 },
    streams: { "player:ann": [EPOCH, 1], global: [EPOCH, 1], "room:hall": [EPOCH, 1] },
    resume: { outcome: "new" },
    ...more,
  };
}

export function event(offset: number, stream = "room:hall", more: JSONObject = {}): JSONObject {
  return { type: "event", stream, offset, ...more, event: { n: offset } };
}
