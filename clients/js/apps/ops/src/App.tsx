import { useEffect, useState } from "react";
import * as api from "./api";
import { Dashboard } from "./Dashboard";
import { PlayerPanel } from "./Player";

const EVERY = 2000;

/** Asks the node every two seconds while somebody looks, and for a key where it wants one. */
export function App() {
  const [figures, setFigures] = useState<api.Overview | null>(null);
  const [problem, setProblem] = useState<api.Refused | null>(null);
  const [player, setPlayer] = useState("");
  const [asked, setAsked] = useState(0);

  // biome-ignore lint/correctness/useExhaustiveDependencies: a new key asks anew
  useEffect(() => {
    let ended = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const look = async () => {
      clearTimeout(timer);
      if (!document.hidden) {
        try {
          const found = await api.overview();
          if (ended) return;
          setFigures(found);
          setProblem(null);
        } catch (error) {
          if (ended) return;
          setProblem(error as api.Refused);
        }
      }
      timer = setTimeout(() => void look(), EVERY);
    };
    const shown = () => {
      if (!document.hidden) void look();
    };
    document.addEventListener("visibilitychange", shown);
    void look();
    return () => {
      ended = true;
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", shown);
    };
  }, [asked]);

  const wantsKey = problem?.status === 401 || problem?.status === 403;
  const rekey = () => setAsked((before) => before + 1);
  return (
    <>
      {wantsKey && <KeyForm problem={problem.message} onKey={rekey} />}
      {!wantsKey && problem && (
        <p className="problem banner" role="alert">
          {problem.message} Trying again.
        </p>
      )}
      {!wantsKey && figures && <Dashboard figures={figures} onPlayer={setPlayer} />}
      {!wantsKey && player && (
        <PlayerPanel key={player} id={player} onClose={() => setPlayer("")} />
      )}
      {!wantsKey && api.key.get() && (
        <footer>
          <button
            type="button"
            className="plain"
            onClick={() => {
              api.key.forget();
              rekey();
            }}
          >
            Forget the key of this tab
          </button>
        </footer>
      )}
    </>
  );
}

function KeyForm({ problem, onKey }: { problem: string; onKey: () => void }) {
  const [value, setValue] = useState("");
  return (
    <form
      className="card key"
      onSubmit={(event) => {
        event.preventDefault();
        api.key.set(value.trim());
        onKey();
      }}
    >
      <h1>dualwire operations</h1>
      <p>{api.key.get() ? problem : "This node shows its figures to whoever has its key."}</p>
      <label>
        Operator's key
        <input
          type="password"
          autoComplete="current-password"
          value={value}
          onChange={(event) => setValue(event.target.value)}
        />
      </label>
      <button type="submit" disabled={!value.trim()}>
        Open the dashboard
      </button>
    </form>
  );
}
