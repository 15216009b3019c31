/** Whether a connection is there, at a glance. */

import type { ConnectionInfo, Snapshot } from "@dualwire/client";
import { NAMES, stateOf, TYPES } from "./words.js";

export function Lamp({ info }: { readonly info: ConnectionInfo }) {
  return <i className="lamp" data-type={info.type} data-state={lampOf(info)} aria-hidden />;
}

export function Lamps({ snapshot }: { readonly snapshot: Snapshot }) {
  const infos = TYPES.map((type) => snapshot.connections[type]);
  return (
    <>
      {infos.map((info) => (
        <Lamp key={info.type} info={info} />
      ))}
      <span className="unseen">
        {infos.map((info) => `${NAMES[info.type]}: ${stateOf(info)}`).join(", ")}
      </span>
    </>
  );
}

/** A connection that swallows everything is not one. */
function lampOf({ state, fault, degraded }: ConnectionInfo): string {
  if (fault !== null || state === "closed") return "closed";
  return degraded === null ? state : "connecting";
}
