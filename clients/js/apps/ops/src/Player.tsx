import { useCallback, useEffect, useRef, useState } from "react";
import * as api from "./api";
import { ago, before, bytes, count, ms } from "./format";

const EVERY = 2000;

/** One player: every connection with its history, and what an operator can do about them. */
export function PlayerPanel({ id, onClose }: { id: string; onClose: () => void }) {
  const [player, setPlayer] = useState<api.Player | null>(null);
  const [problem, setProblem] = useState("");
  const dialog = useRef<HTMLDialogElement>(null);

  const load = useCallback(async () => {
    try {
      setPlayer(await api.player(id));
      setProblem("");
    } catch (error) {
      setProblem(String((error as Error).message));
    }
  }, [id]);

  useEffect(() => {
    dialog.current?.showModal();
    void load();
    const timer = setInterval(() => void load(), EVERY);
    return () => clearInterval(timer);
  }, [load]);

  async function act(work: Promise<unknown>) {
    try {
      await work;
      await load();
    } catch (error) {
      setProblem(String((error as Error).message));
    }
  }

  const now = player?.timestamp ?? 0;
  const lag = player?.acknowledged_lag[`player:${id}`];
  return (
    <dialog ref={dialog} className="player" onClose={onClose} aria-label={`Player ${id}`}>
      <header>
        <h2>{id}</h2>
        {player && (
          <span className={player.online ? "pill good" : "pill"}>
            {player.online ? "online" : "away"}
          </span>
        )}
        <button type="button" className="plain" onClick={() => dialog.current?.close()}>
          Close
        </button>
      </header>
      {problem && <p className="problem">{problem}</p>}
      {player && (
        <>
          <p className="facts">
            {player.connected_at !== null && <>here for {ago(now - player.connected_at)} · </>}
            {lag === undefined ? "acknowledges nothing" : `${count(lag)} not acknowledged`}
            {player.arm && <> · dual_connections {player.arm}</>}
            {player.rooms.length > 0 && <> · in {player.rooms.join(", ")}</>}
          </p>
          <div className="rows">
            {player.connections.map((each) => (
              <div key={each.connection_id} className="connection">
                <span className={`dot ${each.type}`} aria-hidden="true" />
                <div>
                  <b>{each.type === "sse" ? "SSE" : "WebSocket"}</b> {each.encoding} · {each.state}{" "}
                  · <span className={each.health}>{each.health}</span>
                  <small>
                    open {ago(now - each.established_at)} · seen {before(now - each.last_seen)} ·
                    round trip {ms(each.round_trip_ms)} · {bytes(each.waiting_bytes)} waiting
                  </small>
                </div>
                <Sure label="Cut" onSure={() => void act(api.cut(each.connection_id))} />
              </div>
            ))}
            {player.connections.length === 0 && (
              <p className="empty">No connection on this node.</p>
            )}
          </div>
          <div className="actions">
            <Sure label="Disconnect" onSure={() => void act(api.endSession(id))} />
            <Sure label="Revoke" onSure={() => void act(api.endSession(id, api.REVOKED))} />
          </div>
          <h3>What happened</h3>
          <ol className="history">
            {player.history.map((each) => (
              <li key={`${each.at}${each.connection_id}${each.what}${each.detail}`}>
                <time>{ago(now - each.at)}</time>
                <span className={`dot ${each.type}`} aria-hidden="true" />
                {each.what} <span className="quiet">{each.detail}</span>
              </li>
            ))}
          </ol>
        </>
      )}
    </dialog>
  );
}

/** A button that asks once more: what it does cannot be taken back. */
function Sure({ label, onSure }: { label: string; onSure: () => void }) {
  const [asked, setAsked] = useState(false);
  if (!asked)
    return (
      <button type="button" onClick={() => setAsked(true)}>
        {label}
      </button>
    );
  return (
    <span className="sure">
      <button
        type="button"
        className="danger"
        onClick={() => {
          setAsked(false);
          onSure();
        }}
      >
        {label} now
      </button>
      <button type="button" className="plain" onClick={() => setAsked(false)}>
        Keep
      </button>
    </span>
  );
}
