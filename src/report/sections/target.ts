/** Time to accuracy over seeds: its distribution, and the share of seeds that reached the target. */
import { line } from '@observablehq/plot';
import { type Column, tabulated } from '../../numbers/columns.js';
import { maximum, minimum } from '../../numbers/statistics.js';
import { digits, milliseconds, percent, wholePercent } from '../../numbers/words.js';
import { type Figure, figures, type LeftOut, type Section, table, words } from '../document.js';
import { figure, type Palette, timeUnit } from '../plotting.js';
import type { Setting, Survey } from '../settings.js';
import { lastAccuracy, type Spread, spreadOf, type TargetTimes, targetTimes } from '../target-times.js';

const title = 'Time to accuracy';
/** Beyond this ratio of the longest to the shortest time, the axis is logarithmic. */
const wideRange = 12;

interface Row extends TargetTimes {
  readonly setting: Setting;
}

export function targetSection({ settings }: Survey, palette: Palette): Section | LeftOut {
  const rows = settings
    .filter(({ tracks }) => tracks[0].run.facts.stop.target !== null)
    .map((setting) => ({ setting, ...targetTimes(setting.tracks) }))
    .filter(({ n }) => n > 0);
  if (rows.length === 0) return { title, reason: 'no run has both a target (stop.target) and an end' };
  const chart = distribution(rows, palette);
  return {
    title,
    blocks: [
      words(
        'From the images in memory to the first evaluation at the target, on the resident clock. Seeds that ended below the target count in the share, not in the times; interrupted seeds count in neither.',
      ),
      ...(chart === null ? [] : [figures([chart])]),
      table('Time to accuracy by setting', tabulated(columns, rows)),
    ],
  };
}

const columns: readonly Column<Row>[] = [
  ['setting', 'l', ({ setting }) => setting.label],
  ['target', 'r', ({ setting }) => targetWords(setting)],
  ['seeds', 'r', ({ n }) => String(n)],
  ['reached', 'r', ({ timesMs, n }) => `${timesMs.length} (${wholePercent(timesMs.length / n)})`],
  ['mean', 'r', ({ timesMs }) => of(timesMs, ({ mean }) => milliseconds(mean))],
  ['SD', 'r', ({ timesMs }) => of(timesMs, ({ sd }) => (sd === null ? '–' : milliseconds(sd)))],
  ['median', 'r', ({ timesMs }) => of(timesMs, ({ median }) => milliseconds(median))],
  ['min–max', 'r', ({ timesMs }) => of(timesMs, ({ min, max }) => `${digits(min)}–${milliseconds(max)}`)],
  ['images', 'r', ({ images }) => of(images, ({ median }) => digits(median))],
  [
    'last accuracy',
    'r',
    ({ setting }) =>
      of(
        setting.tracks.flatMap((each) => lastAccuracy(each) ?? []),
        meanAndSd,
      ),
  ],
];

function of(samples: readonly number[], shown: (spread: Spread) => string): string {
  const spread = spreadOf(samples);
  return spread === null ? '–' : shown(spread);
}

const meanAndSd = ({ mean, sd }: Spread) =>
  `${percent(mean)}${sd === null ? '' : ` ± ${(100 * sd).toFixed(2)}`}`;

const targetWords = ({ tracks: [{ run }] }: Setting): string =>
  `${Number((100 * (run.facts.stop.target ?? 0)).toFixed(2))} %${run.facts.stop.on === 'test' ? '' : ' (validation)'}`;

/** Empirical distribution: the share of the seeds that had reached the target by then. */
function distribution(rows: readonly Row[], palette: Palette): Figure | null {
  const all = rows.flatMap(({ timesMs }) => timesMs);
  if (all.length === 0) return null;
  const { unit, scale } = timeUnit(maximum(all));
  const logarithmic = maximum(all) > wideRange * minimum(all);
  const [first, last] = [scale(minimum(all)) * (logarithmic ? 0.8 : 0.95), scale(maximum(all)) * 1.05];
  const steps = rows
    .filter(({ timesMs }) => timesMs.length > 0)
    .flatMap(({ setting: { label }, timesMs, n }) => {
      const colour = palette.colourOf(label);
      const rises = timesMs.map((ms, i) => ({ x: scale(ms), y: (100 * (i + 1)) / n, colour, label }));
      return [{ x: first, y: 0, colour, label }, ...rises, { ...rises[rises.length - 1], x: last }];
    });
  return figure(
    {
      name: 'time-to-accuracy',
      title: 'Share of seeds at the target by time',
      caption:
        'A curve that ends below 100 % has seeds that never reached the target. Further left is faster, steeper is steadier.',
      legend: palette.legend(rows.map(({ setting }) => setting.label)),
    },
    {
      x: {
        label: `time (${unit})`,
        type: logarithmic ? 'log' : 'linear',
        ticks: 5,
        tickFormat: tick,
      },
      y: { label: 'seeds (%)', domain: [0, 100], ticks: 5, grid: true },
      marks: [
        line(steps, { x: 'x', y: 'y', z: 'label', stroke: 'colour', strokeWidth: 1.8, curve: 'step-after' }),
      ],
    },
  );
}

const tick = (value: number) => String(Number(value.toPrecision(3)));
