/** Both connections: how they are, who was first, and what one may do to them for a try. */

import type { ConnectionInfo, Debug, Fault, Snapshot } from "@dualwire/client";
import type { Passage } from "../story/tale.js";
import { Lamp } from "./Lamps.js";
import { Races } from "./Races.js";
import { duration, NAMES, stateOf, TYPES } from "./words.js";

interface Props {
  readonly snapshot: Snapshot;
  readonly recent: readonly Passage[];
  readonly debug: Debug;
}

export function Connections({ snapshot, recent, debug }: Props) {
  const { statistics } = snapshot;
  return (
    <section className="section connections" aria-labelledby="connections-title">
      <h2 id="connections-title">Both connections</h2>
      <ul className="types">
        {TYPES.map((type) => (
          <Connection key={type} info={snapshot.connections[type]} debug={debug} />
        ))}
      </ul>
      <Races recent={recent} firsts={statistics.firsts} />
      <dl className="sums">
        <Sum
          value={statistics.outagesHidden}
          label={statistics.outagesHidden === 1 ? "outage hidden" : "outages hidden"}
        />
        <Sum
          value={statistics.duplicates}
          label={statistics.duplicates === 1 ? "copy eliminated" : "copies eliminated"}
        />
        <Sum value={statistics.gaps} label="lost" />
      </dl>
    </section>
  );
}

function Connection({ info, debug }: { readonly info: ConnectionInfo; readonly debug: Debug }) {
  const { type, quality, fault } = info;
  const name = NAMES[type];
  return (
    <li className="type" data-type={type} data-state={info.state}>
      <p className="name">
        <Lamp info={info} />
        <strong>{name}</strong>
      </p>
      <fieldset className="faults">
        <legend className="unseen">Try what happens to the {name}</legend>
        <Switch fault="cut" label="Cut" now={fault} info={info} debug={debug} />
        <Switch fault="swallow" label="Swallow" now={fault} info={info} debug={debug} />
      </fieldset>
      <p className="figures">
        <b className="state">{stateOf(info)}</b> · <b>{duration(quality.roundTrip)}</b> round trip ·{" "}
        <b>{duration(quality.lag)}</b> behind
      </p>
    </li>
  );
}

interface SwitchProps {
  readonly fault: Fault;
  readonly label: string;
  readonly now: Fault | null;
  readonly info: ConnectionInfo;
  readonly debug: Debug;
}

function Switch({ fault, label, now, info, debug }: SwitchProps) {
  const on = now === fault;
  return (
    <button
      type="button"
      role="switch"
      className="switch"
      aria-checked={on}
      aria-label={`${label} the ${NAMES[info.type]}`}
      title={
        fault === "cut"
          ? "End this connection and keep it closed"
          : "Keep this connection open, and let nothing pass"
      }
      onClick={() => {
        if (now !== null) debug.restore(info.type);
        if (!on) debug[fault](info.type);
      }}
    >
      {label}
    </button>
  );
}

function Sum({ value, label }: { readonly value: number; readonly label: string }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>{value.toLocaleString("en")}</dd>
    </div>
  );
}
