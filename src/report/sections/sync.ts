/** Compares the sync strategies of each recipe, machine and thread count that was run with several. */
import { barX, ruleY } from '@observablehq/plot';
import { type Column, tabulated } from '../../numbers/columns.js';
import { maximum, mean, median, minimum } from '../../numbers/statistics.js';
import { digits, percent, wholePercent } from '../../numbers/words.js';
import { distinguishing } from '../distinguishing.js';
import { type Figure, figures, type LeftOut, type Section, table, words } from '../document.js';
import { groupBy } from '../group-by.js';
import { figure, paletteOf } from '../plotting.js';
import { type Survey, threadWords } from '../settings.js';
import { type SyncGroup, type SyncRow, syncGroups } from '../sync-comparison.js';

const title = 'Sync strategies';

export function syncSection(found: Survey): Section | LeftOut {
  const groups = syncGroups(found);
  if (groups.length === 0)
    return {
      title,
      reason: 'no two runs differ in parallel.sync alone (recipe, machine and threads the same)',
    };
  const subject = distinguishing(groups, ({ recipe }) => recipe, [
    ({ machine }) => `machine ${machine}`,
    ({ backend }) => backend,
    ({ source }) => source,
  ]);
  const rows = groups.flatMap((group) => group.rows.map((row) => ({ ...row, work: subject(group) })));
  const byWork = [...groupBy(groups, subject).values()];
  return {
    title,
    blocks: [
      words(
        'Images a second, medians over seeds or repeats; the thin line is the range. The time of training runs includes evaluations, that of sweeps on pixels does not.',
      ),
      figures(byWork.map((same, index) => chart(subject(same[0]), same, index))),
      table('Sync strategies', tabulated(columns, rows)),
    ],
  };
}

const columns: readonly Column<SyncRow & { readonly work: string }>[] = [
  ['work', 'l', ({ work }) => work],
  ['threads', 'r', ({ threads }) => String(threads)],
  ['sync', 'l', ({ sync }) => sync],
  ['samples', 'r', ({ imagesPerSecond }) => String(imagesPerSecond.length)],
  ['images/s', 'r', ({ imagesPerSecond }) => digits(median(imagesPerSecond))],
  ['min–max', 'r', ({ imagesPerSecond: all }) => `${digits(minimum(all))}–${digits(maximum(all))}`],
  ['of the fastest', 'r', ({ ofFastest }) => wholePercent(ofFastest)],
  ['mean accuracy', 'r', ({ accuracies: all }) => (all.length === 0 ? '–' : percent(mean(all)))],
];

function chart(subject: string, groups: readonly SyncGroup[], index: number): Figure {
  const palette = paletteOf([
    'owner',
    'sharded',
    'average',
    ...groups.flatMap(({ rows }) => rows.map(({ sync }) => sync)),
  ]);
  const bars = [...groups]
    .sort((a, b) => a.threads - b.threads)
    .flatMap(({ rows }) =>
      rows.map(({ sync, threads, imagesPerSecond }) => ({
        sync,
        threads: threadWords(threads),
        rate: median(imagesPerSecond) / 1000,
        low: minimum(imagesPerSecond) / 1000,
        high: maximum(imagesPerSecond) / 1000,
        colour: palette.colourOf(sync),
      })),
    );
  return figure(
    { name: `sync-${index + 1}`, title: subject, caption: 'Longer is faster.' },
    {
      marginLeft: 84,
      marginTop: 8,
      marginRight: 72,
      height: 48 + bars.length * 22 + groups.length * 8,
      x: { label: 'thousand images/s', ticks: 5, grid: true },
      y: { label: null, tickSize: 0 },
      fy: { label: null, domain: [...new Set(bars.map(({ threads }) => threads))] },
      marks: [
        barX(bars, {
          x: 'rate',
          y: 'sync',
          fy: 'threads',
          fill: 'colour',
          fillOpacity: 0.85,
          sort: { y: '-x' },
        }),
        ruleY(bars, { x1: 'low', x2: 'high', y: 'sync', fy: 'threads', stroke: 'var(--ink)' }),
      ],
    },
  );
}
