/** What happened, to read and to scroll back in. */

import type { ConnectionType } from "@dualwire/client";
import { memo, type ReactNode, useLayoutEffect, useRef, useState } from "react";
import { Threads } from "./Threads.js";
import type { Line } from "./tale.js";

interface Props {
  readonly lines: readonly Line[];
  readonly up: readonly ConnectionType[];
  readonly children?: ReactNode;
}

/** Pixels from the end within which the page follows what comes. */
const NEAR = 90;

export function Story({ lines, up }: Props) {
  const scroller = useRef<HTMLDivElement>(null);
  const [follows, setFollows] = useState(true);
  const newest = lines.at(-1);

  // After the line is there and before it is painted, so that nothing jumps.
  useLayoutEffect(() => {
    const element = scroller.current;
    if (element !== null && newest !== undefined && (follows || newest.kind === "own")) {
      element.scrollTop = element.scrollHeight;
    }
  }, [newest, follows]);

  function scrolled(): void {
    const element = scroller.current;
    if (element === null) return;
    const left = element.scrollHeight - element.scrollTop - element.clientHeight;
    setFollows(left < NEAR);
  }

  return (
    <>
      <div
        ref={scroller}
        className="story"
        role="log"
        aria-live="polite"
        aria-label="Story"
        onScroll={scrolled}
      >
        {lines.map((line) => (
          <Paragraph key={line.id} line={line} />
        ))}
        <div className="present" aria-hidden>
          <Threads up={up} />
        </div>
      </div>
      {!follows && (
        <button type="button" className="button newest" onClick={() => setFollows(true)}>
          To the newest ↓
        </button>
      )}
    </>
  );
}

const Paragraph = memo(function Paragraph({ line }: { readonly line: Line }) {
  const rest = line.who === undefined ? line.text : line.text.slice(line.who.length);
  return (
    <div className="line" data-kind={line.kind} data-by={line.brought.first}>
      <Threads up={line.up} brought={line.brought} />
      {line.title !== undefined && <strong className="title">{line.title}</strong>}
      <span className="said">
        {line.who !== undefined && <span className="who">{line.who}</span>}
        {rest}
      </span>
    </div>
  );
});
