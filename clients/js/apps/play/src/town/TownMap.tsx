/** The map as a drawing; whoever cannot see it has the ways out and the story. */

import type { Room } from "../story/tale.js";
import { draw, type Place } from "./chart.js";
import { shortName } from "./names.js";

interface Props {
  readonly seen: Readonly<Record<string, Room>>;
  readonly here: Room | null;
  readonly onGo: (direction: string) => void;
}

const CELL = 58;
const WIDTH = 5.2;
const HEIGHT = 2.9;

export function TownMap({ seen, here, onGo }: Props) {
  const { places, streets } = draw(seen, here);
  const [x, y] = here?.coordinates ?? [0, 0];
  const left = (x - WIDTH / 2) * CELL;
  const top = (-y - HEIGHT / 2) * CELL;
  const count = Object.keys(seen).length;
  return (
    <section className="section town" aria-labelledby="town-title">
      <h2 id="town-title">The town, as far as you know it</h2>
      <svg
        className="map"
        viewBox={`${left} ${top} ${WIDTH * CELL} ${HEIGHT * CELL}`}
        role="img"
        aria-label={`Map: ${count} ${count === 1 ? "place" : "places"} seen; you are at ${here?.name ?? "no place"}`}
      >
        <defs>
          <radialGradient id="lantern">
            <stop offset="0" stopOpacity="0.85" />
            <stop offset="0.4" stopOpacity="0.28" />
            <stop offset="1" stopOpacity="0" />
          </radialGradient>
        </defs>
        {here !== null && (
          <circle
            className="lantern"
            cx={x * CELL}
            cy={-y * CELL}
            r={CELL * 1.1}
            fill="url(#lantern)"
          />
        )}
        {streets.map(({ from, to, isHidden }) => {
          const line = { x1: from.x * CELL, y1: -from.y * CELL, x2: to.x * CELL, y2: -to.y * CELL };
          const known = from.room !== null && to.room !== null;
          return (
            <g
              key={`${from.id} ${to.id}`}
              className={isHidden ? "stairs" : "street"}
              data-known={known}
            >
              <line className="kerb" {...line} />
              <line className="road" {...line} />
            </g>
          );
        })}
        {places.map((place) => (
          <Spot key={place.id} place={place} isHere={place.id === here?.id} onGo={onGo} />
        ))}
      </svg>
    </section>
  );
}

interface SpotProps {
  readonly place: Place;
  readonly isHere: boolean;
  readonly onGo: (direction: string) => void;
}

function Spot({ place, isHere, onGo }: SpotProps) {
  const { room, direction } = place;
  const [cx, cy] = [place.x * CELL, -place.y * CELL];
  const size = room === null ? 6 : 9;
  const kind = room === null ? "unknown" : room.environment;
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: keys have the ways out, as buttons
    <g
      className="place"
      data-kind={kind}
      data-here={isHere}
      data-near={direction !== null}
      onClick={direction === null ? undefined : () => onGo(direction)}
    >
      <title>{room === null ? `Unknown, ${direction ?? "further on"}` : room.name}</title>
      <circle className="reach" cx={cx} cy={cy} r={CELL * 0.42} />
      {kind === "indoors" ? (
        <rect className="spot" x={cx - size} y={cy - size} width={size * 2} height={size * 2} />
      ) : (
        <circle className="spot" cx={cx} cy={cy} r={size} />
      )}
      {isHere && <circle className="you" cx={cx} cy={cy} r={4} />}
      {room !== null && !isHere && (
        <text x={cx + size + 4} y={cy - size - 2}>
          {shortName(room.name)}
        </text>
      )}
    </g>
  );
}
