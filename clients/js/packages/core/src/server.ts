/** The server's HTTP endpoints: who asks is proved, and refusals become endings. */

import type { Ending } from "./ended.js";
import type { Environment } from "./environment.js";
import { DualwireError } from "./errors.js";
import { type JSONObject, readObject } from "./json.js";
import { refusal } from "./refusal.js";
import type { Tokens } from "./tokens.js";

/** Milliseconds that an answer may take. */
const TIMEOUT = 10_000;

/** The server does not do it; `ending` says why. */
export class Refused extends DualwireError {
  override readonly name = "Refused";

  constructor(readonly ending: Ending) {
    super(ending.message);
  }
}

/** The server was not reached, or did not answer; `sent` when it may have been reached. */
export class Unreached extends DualwireError {
  override readonly name = "Unreached";

  constructor(
    message: string,
    readonly sent: boolean,
  ) {
    super(message);
  }
}

/** Makes requests. */
export class Server {
  tokens!: Tokens;

  /** @param base URL without a slash at its end */
  constructor(
    readonly base: string,
    private readonly environment: Environment,
    private readonly query: Readonly<Record<string, string>>,
  ) {}

  /** A URL of the server's. */
  url(path: string, query: Readonly<Record<string, string>>): string {
    const text = new URLSearchParams({ ...this.query, ...query }).toString();
    return `${this.base}${path}${text && "?"}${text}`;
  }

  /** What proves who asks. */
  proof(token: string | null): RequestInit {
    const headers: Record<string, string> = { "Content-Type": "application/json" };
    if (token === null) return { headers, credentials: "include" };
    return { headers: { ...headers, Authorization: `Bearer ${token}` } };
  }

  /**
   * Post a message; a token that is not taken is fetched anew, once.
   *
   * @returns the answer, `null` if it is not an object
   * @throws Refused, Unreached
   */
  async post(
    path: string,
    body: string,
    query: Readonly<Record<string, string>> = {},
  ): Promise<JSONObject | null> {
    for (let again = false; ; again = true) {
      const token = await this.token();
      const answer = await this.#ask(this.url(path, query), { ...this.proof(token), body });
      if (!("code" in answer)) return answer.content;
      const unproved = answer.code.number === 4401 || answer.code.number === 4004;
      if (again || !unproved || !this.tokens.refused(token)) throw new Refused(answer);
    }
  }

  /** @throws Unreached the application's function gives none */
  async token(): Promise<string | null> {
    try {
      return await this.tokens.current();
    } catch (error) {
      throw new Unreached(`no fresh token: ${String(error)}`, false);
    }
  }

  async #ask(url: string, init: RequestInit): Promise<{ content: JSONObject | null } | Ending> {
    const controller = new AbortController();
    const timer = this.environment.setTimer(() => controller.abort(), TIMEOUT);
    try {
      const { signal } = controller;
      const response = await this.environment.fetch(url, { ...init, method: "POST", signal });
      const { headers, ok, status } = response;
      const text = await response.text();
      // The server read it and says what is wrong with it: an answer.
      if (ok || (status === 400 && text.includes('"error_type"'))) {
        return { content: readObject(text) };
      }
      return refusal(status, text, headers.get("retry-after"), this.environment.wall());
    } catch (error) {
      throw new Unreached(`The server does not answer: ${String(error)}`, true);
    } finally {
      this.environment.clearTimer(timer);
    }
  }
}
