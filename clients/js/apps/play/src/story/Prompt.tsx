/** Where a player types, with what was typed before. */

import { type FormEvent, type KeyboardEvent, type RefObject, useState } from "react";

interface Props {
  readonly input: RefObject<HTMLInputElement | null>;
  readonly text: string;
  readonly placeholder: string;
  readonly onText: (text: string) => void;
  readonly onLine: (line: string) => void;
}

/** Lines that are remembered. */
const REMEMBERED = 100;

export function Prompt({ input, text, placeholder, onText, onLine }: Props) {
  const [past, setPast] = useState<readonly string[]>([]);
  // How many lines back; 0 is the line that is being typed.
  const [back, setBack] = useState(0);
  const [draft, setDraft] = useState("");

  function submit(event: FormEvent): void {
    event.preventDefault();
    const line = text.trim();
    if (line === "") return;
    setPast([...past.filter((each) => each !== line), line].slice(-REMEMBERED));
    setBack(0);
    onText("");
    onLine(line);
  }

  function recall(event: KeyboardEvent): void {
    const step = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    if (step === undefined || event.nativeEvent.isComposing) return;
    event.preventDefault();
    const next = Math.max(0, Math.min(past.length, back + step));
    if (next === back) return;
    if (back === 0) setDraft(text);
    setBack(next);
    onText(next === 0 ? draft : (past[past.length - next] ?? ""));
  }

  return (
    <form className="prompt" onSubmit={submit}>
      <label className="unseen" htmlFor="command">
        What do you do?
      </label>
      <input
        ref={input}
        id="command"
        value={text}
        placeholder={placeholder}
        autoComplete="off"
        autoCapitalize="none"
        enterKeyHint="send"
        maxLength={900}
        onChange={(event) => onText(event.target.value)}
        onKeyDown={recall}
      />
      <button type="submit" aria-label="Do it">
        ↵
      </button>
    </form>
  );
}
