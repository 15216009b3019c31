/** The door, or the game behind it. */

import { useCallback, useEffect, useState } from "react";
import { Door } from "./door/Door.js";
import { type Player, whoAmI } from "./door/login.js";
import { Game } from "./Game.js";

export function App() {
  // `undefined` until the server said who is signed in.
  const [player, setPlayer] = useState<Player | null>();

  useEffect(() => {
    whoAmI().then(setPlayer, () => setPlayer(null));
  }, []);

  const leave = useCallback(() => {
    setPlayer(null);
    document.title = "Arkham";
  }, []);

  if (player === undefined) return null;
  return player === null ? (
    <Door onEnter={setPlayer} />
  ) : (
    <Game key={player.id} player={player} onLeave={leave} />
  );
}
