/** A client's event stream, read with `fetch`, so that a token travels in a header. */

import { createParser } from "eventsource-parser";
import { broken, type Ending } from "./ended.js";
import type { Environment } from "./environment.js";
import { refusal } from "./refusal.js";
import { once, type Transport, type TransportListener } from "./transport.js";

/** Open an event stream. */
export function openEventStream(
  environment: Environment,
  url: string,
  init: RequestInit,
  listener: TransportListener,
): Transport {
  const heard = once(listener);
  const controller = new AbortController();
  const { signal } = controller;
  read(environment, url, { ...init, signal, cache: "no-store" }, (text) => heard.text(text)).then(
    (ending) => heard.ended(ending),
    (error: unknown) => heard.ended(broken(`The event stream broke: ${String(error)}`)),
  );
  return {
    send: () => false,
    abort() {
      heard.over = true;
      controller.abort();
    },
  };
}

async function read(
  environment: Environment,
  url: string,
  init: RequestInit,
  text: (text: string) => void,
): Promise<Ending> {
  const response = await environment.fetch(url, init);
  const { body, headers, status } = response;
  if (status !== 200) {
    return refusal(status, await response.text(), headers.get("retry-after"), environment.wall());
  }
  const type = headers.get("content-type") ?? "none";
  if (body === null || !type.startsWith("text/event-stream")) {
    void body?.cancel();
    return broken(`expected content of type text/event-stream, got ${type}`);
  }
  const parser = createParser({
    onEvent({ event, data }) {
      if ((event === undefined || event === "message") && data !== "") text(data);
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
