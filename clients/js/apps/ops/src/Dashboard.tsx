import { type ReactNode, useMemo, useState } from "react";
import type { Arm, Overview } from "./api";
import { Chart } from "./Chart";
import { ago, bytes, count, many, ms, percent, rates } from "./format";

interface Props {
  figures: Overview;
  onPlayer: (id: string) => void;
}

/** Everything about one node at a glance. */
export function Dashboard({ figures, onPlayer }: Props) {
  const { players, connections, delivery, totals } = figures;
  return (
    <main>
      <Head figures={figures} onPlayer={onPlayer} />
      <section className="tiles" aria-label="Now">
        <Tile label="Players online" value={count(players.online)}>
          {percent(players.dual, players.connected)} on both connections
        </Tile>
        <Tile label="WebSocket" value={count(connections.websocket.open)} mark="websocket">
          {degraded(connections.websocket.degraded)}
          <br />
          round trip {ms(connections.websocket.round_trip_ms.p50)}
        </Tile>
        <Tile label="SSE" value={count(connections.sse.open)} mark="sse">
          {degraded(connections.sse.degraded)}
          <br />
          round trip {ms(connections.sse.round_trip_ms.p50)}
        </Tile>
        <Tile label="Failovers hidden" value={count(totals.hidden_failovers)} tone="good">
          {many(totals.outages, "outage")} noticed
        </Tile>
        <Tile
          label="Ranges lost"
          value={count(totals.losses)}
          {...(totals.losses ? { tone: "bad" } : {})}
        >
          {count(delivery.lag_max)} events behind, at most
        </Tile>
        <Tile label="To the network" value={ms(delivery.written_ms.p50)}>
          p99 {ms(delivery.written_ms.p99)}
          <br />
          acknowledged {ms(delivery.acknowledged_ms.p50)}
        </Tile>
        <Tile label="Takeovers" value={count(totals.takeovers)}>
          {many(totals.refused, "connection")} refused
        </Tile>
        <Tile
          label="Errors"
          value={count(totals.errors)}
          {...(totals.errors ? { tone: "bad" } : {})}
        >
          loop at most {ms(worst(figures.timeline.loop_lag, 60))} late in the last minute
        </Tile>
      </section>
      <Charts figures={figures} />
      <section className="lists">
        <Recent figures={figures} onPlayer={onPlayer} />
        <Table
          title="Ends by code"
          empty="No connection has ended."
          rows={figures.closes.map((each) => [each.code, each.type ?? "", count(each.count)])}
        />
        <Table
          title={`Rooms (${count(figures.rooms.total)})`}
          empty="Nobody is in a room."
          rows={figures.rooms.top.map((each) => [each.room, "", count(each.players)])}
        />
        <section className="card">
          <h2>Slowest players</h2>
          {figures.slowest.length === 0 && <p className="empty">Nobody lags.</p>}
          <table>
            <tbody>
              {figures.slowest.map((each) => (
                <tr key={each.player}>
                  <td>
                    <PlayerLink id={each.player} onPlayer={onPlayer} />
                  </td>
                  <td className="quiet">
                    {each.degraded > 0 && <span className="pill bad">degraded</span>}{" "}
                    {each.lag > 0 && `${many(each.lag, "event")} behind`}
                  </td>
                  <td>{each.waiting_bytes > 0 && `${bytes(each.waiting_bytes)} wait`}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
        <Table
          title="Refusals"
          empty="Nobody was refused."
          rows={figures.refusals.map((each) => [each.code, each.type ?? "", count(each.count)])}
        />
        <Table
          title="Errors"
          empty="Nothing failed."
          rows={figures.errors.map((each) => [each.class, each.where ?? "", count(each.count)])}
        />
        <Rollout figures={figures} />
      </section>
    </main>
  );
}

function Head({ figures, onPlayer }: Props) {
  const { node } = figures;
  const [wanted, setWanted] = useState("");
  return (
    <header className="head">
      <div>
        <h1>dualwire operations</h1>
        <p className="quiet">
          <span className={node.ready ? "pill good" : "pill bad"}>
            {node.ready ? "ready" : "lets nobody in"}
          </span>{" "}
          node {node.id} · {node.version} · up {ago(node.uptime_seconds ?? 0)} ·{" "}
          {bytes(node.memory_bytes)}
        </p>
      </div>
      <form
        className="search"
        onSubmit={(event) => {
          event.preventDefault();
          if (wanted.trim()) onPlayer(wanted.trim());
        }}
      >
        <input
          aria-label="Player's id"
          placeholder="Player's id"
          value={wanted}
          onChange={(event) => setWanted(event.target.value)}
        />
        <button type="submit">Look</button>
      </form>
    </header>
  );
}

function Tile(props: {
  label: string;
  value: string;
  mark?: string;
  tone?: string;
  children: ReactNode;
}) {
  return (
    <div className="card tile">
      <h2>
        {props.mark && <span className={`dot ${props.mark}`} aria-hidden="true" />}
        {props.label}
      </h2>
      <p className={`value ${props.tone ?? ""}`}>{props.value}</p>
      <p className="quiet">{props.children}</p>
    </div>
  );
}

function Charts({ figures }: { figures: Overview }) {
  const { timeline } = figures;
  const lines = useMemo(() => {
    const per = (counter: number[]) => rates(timeline.at, counter);
    return {
      connections: [
        { label: "WebSocket", colour: "websocket", values: timeline.websocket },
        { label: "SSE", colour: "sse", values: timeline.sse },
      ],
      frames: [
        { label: "frames", colour: "sse", values: per(timeline.deliveries) },
        { label: "events", colour: "websocket", values: per(timeline.published) },
      ],
      broken: [
        { label: "all ends", colour: "quiet", values: per(timeline.closed) },
        { label: "broke, hidden", colour: "good", values: per(timeline.hidden_failovers) },
        { label: "broke, noticed", colour: "bad", values: per(timeline.outages) },
      ],
      late: [
        {
          label: "late",
          colour: "bad",
          values: per(timeline.loop_lag).map((each) => (each === null ? null : each * 1000)),
        },
      ],
    };
  }, [timeline]);
  const whole = (value: number) => count(Math.round(value));
  const fine = (value: number) => (value < 10 ? value.toFixed(1) : whole(value));
  return (
    <section className="charts">
      <Chart title="Connections" at={timeline.at} lines={lines.connections} format={whole} />
      <Chart title="Per second" at={timeline.at} lines={lines.frames} format={whole} />
      <Chart
        title="Connections that ended, per second"
        at={timeline.at}
        lines={lines.broken}
        format={fine}
      />
      <Chart title="Event loop, ms late" at={timeline.at} lines={lines.late} format={fine} />
    </section>
  );
}

const KINDS = [
  ["", "All"],
  ["closed", "Ends"],
  ["refused", "Refusals"],
  ["health", "Health"],
] as const;

const SHOWN = 40;

function Recent({ figures, onPlayer }: Props) {
  const [kind, setKind] = useState("");
  const shown = figures.recent.filter((each) => !kind || each.what === kind).slice(0, SHOWN);
  return (
    <section className="card recent">
      <h2>Just now</h2>
      <fieldset className="kinds" aria-label="What is shown">
        {KINDS.map(([value, label]) => (
          <button
            key={value}
            type="button"
            aria-pressed={kind === value}
            onClick={() => setKind(value)}
          >
            {label}
          </button>
        ))}
      </fieldset>
      {shown.length === 0 && <p className="empty">Nothing has happened.</p>}
      <ol className="history">
        {shown.map((each) => (
          <li key={`${each.at}${each.player}${each.type}${each.what}${each.detail}`}>
            <time>{ago(figures.timestamp - each.at)}</time>
            <span className={`dot ${each.type}`} aria-hidden="true" />
            {each.player ? <PlayerLink id={each.player} onPlayer={onPlayer} /> : "somebody"}
            <span>
              {each.what} <span className="quiet">{each.detail}</span>
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}

function PlayerLink({ id, onPlayer }: { id: string; onPlayer: (id: string) => void }) {
  return (
    <button type="button" className="link" onClick={() => onPlayer(id)}>
      {id}
    </button>
  );
}

function Table(props: { title: string; empty: string; rows: [string, string, string][] }) {
  return (
    <section className="card">
      <h2>{props.title}</h2>
      {props.rows.length === 0 && <p className="empty">{props.empty}</p>}
      <table>
        <tbody>
          {props.rows.map(([name, kind, value]) => (
            <tr key={`${name}/${kind}`}>
              <td>{name}</td>
              <td className="quiet">{kind}</td>
              <td>{value}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

const EXPERIENCE: [string, (arm: Arm) => string][] = [
  ["players", (arm) => count(arm.players)],
  ["connections opened", (arm) => count(arm.opened)],
  ["outages", (arm) => count(arm.outages)],
  ["failovers hidden", (arm) => count(arm.hidden_failovers)],
  ["ranges lost", (arm) => count(arm.losses)],
  ["stalls", (arm) => count(arm.stalls)],
  ["takeovers", (arm) => count(arm.takeovers)],
  ["replaced", (arm) => count(arm.replaced)],
];

function Rollout({ figures }: { figures: Overview }) {
  const { flag, arms } = figures.rollout;
  return (
    <section className="card">
      <h2>Rollout of dual_connections</h2>
      <p className="quiet">
        {flag === null && "On as your own provider of flags says."}
        {flag && !flag.enabled && "Turned off for everybody."}
        {flag?.enabled && `On for ${flag.percentage} % of the players`}
        {flag?.enabled && flag.allow.length > 0 && ` and ${count(flag.allow.length)} by name`}
      </p>
      <table>
        <thead>
          <tr>
            <th scope="col">per node</th>
            <th scope="col">on</th>
            <th scope="col">off</th>
          </tr>
        </thead>
        <tbody>
          {EXPERIENCE.map(([name, of]) => (
            <tr key={name}>
              <td>{name}</td>
              <td>{of(arms.on)}</td>
              <td>{of(arms.off)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

/** The largest step of a running total of seconds, in milliseconds. */
function worst(total: readonly number[], moments: number): number | null {
  const last = total.slice(-moments - 1);
  const steps = last.slice(1).map((each, index) => each - (last[index] ?? each));
  return steps.length ? Math.max(...steps) * 1000 : null;
}

function degraded(number: number): string {
  return number ? `${count(number)} degraded` : "all healthy";
}
