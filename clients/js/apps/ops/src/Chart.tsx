import { useEffect, useRef } from "react";
import uPlot from "uplot";

export interface Line {
  label: string;
  /** Name of a colour of the style sheet. */
  colour: string;
  values: readonly (number | null)[];
}

interface Props {
  title: string;
  at: readonly number[];
  lines: readonly Line[];
  format: (value: number) => string;
}

const HEIGHT = 150;

/** One chart over the last minutes. */
export function Chart({ title, at, lines, format }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const names = lines.map((line) => `${line.label}:${line.colour}`).join();

  // biome-ignore lint/correctness/useExhaustiveDependencies: lines come anew every second; what they are called does not
  useEffect(() => {
    const element = place.current;
    if (!element) return;
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const draw = () => {
      plot.current?.destroy();
      plot.current = new uPlot(options(element, lines, format), data(at, lines), element);
    };
    draw();
    dark.addEventListener("change", draw);
    const resized = new ResizeObserver(() => {
      plot.current?.setSize({ width: element.clientWidth, height: HEIGHT });
    });
    resized.observe(element);
    return () => {
      dark.removeEventListener("change", draw);
      resized.disconnect();
      plot.current?.destroy();
      plot.current = null;
    };
  }, [names]);

  useEffect(() => {
    plot.current?.setData(data(at, lines));
  }, [at, lines]);

  return (
    <section className="card chart">
      <h2>{title}</h2>
      <div ref={place} />
      <ul className="legend">
        {lines.map((line) => (
          <li key={line.label} className={`ink-${line.colour}`}>
            {line.label} <b>{shown(line.values.at(-1), format)}</b>
          </li>
        ))}
      </ul>
    </section>
  );
}

function shown(value: number | null | undefined, format: (value: number) => string): string {
  return value === null || value === undefined ? "–" : format(value);
}

function data(at: readonly number[], lines: readonly Line[]): uPlot.AlignedData {
  return [[...at], ...lines.map((line) => [...line.values])] as uPlot.AlignedData;
}

function time(seconds: number): string {
  return new Date(seconds * 1000).toTimeString().slice(0, 8);
}

function options(
  element: HTMLElement,
  lines: readonly Line[],
  format: (value: number) => string,
): uPlot.Options {
  const style = getComputedStyle(element);
  const colour = (name: string) => style.getPropertyValue(`--${name}`).trim();
  const axis: uPlot.Axis = {
    stroke: colour("quiet"),
    grid: { stroke: colour("line"), width: 1 },
    ticks: { show: false },
    font: "11px system-ui",
  };
  return {
    width: element.clientWidth,
    height: HEIGHT,
    legend: { show: false },
    cursor: { y: false, points: { size: 6 } },
    scales: { x: { time: true }, y: { range: (_, __, most) => [0, Math.max(most * 1.1, 1)] } },
    axes: [
      { ...axis, size: 24, space: 80, values: (_, ticks) => ticks.map(time) },
      { ...axis, size: 48, values: (_, ticks) => ticks.map(format) },
    ],
    series: [
      {},
      // The second one over the first shows both where they are equal, as both types mostly are.
      ...lines.map((line, index) => ({
        label: line.label,
        stroke: colour(line.colour),
        width: 2,
        ...(index === 1 ? { dash: [6, 6] } : {}),
        points: { show: false },
      })),
    ],
  };
}
