/** What the browser tells of the page and of the network. */

import type { Environment } from "./environment.js";

/** Who reacts. */
export interface Sleeper {
  /** The page is looked at again, or the network is gone. */
  wake(): void;
  /** The network is back, perhaps another one. */
  online(): void;
  /** The page is being left, perhaps for good: keep what matters. */
  keep(): void;
  /** The page is kept frozen: let go of the network, or the browser does. */
  sleep(): void;
  /** A frozen page is shown again. */
  rise(): void;
  /** Another tab wrote to the storage that all share. */
  stored(): void;
}

/**
 * Listen to the browser.
 *
 * @returns ends it
 */
export function listen({ document, window }: Environment, sleeper: Sleeper): () => void {
  const listening = new AbortController();
  const { signal } = listening;
  const on = (target: EventTarget | null, name: string, listener: (event: Event) => void) =>
    target?.addEventListener(name, listener, { signal });
  on(document, "visibilitychange", () => {
    if (document?.visibilityState === "visible") sleeper.wake();
    else sleeper.keep();
  });
  on(window, "online", sleeper.online);
  on(window, "offline", sleeper.wake);
  on(window, "pageshow", (event) => {
    if ((event as PageTransitionEvent).persisted) sleeper.rise();
  });
  on(window, "pagehide", (event) => {
    sleeper.keep();
    if ((event as PageTransitionEvent).persisted) sleeper.sleep();
  });
  on(window, "storage", sleeper.stored);
  return () => listening.abort();
}
