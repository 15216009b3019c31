/** What fits beside a mark on a map. */

/** A room's name without what every name has. */
export function shortName(name: string): string {
  return name.replace(/^(The|Offices of the|The House with the) /, "");
}
