/** When the server says that it is over: why, and how to go on. */

import type { Ended } from "@dualwire/client";
import { useEffect, useRef, useState } from "react";

interface Props {
  readonly ended: Ended;
  readonly name: string;
  readonly onTakeBack: () => Promise<unknown>;
  readonly onLeave: () => void;
}

export function EndedDialog({ ended, name, onTakeBack, onLeave }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [busy, setBusy] = useState(false);
  const [at] = useState(() => new Date());
  const time = at.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });

  useEffect(() => {
    const element = dialog.current;
    if (element !== null && !element.open) element.showModal();
  }, []);

  function takeBack(): void {
    setBusy(true);
    onTakeBack().catch(() => setBusy(false));
  }

  return (
    <dialog
      ref={dialog}
      className="ended"
      aria-labelledby="ended-title"
      aria-describedby="ended-why"
      onCancel={(event) => event.preventDefault()}
    >
      {ended.canTakeBack ? (
        <>
          <h2 id="ended-title">You are playing somewhere else.</h2>
          <p id="ended-why">
            At {time} somebody signed in as {name} in another browser or on another device, and the
            story went there with them. If that was you, all is well. This page waits.
          </p>
        </>
      ) : (
        <>
          <h2 id="ended-title">The story stops here.</h2>
          <p id="ended-why">{ended.message}</p>
        </>
      )}
      <div className="choices">
        {ended.canTakeBack && (
          <button type="button" className="button loud" disabled={busy} onClick={takeBack}>
            {busy ? "One moment …" : "Play here again"}
          </button>
        )}
        <button
          type="button"
          className={ended.canTakeBack ? "button" : "button loud"}
          onClick={onLeave}
        >
          {ended.canTakeBack ? "Leave" : "To the door"}
        </button>
      </div>
    </dialog>
  );
}
