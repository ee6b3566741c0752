/** Speed-up and efficiency against threads, the fitted laws of scaling, and the workers' time by phase. */
import { barY, dot, line, ruleX } from '@observablehq/plot';
import { type Column, tabulated } from '../../numbers/columns.js';
import { maximum, median, minimum } from '../../numbers/statistics.js';
import { digits, interval, milliseconds, wholePercent } from '../../numbers/words.js';
import { seriesColours } from '../chart.js';
import { type Block, type Figure, figures, type LeftOut, type Section, table, words } from '../document.js';
import { figure, type Palette, paletteOf } from '../plotting.js';
import { type ScalingCurve, type ScalingRow, scalingCurves } from '../scaling.js';
import type { Survey } from '../settings.js';
import { lawBlocks } from './scaling-laws.js';

const title = 'Scaling';
const mostCharts = 4;

export function scalingSection(found: Survey): Section | LeftOut {
  const curves = scalingCurves(found);
  if (curves.length === 0)
    return {
      title,
      reason: 'nothing was measured on one thread and on several (a sweep, or runs that differ in threads)',
    };
  const palette = paletteOf(curves.map(({ label }) => label));
  const over = curves.some(({ rows }) => rows.some(({ oversubscribed }) => oversubscribed));
  const runs = curves.some(({ source }) => source === 'training runs');
  const drawn = curves.slice(0, mostCharts);
  return {
    title,
    blocks: [
      words(
        `Speed-up is the median time of one thread over that of N; intervals are 95 % by bootstrap over the repeats. Efficiency is speed-up over N. The serial share is what the speed-up implies by Amdahl’s law (Karp and Flatt 1990).${runs ? ' For training runs, times are per image, evaluations included.' : ''}${over ? ' Hollow dots: more threads than available cores.' : ''}`,
      ),
      figures([speedupChart(curves, palette), efficiencyChart(curves, palette)]),
      rowsTable(curves),
      ...sharesBlock(drawn),
      ...lawBlocks(curves),
    ],
  };
}

const pointsOf = (curves: readonly ScalingCurve[], palette: Palette) =>
  curves.flatMap(({ label, rows }) =>
    rows.map((row) => ({
      ...row,
      ...row.interval,
      label,
      colour: palette.colourOf(label),
      efficiency: 100 * row.efficiency,
    })),
  );

/** The measured counts, without those whose labels would overlap. */
function threadTicks(points: readonly { readonly threads: number }[]): number[] {
  const counts = [...new Set(points.map(({ threads }) => threads))].sort((a, b) => a - b);
  const room = counts[counts.length - 1] / 24;
  const kept: number[] = [];
  for (const count of counts)
    if (kept.length === 0 || count - kept[kept.length - 1] >= room) kept.push(count);
  return kept;
}

function speedupChart(curves: readonly ScalingCurve[], palette: Palette): Figure {
  const points = pointsOf(curves, palette);
  const most = maximum(points.map(({ threads }) => threads));
  const highest = maximum(points.map(({ high }) => high));
  const ideal = [1, most].map((threads) => ({ threads, speedup: threads }));
  return figure(
    {
      name: 'speedup',
      title: 'Speed-up against threads',
      caption: 'Dashed: ideal. Upright lines: 95 % intervals.',
      legend: palette.legend(curves.map(({ label }) => label)),
    },
    {
      x: { label: 'threads', ticks: threadTicks(points), tickFormat: 'd' },
      y: {
        label: 'speed-up (×)',
        domain: [0, Math.max(2, Math.min(most, highest * 1.25))],
        clamp: false,
        grid: true,
        ticks: 6,
      },
      marks: [
        line(ideal, {
          x: 'threads',
          y: 'speedup',
          stroke: 'var(--faint)',
          strokeDasharray: '5 4',
          clip: true,
        }),
        ruleX(points, { x: 'threads', y1: 'low', y2: 'high', stroke: 'colour', strokeOpacity: 0.6 }),
        line(points, { x: 'threads', y: 'speedup', z: 'label', stroke: 'colour', strokeWidth: 1.5 }),
        dot(points, { x: 'threads', y: 'speedup', stroke: 'colour', fill: fillOf, r: 3.5 }),
      ],
    },
  );
}

const fillOf = ({ oversubscribed, colour }: { oversubscribed: boolean; colour: string }) =>
  oversubscribed ? 'var(--paper)' : colour;

function efficiencyChart(curves: readonly ScalingCurve[], palette: Palette): Figure {
  const points = pointsOf(curves, palette);
  const most = maximum(points.map(({ threads }) => threads));
  return figure(
    {
      name: 'efficiency',
      title: 'Efficiency against threads',
      caption: 'Dashed: ideal, every thread is fully used.',
      legend: palette.legend(curves.map(({ label }) => label)),
    },
    {
      x: { label: 'threads', ticks: threadTicks(points), tickFormat: 'd' },
      y: {
        label: 'efficiency (%)',
        domain: [0, Math.max(105, maximum(points.map(({ efficiency }) => efficiency)) * 1.05)],
        grid: true,
        ticks: 5,
      },
      marks: [
        line([1, most], {
          x: (threads: number) => threads,
          y: () => 100,
          stroke: 'var(--faint)',
          strokeDasharray: '5 4',
        }),
        line(points, { x: 'threads', y: 'efficiency', z: 'label', stroke: 'colour', strokeWidth: 1.5 }),
        dot(points, { x: 'threads', y: 'efficiency', stroke: 'colour', fill: fillOf, r: 3.5 }),
      ],
    },
  );
}

function rowsTable(curves: readonly ScalingCurve[]): Block {
  const rows = curves.flatMap((curve) => curve.rows.map((row) => ({ ...row, curve })));
  return table('Speed-up by threads', tabulated(columns, rows));
}

const columns: readonly Column<ScalingRow & { readonly curve: ScalingCurve }>[] = [
  ['work', 'l', ({ curve }) => curve.label],
  ['threads', 'r', ({ threads }) => String(threads)],
  ['samples', 'r', ({ samplesMs }) => String(samplesMs.length)],
  [
    'median',
    'r',
    ({ samplesMs, curve }) => milliseconds(median(samplesMs)) + (curve.source === 'sweep' ? '' : ' / 1,000'),
  ],
  ['min–max', 'r', ({ samplesMs: ms }) => `${digits(minimum(ms))}–${milliseconds(maximum(ms))}`],
  ['images/s', 'r', ({ imagesPerSecond }) => digits(imagesPerSecond)],
  ['speed-up', 'r', ({ speedup }) => `${speedup.toFixed(2)} ×`],
  ['95 %', 'r', (row) => (row.threads === 1 ? '' : interval(row.interval, (value) => value.toFixed(2)))],
  ['efficiency', 'r', ({ efficiency }) => wholePercent(efficiency)],
  ['serial share', 'r', ({ serialShare }) => shareWords(serialShare)],
  ['note', 'l', ({ oversubscribed }) => (oversubscribed ? 'more threads than cores' : '')],
];

/** Above 1 the law has no solution: more threads took longer than one. */
function shareWords(share: number | null): string {
  if (share === null) return '';
  return share > 1 ? 'slower' : wholePercent(Math.max(0, share));
}

/** Compute, synchronisation, update: each from one sweep, because shares of several are not samples of one quantity. */
function sharesBlock(curves: readonly ScalingCurve[]): Block[] {
  const known = curves.filter(({ rows }) => rows.some(({ shares }) => shares !== null));
  if (known.length === 0) return [];
  const kinds = [
    { kind: 'compute', colour: seriesColours[0] },
    { kind: 'synchronisation', colour: seriesColours[1] },
    { kind: 'update', colour: seriesColours[2] },
  ] as const;
  const charts = known.map(({ label, rows }, index) => {
    const bars = rows.flatMap(({ threads, shares }) =>
      shares === null
        ? []
        : kinds.map(({ kind, colour }) => ({ threads, share: 100 * shares[kind], colour })),
    );
    return figure(
      {
        name: `shares-${index + 1}`,
        title: `Where the workers’ time goes: ${label}`,
        caption: 'Of the wall time of the steps.',
        legend: kinds.map(({ kind, colour }) => ({ label: kind, colour })),
      },
      {
        height: 220,
        x: { label: 'threads', type: 'band', tickFormat: 'd' },
        y: { label: 'share (%)', ticks: 5 },
        marks: [barY(bars, { x: 'threads', y: 'share', fill: 'colour', fillOpacity: 0.85 })],
      },
    );
  });
  return [figures(charts)];
}
