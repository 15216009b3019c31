/** The ways out of the room, to be taken by a tap. */

import type { Room } from "../story/tale.js";
import { arrowOf } from "./directions.js";
import { shortName } from "./names.js";

interface Props {
  readonly room: Room | null;
  readonly chart: Readonly<Record<string, Room>>;
  readonly onGo: (direction: string) => void;
}

export function Ways({ room, chart, onGo }: Props) {
  return (
    <nav className="ways" aria-label="Ways out">
      {Object.entries(room?.exits ?? {}).map(([direction, id]) => (
        <button key={direction} type="button" className="way" onClick={() => onGo(direction)}>
          <span className="arrow" aria-hidden>
            {arrowOf(direction)}
          </span>
          {direction}
          {chart[id] !== undefined && <span className="leads">{shortName(chart[id].name)}</span>}
        </button>
      ))}
    </nav>
  );
}
