/** Accuracy and loss against time and against images. */
import { dot, line, type Markish, ruleY } from '@observablehq/plot';
import { type Figure, figures, type LeftOut, type Section, words } from '../document.js';
import { figure, type Palette, thinned, timeUnit } from '../plotting.js';
import type { Track } from '../run.js';
import type { Setting, Survey } from '../settings.js';
import { maximum } from '../statistics.js';

const title = 'Learning curves';
const mostPoints = 48;
/** An accuracy of 1 has no place on a logarithmic scale of errors. */
const leastError = 0.05;

interface Point {
  readonly x: number;
  readonly y: number;
  readonly curve: string;
  readonly colour: string;
}

/** Where a point of a curve is on the x axis; null where the log does not tell. */
interface Axis {
  readonly name: 'time' | 'images';
  readonly label: string;
  at(point: { readonly elapsedMs: number; readonly images: number | null }): number | null;
}

export function curvesSection({ settings }: Survey, palette: Palette): Section | LeftOut {
  const drawn = settings.filter(({ tracks }) =>
    tracks.some((track) => track.steps.length + track.evaluations.length > 0),
  );
  if (drawn.length === 0)
    return { title, reason: 'no log has steps or evaluations (log.level above info, or sweeps only)' };
  const charts = axesOf(drawn).flatMap((axis) => [
    accuracyChart(drawn, palette, axis),
    lossChart(drawn, palette, axis),
  ]);
  const count = drawn.reduce((sum, { tracks }) => sum + tracks.length, 0);
  return {
    title,
    blocks: [
      words(
        `One curve for each seed of each run, ${count} in all. Time is the resident clock: it starts with the images in memory and warm workers, and evaluations are part of it.`,
      ),
      figures(charts.filter((chart) => chart !== null)),
    ],
  };
}

function axesOf(settings: readonly Setting[]): Axis[] {
  const last = settings.flatMap(({ tracks }) =>
    tracks.map(({ steps, evaluations }) => (evaluations.at(-1) ?? steps.at(-1))?.elapsedMs ?? 0),
  );
  const { unit, scale } = timeUnit(maximum(last));
  return [
    { name: 'time', label: `time (${unit})`, at: ({ elapsedMs }) => scale(elapsedMs) },
    {
      name: 'images',
      label: 'images seen (thousands)',
      at: ({ images }) => (images === null ? null : images / 1000),
    },
  ];
}

const everyTrack = (settings: readonly Setting[], palette: Palette) =>
  settings.flatMap(({ label, tracks }, group) =>
    tracks.map((track, index) => ({ track, colour: palette.colourOf(label), curve: `${group}.${index}` })),
  );

/** The steps of a curve as at most `mostPoints` means. */
function stepPoints(
  track: Track,
  axis: Axis,
  of: (step: Track['steps'][number]) => number,
): [number, number][] {
  const placed = track.steps.flatMap((step) => {
    const x = axis.at(step);
    return x === null ? [] : { x, y: of(step) };
  });
  return thinned(placed, mostPoints, [({ x }) => x, ({ y }) => y]).map(([x, y]) => [x, y]);
}

function accuracyChart(settings: readonly Setting[], palette: Palette, axis: Axis): Figure | null {
  const curves = everyTrack(settings, palette);
  const error = (accuracy: number) => Math.max(leastError, 100 - 100 * accuracy);
  const batches: Point[] = curves.flatMap(({ track, curve, colour }) =>
    stepPoints(track, axis, ({ batchAccuracy }) => batchAccuracy).map(([x, y]) => ({
      x,
      y: error(y),
      curve,
      colour,
    })),
  );
  const evaluated: Point[] = curves.flatMap(({ track, curve, colour }) =>
    track.evaluations.flatMap((point) => {
      const x = axis.at(point);
      return x === null ? [] : { x, y: error(point.accuracy), curve, colour };
    }),
  );
  if (evaluated.length === 0) return null;
  const targets = new Set(settings.flatMap(({ tracks }) => tracks.map(({ run }) => run.facts.stop.target)));
  const [target] = targets;
  const marks: Markish[] = [
    ...(targets.size === 1 && target !== null
      ? [ruleY([error(target)], { stroke: 'var(--faint)', strokeDasharray: '4 3' })]
      : []),
    line(batches, { x: 'x', y: 'y', z: 'curve', stroke: 'colour', strokeOpacity: 0.3, strokeWidth: 1 }),
    line(evaluated, { x: 'x', y: 'y', z: 'curve', stroke: 'colour', strokeWidth: 1.5 }),
    dot(evaluated, { x: 'x', y: 'y', fill: 'colour', r: 2.5 }),
  ];
  const goal = targets.size === 1 && target !== null ? ' Dashed: the target.' : '';
  return figure(
    {
      name: `accuracy-${axis.name}`,
      title: `Accuracy against ${axis.name}`,
      caption: `Dots: evaluations. Faint lines: accuracy on the training batches, means of neighbours. The axis is logarithmic in the error, so that the last points are seen.${goal}`,
      legend: palette.legend(settings.map(({ label }) => label)),
    },
    {
      x: { label: axis.label, labelArrow: 'none', ticks: 6 },
      y: {
        type: 'log',
        reverse: true,
        label: 'accuracy (%)',
        labelArrow: 'none',
        ticks: errorTicks([...batches, ...evaluated].map(({ y }) => y)),
        tickFormat: (value: number) => String(Number((100 - value).toFixed(2))),
        grid: true,
      },
      marks,
    },
  );
}

const errorTicks = (errors: readonly number[]) =>
  [90, 50, 20, 10, 5, 2, 1, 0.5, 0.2, 0.1].filter(
    (tick) => tick <= maximum(errors) && errors.some((each) => each <= tick),
  );

function lossChart(settings: readonly Setting[], palette: Palette, axis: Axis): Figure | null {
  const points: Point[] = everyTrack(settings, palette).flatMap(({ track, curve, colour }) =>
    stepPoints(track, axis, ({ loss }) => loss).map(([x, y]) => ({ x, y, curve, colour })),
  );
  const shown = points.filter(({ y }) => y > 0);
  if (shown.length === 0) return null;
  return figure(
    {
      name: `loss-${axis.name}`,
      title: `Training loss against ${axis.name}`,
      caption: `Loss of the logged steps, at most ${mostPoints} means a curve; logarithmic. Recipes with label smoothing have a floor above zero.`,
      legend: palette.legend(settings.map(({ label }) => label)),
    },
    {
      x: { label: axis.label, labelArrow: 'none', ticks: 6 },
      y: { type: 'log', label: 'loss', labelArrow: 'none', grid: true, ticks: 5, tickFormat: lossTick },
      marks: [
        line(shown, { x: 'x', y: 'y', z: 'curve', stroke: 'colour', strokeWidth: 1, strokeOpacity: 0.7 }),
      ],
    },
  );
}

const lossTick = (value: number) =>
  value >= 1e4 || value < 1e-3 ? value.toExponential(0) : String(Number(value.toPrecision(2)));
