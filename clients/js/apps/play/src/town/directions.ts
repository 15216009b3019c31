/** Where directions point. */

interface Direction {
  readonly arrow: string;
  /** On the map, one step; `null` for ways that the map has no place for. */
  readonly step: readonly [number, number] | null;
}

const DIRECTIONS: Readonly<Record<string, Direction>> = {
  north: { arrow: "↑", step: [0, 1] },
  northeast: { arrow: "↗", step: [1, 1] },
  east: { arrow: "→", step: [1, 0] },
  southeast: { arrow: "↘", step: [1, -1] },
  south: { arrow: "↓", step: [0, -1] },
  southwest: { arrow: "↙", step: [-1, -1] },
  west: { arrow: "←", step: [-1, 0] },
  northwest: { arrow: "↖", step: [-1, 1] },
  up: { arrow: "⤒", step: null },
  down: { arrow: "⤓", step: null },
  in: { arrow: "⇥", step: null },
  out: { arrow: "⇤", step: null },
};

export function arrowOf(direction: string): string {
  return DIRECTIONS[direction]?.arrow ?? "·";
}

export function stepOf(direction: string): readonly [number, number] | null {
  return DIRECTIONS[direction]?.step ?? null;
}
