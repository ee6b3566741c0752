/** Small charts as SVG, without a package: bars with whiskers, lines, dots. Text is escaped, colours are those of the page. */
import type { Figure, LegendEntry } from '../report/document.js';
import { type Html, html } from '../report/html.js';

const [width, height] = [440, 280];
const margin = { left: 56, right: 16, top: 26, bottom: 42 };
const wantedTicks = 5;

export interface Axis {
  readonly label: string;
  readonly low: number;
  readonly high: number;
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

export type Mark =
  | {
      readonly kind: 'line';
      readonly points: readonly Point[];
      readonly colour: string;
      readonly dashed?: boolean;
    }
  | {
      readonly kind: 'dots';
      readonly points: readonly Point[];
      readonly colour: string;
      readonly radius?: number;
    };

export interface ChartWords {
  readonly name: string;
  readonly title: string;
  readonly caption: string;
  readonly legend?: readonly LegendEntry[];
}

/** Round numbers within the axis. */
export function ticksOf(low: number, high: number): number[] {
  const span = high - low;
  if (!(span > 0) || !Number.isFinite(span)) return [low];
  const size = 10 ** Math.floor(Math.log10(span / wantedTicks));
  const step = size * ([1, 2, 5, 10].find((factor) => span / (size * factor) <= wantedTicks + 1) ?? 10);
  const first = Math.ceil(low / step - 1e-9);
  const count = Math.floor(high / step + 1e-9) - first + 1;
  return Array.from({ length: count }, (_, i) => (first + i) * step);
}

/** Enough digits for a tick. */
export const shortNumber = (value: number): string =>
  Math.abs(value) >= 1e6 ? value.toExponential(1).replace('e+', 'e') : String(Number(value.toPrecision(4)));

/** The axis of these numbers, with some room around them; they may be equal. */
export function axisOf(label: string, values: readonly number[]): Axis {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (low > high) [low, high] = [0, 1];
  const room = high > low ? (high - low) * 0.04 : Math.abs(low) * 0.1 || 1;
  return { label, low: low - room, high: high + room };
}

export function lineChart(words: ChartWords, x: Axis, y: Axis, marks: readonly Mark[]): Figure {
  const across = (value: number) =>
    margin.left + ((value - x.low) / (x.high - x.low)) * (width - margin.left - margin.right);
  const up = (value: number) =>
    height - margin.bottom - ((value - y.low) / (y.high - y.low)) * (height - margin.top - margin.bottom);
  const bottom = height - margin.bottom;
  const grid = [
    ...ticksOf(y.low, y.high).map(
      (
        tick,
      ) => html`<path d="M${margin.left},${at(up(tick))}H${width - margin.right}" stroke="var(--faint)" stroke-opacity="0.3"/>
<text x="${margin.left - 6}" y="${at(up(tick) + 4)}" text-anchor="end">${shortNumber(tick)}</text>`,
    ),
    ...ticksOf(x.low, x.high).map(
      (tick) => html`<path d="M${at(across(tick))},${bottom}v5" stroke="var(--ink)"/>
<text x="${at(across(tick))}" y="${bottom + 18}" text-anchor="middle">${shortNumber(tick)}</text>`,
    ),
  ];
  const drawn = marks.flatMap((mark) => drawMark(mark, ({ x, y }) => [at(across(x)), at(up(y))]));
  return figureOf(words, height, [
    ...grid,
    html`<path d="M${margin.left},${bottom}H${width - margin.right}" stroke="var(--ink)"/>`,
    html`<text x="${width - margin.right}" y="${height - 6}" text-anchor="end">${x.label}</text>`,
    html`<text x="${4}" y="${10}">${y.label}</text>`,
    ...drawn,
  ]);
}

function drawMark(mark: Mark, placed: (point: Point) => [string, string]): Html[] {
  const { colour } = mark;
  const points = mark.points.filter(({ x, y }) => Number.isFinite(x) && Number.isFinite(y));
  if (points.length === 0) return [];
  if (mark.kind === 'dots')
    return points.map((point) => {
      const [cx, cy] = placed(point);
      return html`<circle cx="${cx}" cy="${cy}" r="${mark.radius ?? 3}" fill="${colour}" fill-opacity="0.7"/>`;
    });
  const path = points.map((point, i) => `${i === 0 ? 'M' : 'L'}${placed(point).join()}`).join('');
  const dash = mark.dashed === true ? '5 4' : 'none';
  return [
    html`<path d="${path}" fill="none" stroke="${colour}" stroke-width="1.5" stroke-dasharray="${dash}"/>`,
  ];
}

export interface Bar {
  readonly label: string;
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

const [barStep, barHeight, labelWidth] = [22, 14, 150];

/** One below the other. */
export function barChart(words: ChartWords, label: string, bars: readonly Bar[]): Figure {
  const { low, high } = axisOf(label, [0, ...bars.flatMap((bar) => [bar.low, bar.high, bar.value])]);
  const across = (value: number) =>
    labelWidth + ((value - low) / (high - low)) * (width - labelWidth - margin.right);
  const bottom = margin.top + bars.length * barStep;
  const rows = bars.map((bar, place) => {
    const top = margin.top + place * barStep;
    const middle = top + barHeight / 2;
    const [from, to] = [Math.min(0, bar.value), Math.max(0, bar.value)].map(across);
    return html`<text x="${labelWidth - 8}" y="${middle + 4}" text-anchor="end">${bar.label}</text>
<rect x="${at(from)}" y="${top}" width="${at(to - from)}" height="${barHeight}" fill="var(--series-1)"/>
<path d="M${at(across(bar.low))},${middle}H${at(across(bar.high))}" stroke="var(--ink)" stroke-width="1.5"/>`;
  });
  const axis = ticksOf(low, high).map(
    (
      tick,
    ) => html`<path d="M${at(across(tick))},${margin.top - 4}V${bottom}" stroke="var(--faint)" stroke-opacity="0.3"/>
<text x="${at(across(tick))}" y="${bottom + 14}" text-anchor="middle">${shortNumber(tick)}</text>`,
  );
  const zero = html`<path d="M${at(across(0))},${margin.top - 4}V${bottom}" stroke="var(--ink)"/>`;
  const name = html`<text x="${width - margin.right}" y="${bottom + 32}" text-anchor="end">${label}</text>`;
  return figureOf(words, bottom + 40, [...axis, ...rows, zero, name]);
}

/** To a tenth of a pixel. */
const at = (value: number): string => String(Math.round(value * 10) / 10);

function figureOf(
  { name, title, caption, legend = [] }: ChartWords,
  tall: number,
  parts: readonly Html[],
): Figure {
  const { text } =
    html`<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="${title}" viewBox="0 0 ${width} ${tall}" width="${width}" height="${tall}" font-family="system-ui, sans-serif" font-size="12" fill="var(--ink)">
${parts}</svg>`;
  return { name, title, caption, legend, svg: text, width, height: tall };
}
