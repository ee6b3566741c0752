/** Compares the sync strategies of each recipe, machine and thread count that was run with several. */
import { barX, ruleY } from '@observablehq/plot';
import { maximum, mean, median, minimum } from '../../numbers/statistics.js';
import { digits, percent, wholePercent } from '../../numbers/words.js';
import { type Figure, figures, type LeftOut, type Section, table, words } from '../document.js';
import { groupBy } from '../group-by.js';
import { figure, paletteOf } from '../plotting.js';
import { type Survey, threadWords } from '../settings.js';
import { type SyncGroup, syncGroups } from '../sync-comparison.js';

const title = 'Sync strategies';

export function syncSection(found: Survey): Section | LeftOut {
  const groups = syncGroups(found);
  if (groups.length === 0)
    return {
      title,
      reason: 'no two runs differ in parallel.sync alone (recipe, machine and threads the same)',
    };
  const subject = subjectOf(groups);
  const byWork = [...groupBy(groups, subject).values()];
  return {
    title,
    blocks: [
      words(
        'Images a second, medians over seeds or repeats; the thin line is the range. The time of training runs includes evaluations, that of sweeps on pixels does not.',
      ),
      figures(byWork.map((same, index) => chart(subject(same[0]), same, index))),
      table('Sync strategies', {
        heading: [
          'work',
          'threads',
          'sync',
          'samples',
          'images/s',
          'min–max',
          'of the fastest',
          'mean accuracy',
        ],
        align: ['l', 'r', 'l', 'r', 'r', 'r', 'r', 'r'],
        rows: groups.flatMap((group) =>
          group.rows.map((row) => [
            subject(group),
            String(row.threads),
            row.sync,
            String(row.imagesPerSecond.length),
            digits(median(row.imagesPerSecond)),
            `${digits(minimum(row.imagesPerSecond))}–${digits(maximum(row.imagesPerSecond))}`,
            wholePercent(row.ofFastest),
            row.accuracies.length === 0 ? '–' : percent(mean(row.accuracies)),
          ]),
        ),
      }),
    ],
  };
}

/** The recipe, and the facts in which the groups differ. */
function subjectOf(groups: readonly SyncGroup[]) {
  const varies = (of: (group: SyncGroup) => string) => new Set(groups.map(of)).size > 1;
  const [machines, backends, sources] = [
    varies(({ machine }) => machine),
    varies(({ backend }) => backend),
    varies(({ source }) => source),
  ];
  return ({ recipe, machine, backend, source }: SyncGroup) =>
    [
      recipe,
      ...(machines ? [`machine ${machine}`] : []),
      ...(backends ? [backend] : []),
      ...(sources ? [source] : []),
    ].join(', ');
}

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
      x: { label: 'thousand images/s', labelArrow: 'none', ticks: 5, grid: true },
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
