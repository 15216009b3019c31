/** Who brought the latest messages: a full mark was first, a hollow one a copy. */

import type { ConnectionType, Statistics } from "@dualwire/client";
import { type Passage, RECENT } from "../story/tale.js";
import { NAMES, TYPES } from "./words.js";

const STEP = 8;
const HEIGHT = 30;

interface Props {
  readonly recent: readonly Passage[];
  readonly firsts: Statistics["firsts"];
}

export function Races({ recent, firsts }: Props) {
  const won = (type: ConnectionType) => recent.filter(({ first }) => first === type).length;
  const said = TYPES.map((type) => `${NAMES[type]} ${won(type)}`).join(", ");
  const shift = RECENT - recent.length;
  return (
    <figure className="races">
      <svg
        viewBox={`0 0 ${RECENT * STEP} ${HEIGHT}`}
        role="img"
        aria-label={`First with the last ${recent.length} messages: ${said}`}
      >
        {TYPES.map((type, row) => (
          <line
            key={type}
            className="rail"
            data-type={type}
            x1="0"
            x2={RECENT * STEP}
            y1={8 + row * 14}
            y2={8 + row * 14}
          />
        ))}
        {recent.map((passage, index) =>
          TYPES.map((type, row) => {
            if (passage.first !== type && passage.second !== type) return null;
            return (
              <circle
                key={`${passage.key} ${type}`}
                className="run"
                data-type={type}
                data-mark={passage.first === type ? "first" : "second"}
                cx={(shift + index) * STEP + STEP / 2}
                cy={8 + row * 14}
                r={passage.first === type ? 3.2 : 2.4}
              />
            );
          }),
        )}
      </svg>
      <figcaption>
        First: <b data-type="websocket">{NAMES.websocket}</b> {times(firsts.websocket)},{" "}
        <b data-type="sse">{NAMES.sse.toLowerCase()}</b> {times(firsts.sse)}
      </figcaption>
    </figure>
  );
}

function times(count: number): string {
  return count === 1 ? "once" : `${count.toLocaleString("en")} times`;
}
