/** Where a player signs in. */

import { type FormEvent, useState } from "react";
import { enter, type Player, type Way } from "./login.js";
import { Poles } from "./Poles.js";

interface Props {
  readonly onEnter: (player: Player) => void;
}

export function Door({ onEnter }: Props) {
  const [trouble, setTrouble] = useState("");
  const [busy, setBusy] = useState(false);

  async function go(way: Way, form?: HTMLFormElement): Promise<void> {
    const fields = form === undefined ? null : new FormData(form);
    setTrouble("");
    setBusy(true);
    try {
      const text = (name: string) => String(fields?.get(name) ?? "");
      const credentials =
        fields === null ? {} : { username: text("username"), password: text("password") };
      onEnter(await enter(way, credentials));
    } catch (error) {
      setTrouble(error instanceof Error ? error.message : String(error));
      setBusy(false);
    }
  }

  function submit(event: FormEvent<HTMLFormElement>): void {
    event.preventDefault();
    const { submitter } = event.nativeEvent as SubmitEvent;
    const way = submitter?.getAttribute("value") === "register" ? "register" : "login";
    void go(way, event.currentTarget);
  }

  return (
    <main className="door">
      <Poles />
      <div className="threshold">
        <div>
          <h1>Arkham</h1>
          <p className="tagline">The fog came in with the evening train, and so did you.</p>
          <p className="about">
            A small town to walk in and to talk in, together with whoever else could not sleep. Two
            wires carry every word. You will not notice when one of them is down.
          </p>
        </div>
        <div className="entry">
          <p className="trouble" role="alert">
            {trouble}
          </p>
          <button
            type="button"
            className="button loud guest"
            disabled={busy}
            onClick={() => void go("guest")}
          >
            Walk in as a guest
          </button>
          <p className="or">or under a name of your own</p>
          <form onSubmit={submit}>
            <p className="field">
              <label htmlFor="username">Name</label>
              <input
                id="username"
                name="username"
                autoComplete="username"
                autoCapitalize="words"
                required
                minLength={2}
                maxLength={20}
              />
            </p>
            <p className="field">
              <label htmlFor="password">Password</label>
              <input
                id="password"
                name="password"
                type="password"
                autoComplete="current-password"
                required
                maxLength={256}
              />
            </p>
            <div className="pair">
              <button type="submit" className="button" name="way" value="login" disabled={busy}>
                Sign in
              </button>
              <button type="submit" className="button" name="way" value="register" disabled={busy}>
                Register
              </button>
            </div>
          </form>
        </div>
      </div>
    </main>
  );
}
