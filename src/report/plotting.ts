/** Shared by the charts of a report: size, colours by setting, units of time, thinning of long series. */
import type { PlotOptions } from '@observablehq/plot';
import { mean } from '../numbers/statistics.js';
import { drawChart, seriesColours } from './chart.js';
import type { Figure, LegendEntry } from './document.js';

const [chartWidth, chartHeight] = [440, 280];
const otherColour = 'var(--faint)';

export interface Palette {
  colourOf(label: string): string;
  /** The entries for those labels, in their order; labels that share the last colour are one entry. */
  legend(labels: readonly string[]): LegendEntry[];
}

/** The first labels have their own colours; all others are grey. */
export function paletteOf(labels: readonly string[]): Palette {
  const colours = new Map([...new Set(labels)].map((label, i) => [label, seriesColours[i] ?? otherColour]));
  const colourOf = (label: string) => colours.get(label) ?? otherColour;
  return {
    colourOf,
    legend(shown) {
      const distinct = [...new Set(shown)];
      const others = distinct.filter((label) => colourOf(label) === otherColour).length;
      return [
        ...distinct
          .filter((label) => colourOf(label) !== otherColour)
          .map((label) => ({ colour: colourOf(label), label })),
        ...(others === 0 ? [] : [{ colour: otherColour, label: `${others} more` }]),
      ];
    },
  };
}

export interface FigureWords {
  readonly name: string;
  readonly title: string;
  readonly caption: string;
  readonly legend?: readonly LegendEntry[];
}

export function figure({ name, title, caption, legend = [] }: FigureWords, options: PlotOptions): Figure {
  const [width, height] = [options.width ?? chartWidth, options.height ?? chartHeight];
  const svg = drawChart(title, {
    marginLeft: 48,
    marginBottom: 40,
    marginTop: 24,
    ...options,
    x: { labelArrow: 'none', ...options.x },
    y: { labelArrow: 'none', ...options.y },
    width,
    height,
  });
  return { name, title, caption, legend, svg, width, height };
}

/** Milliseconds up to some seconds, then seconds. */
export function timeUnit(longestMs: number): { unit: 'ms' | 's'; scale(ms: number): number } {
  return longestMs > 10_000 ? { unit: 's', scale: (ms) => ms / 1000 } : { unit: 'ms', scale: (ms) => ms };
}

/** At most `bins` points, each the mean of `least` neighbours or more. */
export function thinned<T>(
  points: readonly T[],
  { bins, least = 1 }: { readonly bins: number; readonly least?: number },
  keys: readonly ((point: T) => number)[],
): number[][] {
  const size = Math.max(least, Math.ceil(points.length / bins));
  return Array.from({ length: Math.floor(points.length / size) }, (_, bin) => {
    const part = points.slice(bin * size, (bin + 1) * size);
    return keys.map((key) => mean(part.map(key)));
  });
}
