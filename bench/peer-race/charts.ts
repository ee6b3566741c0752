/** The charts of the race: times to the target as bars, and accuracy against time as one line a contestant. */
import { axisX, barX, dot, gridX, lineY, link, ruleY, text } from '@observablehq/plot';
import { median } from '../../dist/numbers/statistics.js';
import { chartFile, seriesColours } from '../../dist/report/chart.js';
import type { PeersRace, Runs } from '../../scripts/performance/peers/format.ts';
import { duration } from '../../scripts/performance/peers/measures.ts';
import { bestEntrant, isBound, type Summary, summarise } from '../../scripts/performance/peers/summary.ts';
import { flagRows } from './label-rows.ts';

const [ourColour, ...peerColours] = seriesColours;
const width = 860;
/** Average width of a letter in pixels, at the font size of the charts. */
const letter = 6.6;

interface Bar {
  readonly who: string;
  readonly clock: 'resident' | 'cold';
  readonly ms: number;
  readonly label: string;
  readonly colour: string;
}

/** Null if no contestant reached the target. */
export function barChart(race: PeersRace): string | null {
  const bars = summarise(race).flatMap((summary) => [
    ...bar(summary, 'resident', summary.resident?.runs),
    ...bar(summary, 'cold', summary.cold?.runs),
  ]);
  if (bars.length === 0) return null;
  const rows = [...new Set(bars.map(({ who }) => who))].sort((a, b) => leastOf(bars, a) - leastOf(bars, b));
  const least = 10 ** Math.floor(Math.log10(Math.min(...bars.map(({ ms }) => ms))));
  const most = Math.max(...bars.map(({ ms }) => ms));
  const domain: [number, number] = [least, most * 1.05];
  return chartFile('Time to the target: shardstep and its peers', {
    width,
    height: 70 + rows.length * 46,
    marginLeft: Math.ceil(Math.max(...rows.map((who) => who.length)) * letter) + 14,
    marginRight: 130,
    marginTop: 10,
    marginBottom: 45,
    x: { type: 'log', domain, label: null },
    y: { axis: null, domain: ['resident', 'cold'], padding: 0.12 },
    fy: { domain: rows, label: null, padding: 0.18, axis: 'left' },
    marks: [
      gridX(decades(domain), { stroke: 'var(--faint)', strokeOpacity: 0.35 }),
      axisX(decades(domain), { tickFormat: (ms: number) => duration(ms), label: null }),
      barX(bars, {
        fy: 'who',
        y: 'clock',
        x1: least,
        x2: 'ms',
        fill: 'colour',
        fillOpacity: ({ clock }: Bar) => (clock === 'resident' ? 1 : 0.5),
      }),
      text(bars, {
        fy: 'who',
        y: 'clock',
        x: 'ms',
        text: 'label',
        textAnchor: 'start',
        dx: 5,
        fill: 'var(--ink)',
      }),
    ],
  });
}

function bar({ result }: Summary, clock: Bar['clock'], runs: Runs | undefined): Bar[] {
  if (runs === undefined) return [];
  const ms = median(runs.ms);
  const label = `${isBound(runs) ? '> ' : ''}${duration(ms)} ${clock}`;
  return [
    { who: result.label, clock, ms, label, colour: result.role === 'peer' ? 'var(--faint)' : ourColour },
  ];
}

const leastOf = (bars: readonly Bar[], who: string): number =>
  Math.min(...bars.filter((each) => each.who === who).map(({ ms }) => ms));

interface Line {
  readonly label: string;
  readonly isOurs: boolean;
  readonly colour: string;
  readonly points: readonly { readonly ms: number; readonly accuracy: number }[];
  readonly end: { readonly ms: number; readonly accuracy: number };
}

/** Null if no contestant has reported its curve. */
export function raceChart(race: PeersRace): string | null {
  const lines = linesOf(race);
  if (lines.length === 0) return null;
  const all = lines.flatMap(({ points }) => points);
  const times = all.map(({ ms }) => ms);
  const domain: [number, number] = [Math.min(...times) * 0.7, Math.max(...times) * 1.4];
  const margins = { marginLeft: 60, marginRight: 150 };
  const plotWidth = width - margins.marginLeft - margins.marginRight;
  const pixel = (ms: number) => (Math.log(ms / domain[0]) / Math.log(domain[1] / domain[0])) * plotWidth;
  const rows = flagRows(
    lines.map(({ label, end }) => ({ x: pixel(end.ms), width: label.length * letter + 10 })),
  );
  const [low, high] = [
    Math.min(...all.map(({ accuracy }) => accuracy)),
    Math.max(...all.map(({ accuracy }) => accuracy)),
  ];
  const floor = Math.floor(low * 50) / 50;
  const step = (high - floor) * 0.075;
  const labels = lines.map((line, i) => ({ ...line, y: high + step * (rows[i] + 1) }));
  const ceiling = high + step * (Math.max(...rows) + 1.6);
  return chartFile('Accuracy against time: shardstep and its peers', {
    width,
    height: 300 + 24 * (Math.max(...rows) + 1),
    ...margins,
    marginTop: 10,
    marginBottom: 45,
    x: { type: 'log', domain, label: null },
    y: { domain: [floor, ceiling], label: null, axis: null },
    marks: [
      gridX(decades(domain), { stroke: 'var(--faint)', strokeOpacity: 0.35 }),
      axisX(decades(domain), { tickFormat: (ms: number) => duration(ms), label: null }),
      ...percentAxis(floor, high, domain[0]),
      ruleY([race.target], { stroke: 'var(--ink)', strokeDasharray: '4 3' }),
      text([race.target], {
        x: domain[1],
        y: (value: number) => value,
        text: (value: number) => `target ${Math.round(value * 1000) / 10} %`,
        textAnchor: 'start',
        dx: 6,
        fill: 'var(--ink)',
      }),
      link(labels, {
        x1: ({ end }: Line) => end.ms,
        x2: ({ end }: Line) => end.ms,
        y1: ({ end }: Line) => end.accuracy,
        y2: 'y',
        stroke: 'colour',
        strokeOpacity: 0.6,
        strokeWidth: 1,
      }),
      ...lines.map(({ points, colour, isOurs }) =>
        lineY(points, { x: 'ms', y: 'accuracy', stroke: colour, strokeWidth: isOurs ? 3.5 : 1.8 }),
      ),
      ...lines.map(({ points, colour, isOurs }) =>
        dot(points, { x: 'ms', y: 'accuracy', fill: colour, r: isOurs ? 4 : 2.8 }),
      ),
      text(labels, {
        x: ({ end }: Line) => end.ms,
        dx: 4,
        textAnchor: 'start',
        y: 'y',
        text: 'label',
        fill: 'colour',
        fontWeight: 'bold',
      }),
    ],
  });
}

function linesOf(race: PeersRace): Line[] {
  const found = summarise(race).flatMap(({ result }) => {
    const curve = bestEntrant(result)?.curve ?? result.cold?.curve ?? [];
    const points = curve.map(([ms, accuracy]) => ({ ms, accuracy })).filter(({ ms }) => ms > 0);
    const end = points.at(-1);
    return end === undefined ? [] : [{ label: result.label, isOurs: result.role !== 'peer', points, end }];
  });
  return found
    .toSorted((a, b) => a.end.ms - b.end.ms)
    .map((line, i) => ({ ...line, colour: line.isOurs ? ourColour : peerColours[i % peerColours.length] }));
}

/** Ticks up to the accuracies only: the labels above have none. */
function percentAxis(floor: number, high: number, x: number) {
  const count = Math.floor((high - floor) * 50 + 1e-9);
  const ticks = Array.from({ length: count + 1 }, (_, i) => floor + i / 50);
  const percent = (value: number) => `${(100 * value).toFixed(0)} %`;
  return [
    ruleY(ticks, { stroke: 'var(--faint)', strokeOpacity: 0.25 }),
    text(ticks, {
      x,
      y: (value: number) => value,
      text: percent,
      textAnchor: 'end',
      dx: -6,
      fill: 'var(--ink)',
    }),
  ];
}

/** Powers of ten within the domain, with the 2s and 5s if they are few. */
function decades([from, to]: [number, number]): number[] {
  const exponents = Array.from({ length: 12 }, (_, i) => i - 3);
  const within = (values: number[]) => values.filter((value) => value >= from && value <= to);
  const tens = within(exponents.map((exponent) => 10 ** exponent));
  return tens.length >= 3
    ? tens
    : within(exponents.flatMap((exponent) => [1, 2, 5].map((digit) => digit * 10 ** exponent)));
}
