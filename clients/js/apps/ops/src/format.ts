/** Figures as people read them. */

export function count(value: number): string {
  return value.toLocaleString("en");
}

/** A number of things, with its noun. */
export function many(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? "" : "s"}`;
}

export function ms(value: number | null): string {
  if (value === null) return "–";
  if (value < 1) return `${value.toFixed(2)} ms`;
  if (value < 100) return `${value.toFixed(1)} ms`;
  return value < 10_000 ? `${Math.round(value)} ms` : `${(value / 1000).toFixed(1)} s`;
}

export function bytes(value: number | null): string {
  if (value === null) return "–";
  if (value < 1024) return `${value} B`;
  if (value < 1024 ** 2) return `${(value / 1024).toFixed(1)} KB`;
  if (value < 1024 ** 3) return `${(value / 1024 ** 2).toFixed(1)} MB`;
  return `${(value / 1024 ** 3).toFixed(2)} GB`;
}

export function ago(seconds: number): string {
  if (seconds < 1) return "now";
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}

/** How long ago something was, within a sentence. */
export function before(seconds: number): string {
  return seconds < 1 ? "just now" : `${ago(seconds)} ago`;
}

export function percent(part: number, whole: number): string {
  return whole ? `${Math.round((100 * part) / whole)} %` : "–";
}

/** What a counter grew by per second, between each moment and the one before. */
export function rates(at: readonly number[], counter: readonly number[]): (number | null)[] {
  return counter.map((value, index) => {
    const time = at[index];
    const [timeBefore, before] = [at[index - 1], counter[index - 1]];
    if (time === undefined || timeBefore === undefined || before === undefined) return null;
    return time > timeBefore ? Math.max(0, value - before) / (time - timeBefore) : null;
  });
}
