/** Step times: their distribution by setting, and the outliers. */
import { rectY, ruleX } from '@observablehq/plot';
import { type Column, tabulated } from '../../numbers/columns.js';
import { quantile } from '../../numbers/statistics.js';
import { digits, plural } from '../../numbers/words.js';
import { type Figure, figures, type LeftOut, type Section, table, words } from '../document.js';
import { figure, type Palette } from '../plotting.js';
import type { Setting, Survey } from '../settings.js';
import { type StepTimes, stepIntervalsMs, stepsBetween, stepTimes } from '../step-times.js';

const title = 'Step times';
const [mostCharts, bins] = [6, 30];

interface Measured {
  readonly setting: Setting;
  readonly intervalsMs: readonly number[];
  readonly times: StepTimes;
  readonly between: number;
}

export function stepsSection({ settings }: Survey, palette: Palette): Section | LeftOut {
  const measured = settings.flatMap((setting): Measured[] => {
    const intervalsMs = setting.tracks.flatMap(stepIntervalsMs);
    const times = stepTimes(intervalsMs);
    const between = stepsBetween(setting.tracks);
    return times === null || between === null ? [] : [{ setting, intervalsMs, times, between }];
  });
  if (measured.length === 0)
    return { title, reason: 'no log has two steps in a row (log.every=0, or sweeps only)' };
  const most = [...measured].sort((a, b) => b.times.n - a.times.n).slice(0, mostCharts);
  const drawn = measured.filter((each) => most.includes(each));
  const coarse = measured.some(({ between }) => between > 1);
  const others =
    measured.length > drawn.length ? ` The ${drawn.length} settings with the most are drawn.` : '';
  return {
    title,
    blocks: [
      words(
        `From the step events of the log, without intervals that contain an evaluation.${coarse ? ' If log.every is above 1, an interval is the mean of that many steps (column “steps”), in which a single slow one is diluted; log.every=1 shows every step.' : ''} Outliers lie above the third quartile by more than three interquartile ranges (Tukey 1977).${others}`,
      ),
      figures(drawn.map((each, index) => histogram(each, palette, index))),
      table('Step times (µs)', tabulated(columns, measured)),
    ],
  };
}

const columns: readonly Column<Measured>[] = [
  ['setting', 'l', ({ setting }) => setting.label],
  ['steps', 'r', ({ between }) => String(between)],
  ['intervals', 'r', ({ times }) => String(times.n)],
  ...(['median', 'p95', 'p99', 'max'] as const).map(
    (figure): Column<Measured> => [figure, 'r', ({ times }) => digits(1000 * times[figure])],
  ),
  [
    'outliers',
    'r',
    ({ times: { outliers, n } }) => `${outliers.length} (${((100 * outliers.length) / n).toFixed(1)} %)`,
  ],
];

function histogram({ setting, intervalsMs, times }: Measured, palette: Palette, index: number): Figure {
  const microseconds = intervalsMs.map((ms) => 1000 * ms);
  const edge = 1000 * Math.max(times.fence, quantile(intervalsMs, 0.9));
  const within = microseconds.filter((us) => us <= edge);
  const [low, high] = [quantile(within, 0), quantile(within, 1)];
  const width = (high - low) / bins || Math.max(high, 1) / bins;
  const counts = Array.from({ length: bins }, () => 0);
  for (const us of within) counts[Math.min(bins - 1, Math.floor((us - low) / width))]++;
  const bars = counts.map((count, i) => ({ from: low + i * width, to: low + (i + 1) * width, count }));
  const beyond = microseconds.length - within.length;
  return figure(
    {
      name: `step-times-${index + 1}`,
      title: setting.label,
      caption: `${plural(times.n, 'interval')}; the line is the median.${beyond === 0 ? '' : ` ${plural(beyond, 'longer one')}, up to ${digits(1000 * times.max)} µs, not drawn.`}`,
    },
    {
      height: 200,
      x: { label: 'time a step (µs)', ticks: 6 },
      y: { label: 'intervals', ticks: 4, grid: true },
      marks: [
        rectY(bars, {
          x1: 'from',
          x2: 'to',
          y: 'count',
          fill: palette.colourOf(setting.label),
          insetLeft: 0.5,
          insetRight: 0.5,
        }),
        ruleX([1000 * times.median], { stroke: 'var(--ink)' }),
      ],
    },
  );
}
