/** What the page says in its own words. */

import type { Gap, Reply } from "@dualwire/client";

const WHERE: Readonly<Record<string, string>> = {
  player: "meant for you",
  room: "of this place",
  global: "meant for everybody",
};

/** What a person is told of events that will never come. */
export function gapText({ stream, first, last, reason }: Gap): string {
  if (first === null || last === null) {
    return "The town awoke anew. What happened before, and was not told, is lost.";
  }
  const count = last - first + 1;
  const what = count === 1 ? "One moment" : `${count} moments`;
  const where = WHERE[stream.split(":", 1)[0] ?? ""] ?? `of ${stream}`;
  const why = reason === "trimmed" ? "you were away too long" : reason;
  return `${what} ${where} ${count === 1 ? "is" : "are"} lost here: ${why}.`;
}

/** What a person is told of a command that was not done; `null` if it was. */
export function replyText({ outcome, reason }: Reply, command: string): string | null {
  switch (outcome) {
    case "done":
      return null;
    case "refused":
      return `The town refused “${command}”: ${reason ?? "it gave no reason"}.`;
    case "unknown":
      return `Nobody can say what became of “${command}”: ${reason ?? "no answer came"}.`;
  }
}
