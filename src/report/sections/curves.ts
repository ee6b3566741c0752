/** Accuracy and loss against time and against images. */
import { dot, line, type Markish, ruleY } from '@observablehq/plot';
import type { MetricName } from '../../config/choices.js';
import { isError } from '../../config/target-rules.js';
import { maximum, minimum, quantile } from '../../numbers/statistics.js';
import { digits } from '../../numbers/words.js';
import { type Figure, figures, type LeftOut, type Section, words } from '../document.js';
import { figure, type Palette, thinned, timeUnit } from '../plotting.js';
import type { Track } from '../run.js';
import type { Setting, Survey } from '../settings.js';
import { decidingMetric } from '../target-times.js';

const title = 'Learning curves';
const [mostPoints, batchImages] = [48, 256];

interface Point {
  readonly x: number;
  readonly y: number;
  readonly curve: string;
  readonly colour: string;
}

/** The x value of a point of a curve; null if the log lacks it. */
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
    ...metricCharts(drawn, palette, axis),
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
  // The grey curves first, so that they are under the others.
  settings
    .toReversed()
    .flatMap(({ label, tracks }, group) =>
      tracks.map((track, index) => ({ track, colour: palette.colourOf(label), curve: `${group}.${index}` })),
    );

/** The steps of a curve as at most `mostPoints` means, of `least` logged steps or more. */
function stepPoints(
  track: Track,
  axis: Axis,
  of: (step: Track['steps'][number]) => number,
  least = 1,
): [number, number][] {
  const placed = track.steps.flatMap((step) => {
    const x = axis.at(step);
    return x === null ? [] : { x, y: of(step) };
  });
  return thinned(placed, { bins: mostPoints, least }, [({ x }) => x, ({ y }) => y]).map(([x, y]) => [x, y]);
}

function accuracyChart(settings: readonly Setting[], palette: Palette, axis: Axis): Figure | null {
  const curves = everyTrack(settings, palette);
  const evaluated = curves.flatMap(({ track, curve, colour }) =>
    track.evaluations.flatMap(({ accuracy, ...point }) => {
      const x = axis.at(point);
      return x === null || accuracy === null ? [] : { x, error: 1 - accuracy, curve, colour };
    }),
  );
  if (evaluated.length === 0) return null;
  // A batch may have no error, which a logarithmic scale cannot show.
  const least = Math.max(5e-4, minimum(evaluated.map(({ error }) => error)) / 2);
  const height = (error: number) => -Math.log10(Math.max(least, error));
  const batches: Point[] = curves.flatMap(({ track, curve, colour }) =>
    stepPoints(track, axis, ({ batchAccuracy }) => 1 - (batchAccuracy ?? 0), stepsFor(track)).map(
      ([x, error]) => ({
        ...{ x, y: height(error), curve, colour },
      }),
    ),
  );
  const dots: Point[] = evaluated.map(({ error, ...point }) => ({ ...point, y: height(error) }));
  const heights = [...batches, ...dots].map(({ y }) => y);
  const targets = new Set(settings.flatMap(({ tracks }) => tracks.map(({ run }) => run.facts.stop.target)));
  const goals = targets.size === 1 ? [...targets].filter((target) => target !== null) : [];
  const marks: Markish[] = [
    ruleY(goals, {
      y: (target: number) => height(1 - target),
      stroke: 'var(--faint)',
      strokeDasharray: '4 3',
    }),
    line(batches, { x: 'x', y: 'y', z: 'curve', stroke: 'colour', strokeOpacity: 0.35, strokeWidth: 1 }),
    line(dots, { x: 'x', y: 'y', z: 'curve', stroke: 'colour', strokeWidth: 1.5 }),
    dot(dots, { x: 'x', y: 'y', fill: 'colour', r: 2.5 }),
  ];
  return figure(
    {
      name: `accuracy-${axis.name}`,
      title: `Accuracy against ${axis.name}`,
      caption: `Dots: evaluations. Faint lines: training batches, means over ${batchImages} images or more. The axis is logarithmic in the error, so that the last points are distinguishable.${goals.length > 0 ? ' Dashed: the target.' : ''}`,
      legend: palette.legend(settings.map(({ label }) => label)),
    },
    {
      x: { label: axis.label, ticks: 6 },
      y: {
        domain: [minimum(heights), maximum(heights)],
        label: 'accuracy (%)',
        ticks: accuracyTicks(heights),
        tickFormat: (y: number) => String(Number((100 - 100 * 10 ** -y).toFixed(2))),
        grid: true,
      },
      marks,
    },
  );
}

/** Of runs that another metric than the accuracy decides on, such as regressions: one chart for each metric. */
function metricCharts(settings: readonly Setting[], palette: Palette, axis: Axis): Figure[] {
  const points = everyTrack(settings, palette).flatMap(({ track, curve, colour }) =>
    track.evaluations.flatMap((point): (Point & { readonly name: MetricName })[] => {
      const { name, value } = decidingMetric(track, point);
      const x = axis.at(point);
      return x === null || value === null || name === 'accuracy'
        ? []
        : [{ name, x, y: value, curve, colour }];
    }),
  );
  return [...new Set(points.map(({ name }) => name))].map((name) => {
    const shown = points.filter((point) => point.name === name);
    return figure(
      {
        name: `${name.toLowerCase()}-${axis.name}`,
        title: `${name} against ${axis.name}`,
        caption: `Dots: evaluations, in the units of the targets; ${isError(name) ? 'lower' : 'higher'} is better.`,
        legend: palette.legend(settings.map(({ label }) => label)),
      },
      {
        x: { label: axis.label, ticks: 6 },
        y: {
          label: name,
          grid: true,
          ticks: 5,
          tickFormat: (value: number) => String(Number(value.toPrecision(3))),
        },
        marks: [
          line(shown, { x: 'x', y: 'y', z: 'curve', stroke: 'colour', strokeWidth: 1.5 }),
          dot(shown, { x: 'x', y: 'y', fill: 'colour', r: 2.5 }),
        ],
      },
    );
  });
}

/** Number of logged steps that hold `batchImages` images: an accuracy of fewer is mostly chance. */
const stepsFor = ({ run }: Track) => Math.ceil(batchImages / (run.facts.train.batch ?? batchImages));

/** Places of 50, 80, 90 … %. */
const accuracyTicks = (heights: readonly number[]) =>
  [0.9, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 0.0005]
    .map((error) => -Math.log10(error))
    .filter((height) => height >= minimum(heights) && height <= maximum(heights));

function lossChart(settings: readonly Setting[], palette: Palette, axis: Axis): Figure | null {
  const points: Point[] = everyTrack(settings, palette).flatMap(({ track, curve, colour }) =>
    stepPoints(track, axis, ({ loss }) => loss).map(([x, y]) => ({ x, y, curve, colour })),
  );
  const shown = points.filter(({ y }) => y > 0);
  if (shown.length === 0) return null;
  const losses = shown.map(({ y }) => y);
  const usual = 4 * quantile(losses, 0.95);
  const diverged = maximum(losses) > usual;
  return figure(
    {
      name: `loss-${axis.name}`,
      title: `Training loss against ${axis.name}`,
      caption: `Loss of the logged steps, at most ${mostPoints} means a curve; logarithmic. Recipes with label smoothing have a floor above zero.${diverged ? ` Losses above ${digits(usual)} are outside the chart.` : ''}`,
      legend: palette.legend(settings.map(({ label }) => label)),
    },
    {
      x: { label: axis.label, ticks: 6 },
      y: {
        type: 'log',
        domain: [minimum(losses), Math.min(usual, maximum(losses))],
        label: 'loss',
        grid: true,
        ticks: 5,
        tickFormat: (value: number) => String(Number(value.toPrecision(2))),
      },
      marks: [
        line(shown, {
          x: 'x',
          y: 'y',
          z: 'curve',
          stroke: 'colour',
          strokeOpacity: 0.7,
          strokeWidth: 1,
          clip: true,
        }),
      ],
    },
  );
}
