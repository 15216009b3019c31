/** The game: what comes becomes the tale, what is typed becomes commands. */

import type { ConnectionType, GameConnection, Gap } from "@dualwire/client";
import { useGameConnection } from "@dualwire/react";
import { useEffect, useRef, useState } from "react";
import { Connections } from "./connections/Connections.js";
import { Lamp, Lamps } from "./connections/Lamps.js";
import { openOf, TYPES } from "./connections/words.js";
import { leave, type Player } from "./door/login.js";
import { EndedDialog } from "./ended/Ended.js";
import { gapText, replyText } from "./story/notices.js";
import { Prompt } from "./story/Prompt.js";
import { Story } from "./story/Story.js";
import { Threads } from "./story/Threads.js";
import type { Kind } from "./story/tale.js";
import { taleKey, useTale } from "./story/useTale.js";
import { Here } from "./town/Here.js";
import { TownMap } from "./town/TownMap.js";
import { Ways } from "./town/Ways.js";

interface Props {
  readonly player: Player;
  readonly onLeave: () => void;
}

type View = "story" | "talk";

export function Game({ player, onLeave }: Props) {
  const [tale, dispatch] = useTale(player.id);
  const [view, setView] = useState<View>("story");
  const [isSideOpen, setSideOpen] = useState(false);
  const [isLeaving, setLeaving] = useState(false);
  const [typed, setTyped] = useState("");
  const input = useRef<HTMLInputElement>(null);
  const toggle = useRef<HTMLButtonElement>(null);
  const lastGap = useRef("");

  const game = useGameConnection({
    connectionKey: player.id,
    onEvent: (event, { stream, offset, by }) => {
      lastGap.current = "";
      dispatch({ type: "event", event, arrival: { key: `${stream} ${offset}`, by, up: upNow() } });
    },
    onDirect: (event, { by }) => {
      dispatch({ type: "event", event, arrival: { by, up: upNow() } });
    },
    onGap: (gap: Gap) => {
      const text = gapText(gap);
      // One restart is a gap in every stream.
      if (text !== lastGap.current) write("note", text);
      lastGap.current = text;
    },
  });
  const { snapshot, connection, getConnectionInfo } = game;
  const up = openOf(snapshot);

  function upNow(): readonly ConnectionType[] {
    return openOf(getConnectionInfo());
  }

  function write(kind: Kind, text: string): void {
    dispatch({ type: "said", kind, text, up: upNow() });
  }

  useEffect(
    () =>
      connection.on("duplicate", ({ stream, offset, by }) =>
        dispatch({ type: "again", key: `${stream} ${offset}`, by }),
      ),
    [connection, dispatch],
  );
  useEffect(() => input.current?.focus({ preventScroll: true }), []);
  useEffect(() => {
    if (!isSideOpen) return;
    const onKey = ({ key }: KeyboardEvent) => key === "Escape" && shut();
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  });
  useEffect(() => {
    document.title = tale.room === null ? "Arkham" : `${tale.room.name} – Arkham`;
  }, [tale.room]);

  async function act(command: string): Promise<void> {
    write("own", command);
    const reply = await game.sendCommand(command);
    const text = replyText(reply, command);
    if (text !== null) write("wrong", text);
    else if (reply.body !== null) {
      dispatch({ type: "event", event: reply.body, arrival: { up: upNow() } });
    }
  }

  function line(text: string): void {
    void act(view === "talk" && !/^(say|tell|['":])/i.test(text) ? `say ${text}` : text);
  }

  /** Close what covers the story on a phone; the keyboard is back where it was opened. */
  function shut(): void {
    setSideOpen(false);
    toggle.current?.focus();
  }

  const go = (direction: string) => {
    setSideOpen(false);
    void act(direction);
  };

  function tell(name: string): void {
    setSideOpen(false);
    setTyped(`tell ${name} `);
    input.current?.focus();
  }

  /** Sign out, unless the player plays on elsewhere; then only this browser forgets the player. */
  async function quit(): Promise<void> {
    const replaced = snapshot.ended?.canTakeBack === true;
    setLeaving(true);
    const goodbye = snapshot.ended === null ? nextEnd(connection) : Promise.resolve();
    await leave(replaced);
    await goodbye;
    game.disconnect();
    sessionStorage.removeItem(taleKey(player.id));
    onLeave();
  }

  const shown = view === "story" ? tale.lines : tale.lines.filter(({ kind }) => kind === "speech");
  return (
    <div className="game">
      <header className="top">
        <span className="mark">Arkham</span>
        <h1 className="where">{tale.room?.name ?? "Somewhere in the fog"}</h1>
        <button
          type="button"
          className="quiet"
          aria-pressed={view === "talk"}
          onClick={() => setView(view === "talk" ? "story" : "talk")}
        >
          <span>
            Talk<span className="wide"> only</span>
          </span>
        </button>
        <button
          type="button"
          ref={toggle}
          className="quiet narrow"
          aria-expanded={isSideOpen}
          aria-controls="side"
          onClick={() => setSideOpen(!isSideOpen)}
        >
          <Lamps snapshot={snapshot} />
          Town
        </button>
        <span className="signed wide">{tale.me ?? player.name}</span>
        <button type="button" className="quiet wide" onClick={() => void quit()}>
          Leave
        </button>
      </header>

      <main className="column" aria-label="Story">
        <Story key={view} lines={shown} up={up} />
      </main>

      <div className="hands">
        <div className="posts" aria-hidden>
          <Threads up={up} />
          {TYPES.map((type) => (
            <Lamp key={type} info={snapshot.connections[type]} />
          ))}
        </div>
        <p className="silence" role="status">
          {snapshot.status === "reconnecting" &&
            "Both connections are lost. What you do waits until one is back."}
        </p>
        <Ways room={tale.room} chart={tale.chart} onGo={go} />
        <Prompt
          input={input}
          text={typed}
          placeholder={view === "talk" ? "Speak to the room" : "look, north, say hello, help"}
          onText={setTyped}
          onLine={line}
        />
      </div>

      <aside
        id="side"
        className="side"
        data-open={isSideOpen}
        aria-label="The town and the connections"
      >
        <button type="button" className="quiet narrow shut" onClick={shut}>
          Close
        </button>
        <TownMap seen={tale.chart} here={tale.room} onGo={go} />
        <Here names={tale.here} me={tale.me} onTell={tell} onWho={() => void act("who")} />
        <Connections snapshot={snapshot} recent={tale.recent} debug={connection.debug} />
        <button type="button" className="quiet narrow out" onClick={() => void quit()}>
          Leave the town
        </button>
      </aside>

      {snapshot.ended !== null && !isLeaving && (
        <EndedDialog
          ended={snapshot.ended}
          name={tale.me ?? player.name}
          onTakeBack={game.createNewSession}
          onLeave={() => void quit()}
        />
      )}
    </div>
  );
}

/** Seconds that a goodbye may take. */
const GOODBYE = 1;

/** Resolves when the server has said goodbye, or soon. */
function nextEnd(connection: GameConnection): Promise<void> {
  return new Promise((resolve) => {
    connection.on("ended", () => resolve());
    setTimeout(resolve, GOODBYE * 1000);
  });
}
