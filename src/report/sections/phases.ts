/** The time of a run by phase, from result.json. */
import { dot } from '@observablehq/plot';
import { median } from '../../numbers/statistics.js';
import { digits } from '../../numbers/words.js';
import { type Figure, figures, type LeftOut, type Section, table, words } from '../document.js';
import { groupBy } from '../group-by.js';
import { figure, type Palette } from '../plotting.js';
import type { Run } from '../run.js';
import type { Setting, Survey } from '../settings.js';

const title = 'Phases';

interface Phase {
  readonly phase: string;
  readonly label: string;
  readonly medianMs: number;
}

export function phasesSection({ settings }: Survey, palette: Palette): Section | LeftOut {
  const labels = new Map<Run, string>();
  // A race has its phases once, with the last thread count of its repetitions.
  for (const { tracks, label } of settings)
    for (const { run } of tracks)
      if (run.stop !== null && run.stop.status !== 'failed') labels.set(run, label);
  const phases = [...groupBy(labels, ([, label]) => label)].flatMap(([label, runs]) =>
    phasesOf(
      label,
      runs.map(([run]) => run),
    ),
  );
  if (phases.length === 0) return { title, reason: 'they are in result.json, which no run here has' };
  return {
    title,
    blocks: [
      words(
        'Milliseconds, medians over the runs of a setting. Loading the data, compiling the kernels and starting the workers overlap, so the phases add up to more than the wall time.',
      ),
      figures([chart(phases, palette)]),
      phaseTable(phases, settings),
    ],
  };
}

function phasesOf(label: string, runs: readonly Run[]): Phase[] {
  const all = runs.flatMap(({ phases }) => Object.entries(phases ?? {}));
  return [...groupBy(all, ([phase]) => phase)].map(([phase, entries]) => ({
    phase,
    label,
    medianMs: median(entries.map(([, ms]) => ms)),
  }));
}

/** In the order of the runs' phases. */
const namesOf = (phases: readonly Phase[]) => [...new Set(phases.map(({ phase }) => phase))];

function chart(phases: readonly Phase[], palette: Palette): Figure {
  const names = namesOf(phases);
  const shown = phases.filter(({ medianMs }) => medianMs > 0);
  const dots = shown.map(({ phase, label, medianMs }) => ({
    phase,
    medianMs,
    colour: palette.colourOf(label),
  }));
  return figure(
    {
      name: 'phases',
      title: 'Time by phase',
      caption: 'Median of each setting, on a logarithmic scale.',
      legend: palette.legend(phases.map(({ label }) => label)),
    },
    {
      marginLeft: 118,
      height: 70 + 22 * names.length,
      x: {
        type: 'log',
        label: 'time (ms)',
        ticks: powersOfTen(shown.map(({ medianMs }) => medianMs)),
        grid: true,
        tickFormat: (ms: number) => String(ms),
      },
      y: { domain: names, label: null, tickSize: 0 },
      marks: [dot(dots, { x: 'medianMs', y: 'phase', fill: 'colour', r: 4, fillOpacity: 0.85 })],
    },
  );
}

function phaseTable(phases: readonly Phase[], settings: readonly Setting[]) {
  const names = namesOf(phases);
  const labels = settings
    .map(({ label }) => label)
    .filter((label) => phases.some((phase) => phase.label === label));
  const value = (label: string, phase: string) => {
    const found = phases.find((each) => each.label === label && each.phase === phase);
    return found === undefined ? '–' : digits(found.medianMs);
  };
  return table('Phases (ms)', {
    heading: ['setting', ...names],
    align: ['l', ...names.map(() => 'r' as const)],
    rows: labels.map((label) => [label, ...names.map((phase) => value(label, phase))]),
  });
}

const powersOfTen = (values: readonly number[]) =>
  [0.01, 0.1, 1, 10, 100, 1e3, 1e4, 1e5, 1e6].filter(
    (power) => values.some((value) => value >= power) && values.some((value) => value <= power),
  );
