/**
 * Commands: sent until the server has told what became of them, and run at most once.
 * The mirror of `client/commands.py`.
 *
 * The first time a command goes over the WebSocket. Without a reply it is repeated, as a *retry*,
 * by HTTP, then by turns and ever more slowly. The server runs no retry that it does not know, so a
 * repeat can never be a second run.
 */

import { type Command, startCommand } from "./command.js";
import type { Environment } from "./environment.js";
import type { JSONObject } from "./json.js";
import type { Replied } from "./merge/index.js";
import type { Reply } from "./types.js";
import type { Uplink } from "./uplink.js";

/** What {@link createCommands} makes. */
export type Commands = ReturnType<typeof createCommands>;

/** The commands of one client. */
export function createCommands(uplink: Uplink, environment: Environment) {
  const instance = environment.randomId();
  const pending = new Map<string, Command>();
  let count = 0;
  return {
    /**
     * Send a command and wait for its outcome.
     *
     * @param timeout seconds; `null` to wait until the client is disconnected
     * @throws MessageTooBigError (as a rejection) it is larger than the server allows
     */
    run(body: JSONObject, timeout: number | null): Promise<Reply> {
      count += 1;
      const id = `${instance}.${count}`;
      return new Promise((resolve) => {
        const done = (reply: Reply): void => {
          pending.delete(id);
          resolve(reply);
        };
        pending.set(id, startCommand(id, body, timeout, uplink, environment, done));
      });
    },

    /** A connection brought a reply; one that nobody waits for any more is dropped. */
    replied(reply: Replied): void {
      pending.get(reply.id)?.replied(reply);
    },

    /** See {@link Command.roundTrip}. */
    roundTrip: (id: string): number | null => pending.get(id)?.roundTrip() ?? null,

    /** It is over; what was not answered stays unknown. */
    end(reason: string): void {
      for (const each of [...pending.values()]) each.giveUp(reason);
    },
  };
}
