/** A client's event stream, read with `fetch`, so that a token travels in a header. */

import { createParser } from "eventsource-parser";
import { broken, type Ending } from "./ended.js";
import type { Environment } from "./environment.js";
import { messageOf } from "./errors.js";
import { refusal } from "./refusal.js";
import type { Transport, TransportListener } from "./transport.js";

/** Open an event stream. */
export function openEventStream(
  environment: Environment,
  url: string,
  init: RequestInit,
  listener: TransportListener,
): Transport {
  const controller = new AbortController();
  const { signal } = controller;
  read(environment, url, { ...init, signal, cache: "no-store" }, listener.text)
    .catch((error: unknown) => broken(`The event stream broke: ${messageOf(error)}`))
    .then(listener.ended);
  return { send: () => false, abort: () => controller.abort() };
}

async function read(
  environment: Environment,
  url: string,
  init: RequestInit,
  text: (text: string) => void,
): Promise<Ending> {
  const response = await environment.fetch(url, init);
  const { body, headers, status } = response;
  if (status !== 200) return refusal(response, await response.text(), environment.wall());
  const type = headers.get("content-type") ?? "none";
  if (body === null || !type.startsWith("text/event-stream")) {
    void body?.cancel();
    return broken(`expected text/event-stream, got ${type}`);
  }
  const parser = createParser({
    onEvent({ event = "message", data }) {
      if (event === "message" && data !== "") text(data);
    },
  });
  const decoder = new TextDecoder();
  const reader = body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return broken("The event stream ended.");
    parser.feed(decoder.decode(value, { stream: true }));
  }
}
