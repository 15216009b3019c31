/** A client in a world without a network, and what its listeners heard. */

import { createConnection } from "../src/client.js";
import type { Environment } from "../src/environment.js";
import type { ConnectionOptions } from "../src/options.js";
import type { Events, Item } from "../src/types.js";
import { hello, settle, type World } from "./world.js";

export class Player {
  readonly items: Item[] = [];
  readonly heard: [keyof Events, unknown][] = [];
  readonly connection;

  constructor(
    readonly world: World,
    options: ConnectionOptions = {},
    environment: Partial<Environment> = {},
  ) {
    this.connection = createConnection({
      token: "token",
      ...options,
      environment: { ...world.tab(), ...environment, ...options.environment },
    });
    this.connection.on("item", (item) => this.items.push(item));
    for (const name of ["connected", "disconnected", "session", "error", "ended"] as const) {
      this.connection.on(name, (value) => this.heard.push([name, value]));
    }
    this.connection.on("warning", (value) => this.heard.push(["warning", value]));
  }

  get snapshot() {
    return this.connection.getSnapshot();
  }

  /** What `state` both are in. */
  get states(): [string, string] {
    const { websocket, sse } = this.snapshot.connections;
    return [websocket.state, sse.state];
  }

  get numbers(): unknown[] {
    return this.items.flatMap((each) => (each.type === "delivered" ? [each.event.n] : []));
  }

  names(): string[] {
    return this.heard.map(([name]) => name);
  }

  /** Connected, both connections open. */
  async open(more: Parameters<typeof hello>[1] = {}): Promise<this> {
    void this.connection.connect().catch(() => {});
    await settle();
    this.world.socket.frame(hello("w1", more));
    await settle();
    this.world.streams.at(-1)?.frame(hello("s1", more));
    await settle();
    return this;
  }
}
