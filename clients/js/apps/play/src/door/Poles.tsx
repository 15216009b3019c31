/** Two wires on their poles, walking off into the fog. */

interface Pole {
  readonly x: number;
  /** Where it stands. */
  readonly y: number;
  readonly size: number;
}

/** Each pole is further away than the one before. */
const POLES: readonly Pole[] = Array.from({ length: 9 }, (_, n) => {
  const near = 0.63 ** n;
  return { x: 1330 - 1215 * near, y: 330 + 170 * near, size: near };
}).reverse();

const HEIGHT = 430;
const ARM = 74;

export function Poles() {
  return (
    <svg className="poles" viewBox="0 0 1400 500" preserveAspectRatio="xMinYMax slice" aria-hidden>
      <defs>
        <linearGradient id="haze" x1="0" x2="1" y1="0" y2="0">
          <stop offset="0.25" stopOpacity="0" />
          <stop offset="0.97" stopOpacity="1" />
        </linearGradient>
        <linearGradient id="ground" x1="0" x2="0" y1="0" y2="1">
          <stop offset="0.55" stopOpacity="0" />
          <stop offset="0.98" stopOpacity="1" />
        </linearGradient>
      </defs>
      {POLES.map((pole) => (
        <path key={pole.x} className="post" d={post(pole)} strokeWidth={6.5 * pole.size + 0.7} />
      ))}
      {POLES.slice(1).map((near, index) => {
        const far = POLES[index] ?? near;
        return (
          <g key={near.x}>
            <path className="sse" d={wire(far, near, 1)} strokeWidth={2.6 * near.size + 0.5} />
            <path
              className="websocket"
              d={wire(far, near, -1)}
              strokeWidth={2.6 * near.size + 0.5}
            />
          </g>
        );
      })}
      <path className="sse" d={off(1)} strokeWidth={3} />
      <path className="websocket" d={off(-1)} strokeWidth={3} />
      <rect width="1400" height="500" fill="url(#haze)" />
      <rect width="1400" height="500" fill="url(#ground)" />
    </svg>
  );
}

function post({ x, y, size }: Pole): string {
  const top = y - HEIGHT * size;
  const arm = ARM * size;
  const bar = top + 34 * size;
  const cup = 15 * size;
  return [
    `M${at(x, y)}L${at(x, top)}`,
    `M${at(x - arm, bar)}L${at(x + arm, bar)}`,
    `M${at(x - arm + cup, bar)}L${at(x - arm + cup, bar - cup)}`,
    `M${at(x + arm - cup, bar)}L${at(x + arm - cup, bar - cup)}`,
  ].join("");
}

/** Where a wire rests on a pole. */
function rest({ x, y, size }: Pole, side: 1 | -1): [number, number] {
  return [x + side * (ARM - 15) * size, y - (HEIGHT - 19) * size];
}

/** A wire hangs between two poles as its own weight has it. */
function wire(far: Pole, near: Pole, side: 1 | -1): string {
  const [x1, y1] = rest(far, side);
  const [x2, y2] = rest(near, side);
  const sag = 0.16 * Math.abs(x1 - x2);
  return `M${at(x1, y1)}Q${at((x1 + x2) / 2, (y1 + y2) / 2 + sag)} ${at(x2, y2)}`;
}

/** From the nearest pole out of the picture. */
function off(side: 1 | -1): string {
  const nearest = POLES[POLES.length - 1];
  if (nearest === undefined) return "";
  const [x, y] = rest(nearest, side);
  return `M${at(x, y)}Q${at(x - 110, y + 46)} ${at(x - 270, y - 60)}`;
}

function at(x: number, y: number): string {
  return `${x.toFixed(1)} ${y.toFixed(1)}`;
}
