/** The server's HTTP endpoints: who asks is proved, and refusals become endings. */

import { isUnproved } from "./codes.js";
import type { Ending } from "./ended.js";
import type { Environment } from "./environment.js";
import { DualwireError, messageOf } from "./errors.js";
import { type JSONObject, readObject } from "./json.js";
import { refusal } from "./refusal.js";
import type { Tokens } from "./tokens.js";

/** Seconds that an answer may take. */
const TIMEOUT = 10;

type Query = Readonly<Record<string, string>>;

/** The server does not do it; `ending` says why. */
export class Refused extends DualwireError {
  constructor(readonly ending: Ending) {
    super(ending.message);
  }
}

/** The server was not reached, or did not answer; `sent` when it may have been reached. */
export class Unreached extends DualwireError {
  constructor(
    message: string,
    readonly sent: boolean,
  ) {
    super(message);
  }
}

/** What {@link createServer} makes. */
export type Server = ReturnType<typeof createServer>;

/**
 * Makes requests.
 *
 * @param base URL without a slash at its end
 * @param always query parameters of every request
 */
export function createServer(
  base: string,
  environment: Environment,
  tokens: Tokens,
  always: Query,
) {
  const asking = new Set<AbortController>();

  /** A URL of the server's. */
  const urlOf = (path: string, query: Query): string => {
    const text = new URLSearchParams({ ...always, ...query }).toString();
    return `${base}${path}${text && "?"}${text}`;
  };

  /** What proves who asks. */
  const proof = (token: string | null): RequestInit => {
    const headers: Record<string, string> = { "Content-Type": "application/json" };
    if (token === null) return { headers, credentials: "include" };
    return { headers: { ...headers, Authorization: `Bearer ${token}` } };
  };

  /** @throws Unreached the application's function gives none */
  const token = async (): Promise<string | null> => {
    try {
      return await tokens.current();
    } catch (error) {
      throw new Unreached(`no fresh token: ${messageOf(error)}`, false);
    }
  };

  const ask = async (
    url: string,
    init: RequestInit,
  ): Promise<{ content: JSONObject | null } | Ending> => {
    const controller = new AbortController();
    asking.add(controller);
    const late = () => controller.abort(`nothing came within ${TIMEOUT} s`);
    const timer = environment.setTimer(late, TIMEOUT * 1000);
    try {
      const { signal } = controller;
      const response = await environment.fetch(url, { ...init, method: "POST", signal });
      const text = await response.text();
      // The server read it and says what is wrong with it: an answer.
      if (response.ok || (response.status === 400 && text.includes('"error_type"'))) {
        return { content: readObject(text) };
      }
      return refusal(response, text, environment.wall());
    } catch (error) {
      throw new Unreached(`The server does not answer: ${messageOf(error)}`, true);
    } finally {
      environment.clearTimer(timer);
      asking.delete(controller);
    }
  };

  /**
   * Post a message; a token that is not taken is fetched anew, once.
   *
   * @returns the answer, `null` if it is not an object
   * @throws Refused, Unreached
   */
  const post = async (
    path: string,
    body: string,
    query: Query = {},
  ): Promise<JSONObject | null> => {
    for (let again = false; ; again = true) {
      const proven = await token();
      const answer = await ask(urlOf(path, query), { ...proof(proven), body });
      if (!("code" in answer)) return answer.content;
      if (again || !isUnproved(answer.code) || !tokens.refused(proven)) throw new Refused(answer);
    }
  };

  /** The network is another one: nobody will answer what was asked before. */
  const interrupt = (): void => {
    for (const each of asking) each.abort("the network is another one");
  };

  return { urlOf, proof, token, post, interrupt };
}
