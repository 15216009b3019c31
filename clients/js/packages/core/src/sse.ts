/** A client's event stream, read with `fetch`, so that a token travels in a header. */

import { broken, type Ending } from "./ended.js";
import type { Environment } from "./environment.js";
import { messageOf } from "./errors.js";
import { readMessages } from "./eventstream.js";
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
    (error: unknown) => heard.ended(broken(`The event stream broke: ${messageOf(error)}`)),
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
  const take = readMessages(text);
  const decoder = new TextDecoder();
  const reader = body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return broken("The event stream ended.");
    take(decoder.decode(value, { stream: true }));
  }
}
