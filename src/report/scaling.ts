/** Speed-up against threads: from sweeps, and from training runs that differ only in their threads. */

import { bootstrap, type Interval, middle } from '../numbers/bootstrap.js';
import { median } from '../numbers/statistics.js';
import type { SweepRow } from '../run/sweep-table.js';
import { distinguishing } from './distinguishing.js';
import { groupBy } from './group-by.js';
import type { Run } from './run.js';
import {
  type Coefficients,
  ceiling,
  countsNeeded,
  fitLaw,
  karpFlatt,
  type Law,
  peakThreads,
  predictSpeedup,
} from './scaling-laws.js';
import type { Recipe, Setting, Survey } from './settings.js';
import { throughput } from './target-times.js';

interface Measured {
  readonly threads: number;
  readonly oversubscribed: boolean;
  /** Milliseconds: of the whole work in a sweep, of a thousand images in training runs. */
  readonly samplesMs: readonly number[];
  readonly imagesPerSecond: number;
  readonly shares: SweepRow['shares'] | null;
}

export interface ScalingRow extends Measured {
  /** Relative to the median of one thread. */
  readonly speedup: number;
  readonly interval: Interval;
  readonly efficiency: number;
  /** Karp–Flatt; null for one thread. */
  readonly serialShare: number | null;
}

export interface FittedLaw {
  readonly law: Law;
  readonly fitted: Coefficients;
  readonly sigma: Interval;
  readonly kappa: Interval;
  /** The largest speed-up with any number of threads. */
  readonly ceiling: number;
  readonly peakThreads: number;
  readonly predictions: readonly {
    readonly threads: number;
    readonly speedup: number;
    readonly interval: Interval;
  }[];
}

export interface ScalingCurve {
  readonly recipe: Recipe;
  readonly machineLetter: string;
  readonly sync: string;
  readonly backend: string;
  readonly source: 'sweep' | 'training runs';
  readonly rows: readonly ScalingRow[];
  readonly laws: readonly FittedLaw[];
  /** Why there is no fit. */
  readonly noFit: string | null;
  readonly label: string;
}

export const predictedThreads = [4, 8, 16, 32, 64] as const;

type Source = Pick<ScalingCurve, 'recipe' | 'machineLetter' | 'sync' | 'backend' | 'source'>;

/** One for each recipe, machine, strategy and backend that was measured on one thread and on several. */
export function scalingCurves(found: Survey): ScalingCurve[] {
  const sweeps = groupBy(
    found.runs.filter(({ sweep }) => sweep.length > 0),
    (run) => JSON.stringify([found.recipeOf(run).key, found.machineOf(run).letter, run.facts]),
  );
  const trained = groupBy(found.settings, ({ recipe, machine, sync, backend }) =>
    JSON.stringify([recipe.key, machine.letter, sync, backend]),
  );
  const curves = [
    ...[...sweeps.values()].flatMap((runs) => curveOf(sourceOfSweep(runs[0], found), sweptRows(runs))),
    ...[...trained.values()].flatMap((settings) => curveOf(sourceOfRuns(settings[0]), trainedRows(settings))),
  ];
  return nameCurves(curves);
}

const sourceOfSweep = (run: Run, found: Survey): Source => ({
  recipe: found.recipeOf(run),
  machineLetter: found.machineOf(run).letter,
  sync: run.facts.parallel.sync,
  backend: run.facts.backend,
  source: 'sweep',
});

const sourceOfRuns = ({ recipe, machine, sync, backend }: Setting): Source => ({
  recipe,
  machineLetter: machine.letter,
  sync,
  backend,
  source: 'training runs',
});

/** Sweeps of the same work are merged, repeat by repeat. */
function sweptRows(runs: readonly Run[]): Measured[] {
  const rows = runs.flatMap(({ sweep }) => sweep);
  const measured = merge(rows);
  // A sweep always measures one thread; if it was not requested, the log has it only in the speed-up.
  const [known] = rows.filter(({ speedup }) => speedup !== null);
  if (measured.some(({ threads }) => threads === 1) || known === undefined) return measured;
  const baselineMs = (known.speedup ?? 1) * known.medianMs;
  const imagesPerSecond = known.imagesPerSecond / (known.speedup ?? 1);
  return [
    { threads: 1, oversubscribed: false, samplesMs: [baselineMs], imagesPerSecond, shares: null },
    ...measured,
  ];
}

function merge(rows: readonly SweepRow[]): Measured[] {
  return [...groupBy(rows, ({ threads }) => threads).values()].map((same) => ({
    threads: same[0].threads,
    oversubscribed: same[0].oversubscribed,
    samplesMs: same.flatMap(({ samplesMs }) => samplesMs),
    imagesPerSecond: median(same.map(({ imagesPerSecond }) => imagesPerSecond)),
    shares: same.length === 1 ? same[0].shares : null,
  }));
}

function trainedRows(settings: readonly Setting[]): Measured[] {
  return settings.flatMap(({ threads, tracks }) => {
    const rates = tracks.map(throughput).filter((rate) => rate !== null && rate > 0) as number[];
    if (threads === null || rates.length === 0) return [];
    return {
      threads,
      oversubscribed: tracks[0].oversubscribed,
      samplesMs: rates.map((rate) => 1e6 / rate),
      imagesPerSecond: median(rates),
      shares: null,
    };
  });
}

function curveOf(source: Source, measured: readonly Measured[]): ScalingCurve[] {
  const ordered = measured
    .filter(({ samplesMs }) => samplesMs.length > 0)
    .sort((a, b) => a.threads - b.threads);
  const [single] = ordered;
  if (ordered.length < 2 || single.threads !== 1) return [];
  const rows = ordered.map((row) => withSpeedup(row, single.samplesMs));
  return [{ ...source, rows, ...fits(ordered.filter(({ oversubscribed }) => !oversubscribed)), label: '' }];
}

function withSpeedup(row: Measured, single: readonly number[]): ScalingRow {
  const speedup = median(single) / median(row.samplesMs);
  const ratios = bootstrap([single, row.samplesMs], ([one, many]) => median(one) / median(many));
  return {
    ...row,
    speedup,
    interval: row.threads === 1 ? { low: 1, high: 1 } : middle(ratios),
    efficiency: speedup / row.threads,
    serialShare: row.threads === 1 ? null : karpFlatt({ threads: row.threads, speedup }),
  };
}

/**
 * More threads than cores measure the scheduler, not the program: only counts within the machine's cores are fitted.
 */
function fits(rows: readonly Measured[]): Pick<ScalingCurve, 'laws' | 'noFit'> {
  if (rows.length < countsNeeded) {
    const counts = rows.map(({ threads }) => threads).join(' and ');
    const noFit = `a fit needs at least ${countsNeeded} thread counts within the cores of the machine, measured were ${counts}.`;
    return { laws: [], noFit };
  }
  const pointsOf = (groups: readonly (readonly number[])[]) => {
    const single = median(groups[0]);
    return groups.map((samples, i) => ({ threads: rows[i].threads, speedup: single / median(samples) }));
  };
  const samples = rows.map(({ samplesMs }) => samplesMs);
  const points = pointsOf(samples);
  const laws = (['amdahl', 'usl'] as const).flatMap((law) => {
    const fitted = fitLaw(law, points);
    if (fitted === null) return [];
    const others = bootstrap(samples, (drawn) => fitLaw(law, pointsOf(drawn)));
    return {
      law,
      fitted,
      sigma: middle(others.map(({ sigma }) => sigma)),
      kappa: middle(others.map(({ kappa }) => kappa)),
      ceiling: ceiling(fitted),
      peakThreads: peakThreads(fitted),
      predictions: predictedThreads.map((threads) => ({
        threads,
        speedup: predictSpeedup(fitted, threads),
        interval: middle(others.map((other) => predictSpeedup(other, threads))),
      })),
    };
  });
  return { laws, noFit: null };
}

function nameCurves(curves: readonly ScalingCurve[]): ScalingCurve[] {
  const name = distinguishing(curves, ({ recipe }) => recipe.label, [
    ({ sync }) => sync,
    ({ backend }) => backend,
    ({ machineLetter }) => `machine ${machineLetter}`,
    ({ source }) => source,
  ]);
  return curves.map((curve) => ({ ...curve, label: name(curve) }));
}
