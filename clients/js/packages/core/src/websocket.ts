/** A client's WebSocket. */

import { broken, closedWith } from "./ended.js";
import type { Environment } from "./environment.js";
import type { Transport, TransportListener } from "./transport.js";

const OPEN = 1;

/**
 * Open a WebSocket.
 *
 * @param url `ws:` or `wss:`
 * @throws SyntaxError the URL is none
 */
export function openWebSocket(
  environment: Environment,
  url: string,
  listener: TransportListener,
): Transport {
  const socket = new environment.WebSocket(url, ["dualwire.v1"]);
  socket.onmessage = ({ data }: { data: unknown }) => {
    if (typeof data === "string") listener.text(data);
  };
  socket.onclose = ({ code, reason }) => {
    listener.ended(code === 1006 ? broken("The WebSocket broke.") : closedWith(code, reason));
  };
  return {
    send(text) {
      if (socket.readyState !== OPEN) return false;
      socket.send(text);
      return true;
    },
    // Some browsers never tell the end of a socket whose network went away, so nobody waits for it.
    abort: () => socket.close(),
  };
}
