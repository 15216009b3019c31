/** Both connections of a client. */

import type { Owner } from "./client_connection.js";
import { createClientConnection } from "./connection.js";
import type { Environment } from "./environment.js";
import type { Debug } from "./game_connection.js";
import type { Sharing } from "./sharing.js";

/** What {@link createPair} makes. */
export type Pair = ReturnType<typeof createPair>;

/** Opens both, each in its way, and ends them. */
export function createPair(environment: Environment, owner: Owner, sharing: Sharing) {
  const websocket = createClientConnection("websocket", environment, owner);
  const sse = createClientConnection("sse", environment, owner);
  websocket.twin = sse;
  sse.twin = websocket;
  const types = { websocket, sse };
  const both = [websocket, sse];

  /** Open the event stream, now or when it is this tab's turn. Idempotent. */
  const startEventStream = (): void => sharing.request(() => sse.stop("standby"), sse.start);

  const debug: Debug = {
    drop: (type) => types[type].drop(),
    cut: (type) => types[type].spoil("cut"),
    swallow: (type) => types[type].spoil("swallow"),
    restore: (type) => types[type].spoil(null),
    fault: (type) => types[type].fault,
  };

  return {
    ...types,
    both,
    debug,
    startEventStream,

    /** Open both, and keep them open. Idempotent. */
    start(): void {
      websocket.start();
      startEventStream();
    },

    /** End both. Idempotent. */
    stop(): void {
      for (const each of both) each.stop();
      sharing.release();
    },

    /** End what is open and open it anew at once: it belongs to another session. */
    reopen(): void {
      for (const each of both) each.reopen();
    },

    /** The network is another one: open anew what it may have taken. */
    renew(): void {
      for (const each of both) each.renew();
    },

    /** Try at once what waits for its time. */
    hurry(): void {
      for (const each of both) each.hurry();
    },
  };
}
