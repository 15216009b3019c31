/**
 * Both connections beside a line: dotted while one was down, a full bead for the one that brought
 * the line, a ring for the one whose copy was eliminated.
 */

import type { ConnectionType } from "@dualwire/client";
import { TYPES } from "../connections/words.js";
import type { Brought } from "./tale.js";

interface Props {
  readonly up: readonly ConnectionType[];
  readonly brought?: Brought;
}

export function Threads({ up, brought = {} }: Props) {
  return TYPES.map((type) => (
    <i
      key={type}
      className="thread"
      data-type={type}
      data-up={up.includes(type) || brought.second === type ? "yes" : "no"}
      data-mark={markOf(type, brought)}
      aria-hidden
    />
  ));
}

function markOf(type: ConnectionType, brought: Brought): string | undefined {
  if (brought.first === type) return "first";
  return brought.second === type ? "second" : undefined;
}
