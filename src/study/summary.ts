/** Summarises the cells of a comparison: spreads, paired differences to the baseline, and a verdict in words. */
import { maximum, mean, median, minimum, standardDeviation } from '../numbers/statistics.js';
import type { Cell } from './cell-store.js';
import type { Comparison } from './expand.js';
import { type Interval, pairedDifference, pairedRatio } from './paired.js';

/** Difference of accuracy. `unclear`: too few pairs to decide. */
export type Finding = 'baseline' | 'helps' | 'hurts' | 'no difference' | 'diverges' | 'unclear';

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export interface VariantSummary {
  readonly label: string;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly threads: number;
  readonly steps: number;
  readonly images: number;
  /** By seed, in the order of the comparison's seeds; null: diverged. */
  readonly accuracies: readonly (number | null)[];
  /** Over the runs that did not diverge; null if none are left. */
  readonly accuracy: {
    readonly mean: number;
    readonly sd: number | null;
    readonly min: number;
    readonly max: number;
  } | null;
  readonly diverged: number;
  /** Resident clock with the last evaluation only; null if every run diverged. */
  readonly residentMs: Spread | null;
  readonly toTarget: {
    /** Runs that reached the target at some evaluation. */
    readonly reached: number;
    /** Medians over those runs; null if there are none. */
    readonly ms: number | null;
    readonly images: number | null;
  };
  /** Relative to the baseline; null for the baseline itself and if there are too few pairs. */
  readonly difference: Interval | null;
  /** Resident time over the baseline's. */
  readonly timeRatio: Interval | null;
  /** Time to the target over the baseline's, in pairs of which both reached it. */
  readonly toTargetRatio: Interval | null;
  readonly finding: Finding;
  /** Median over the runs, in images; null if it was not measured. */
  readonly noiseScale?: number | null;
  readonly verdict: string;
}

export interface ComparisonSummary {
  readonly name: string;
  readonly slug: string;
  readonly reference: string | null;
  readonly question: string | null;
  readonly base: string;
  readonly equal: 'images' | 'time';
  readonly evaluations: number | 'epoch';
  readonly baseline: string;
  readonly seeds: number;
  readonly complete: boolean;
  readonly variants: readonly VariantSummary[];
}

export interface VariantCells {
  readonly label: string;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly threads: number;
  readonly cells: readonly Cell[];
}

/** `target`: share, 0–1. An interrupted comparison is summarised as far as it got. */
export function summarise(
  comparison: Comparison,
  variants: readonly VariantCells[],
  target: number,
): ComparisonSummary {
  const { name, slug, reference, question, base, equal, evaluations, seeds, baseline } = comparison;
  const against = variants.find(({ label }) => label === baseline.label);
  return {
    ...{ name, slug, reference, question, base, equal, evaluations },
    baseline: baseline.label,
    seeds: seeds.length,
    complete: variants.every(({ cells }) => cells.length === seeds.length),
    variants: variants.map((each) => summariseVariant(each, against ?? each, seeds, target)),
  };
}

function summariseVariant(
  each: VariantCells,
  baseline: VariantCells,
  seeds: readonly number[],
  target: number,
): VariantSummary {
  const { label, settings, threads, cells } = each;
  const bySeed = new Map(cells.map((cell) => [cell.seed, cell]));
  const whole = cells.filter(({ accuracy }) => accuracy !== null);
  const accuracies = whole.map((cell) => cell.accuracy ?? Number.NaN);
  const reached = cells.flatMap((cell) => firstAt(cell, target) ?? []);
  const compared = each === baseline ? null : compare(cells, baseline.cells, target);
  const diverged = cells.length - whole.length;
  const finding = each === baseline ? 'baseline' : findingOf(compared?.difference ?? null, diverged);
  const summary = {
    ...{ label, settings, threads, diverged },
    steps: cells[0]?.steps ?? 0,
    images: cells[0]?.images ?? 0,
    accuracies: seeds.flatMap((seed) => (bySeed.has(seed) ? [bySeed.get(seed)?.accuracy ?? null] : [])),
    accuracy:
      accuracies.length === 0
        ? null
        : {
            mean: mean(accuracies),
            sd: standardDeviation(accuracies),
            min: minimum(accuracies),
            max: maximum(accuracies),
          },
    residentMs: whole.length === 0 ? null : spread(whole.map(({ residentMs }) => residentMs)),
    toTarget: {
      reached: reached.length,
      ms: reached.length === 0 ? null : median(reached.map(({ ms }) => ms)),
      images: reached.length === 0 ? null : median(reached.map(({ images }) => images)),
    },
    difference: compared?.difference ?? null,
    timeRatio: compared?.timeRatio ?? null,
    toTargetRatio: compared?.toTargetRatio ?? null,
    finding,
  } as const;
  const scales = cells.flatMap((cell) => cell.noiseScale ?? []);
  const noiseScale = scales.length === 0 ? null : median(scales);
  const measured = noiseScale === null ? '' : `; gradient noise scale ${Math.round(noiseScale)} images`;
  return { ...summary, noiseScale, verdict: `${verdictOf(summary, cells.length)}${measured}` };
}

function spread(samples: readonly number[]): Spread {
  return { median: median(samples), min: minimum(samples), max: maximum(samples) };
}

/** The first evaluation that reached the target. */
export function firstAt({ curve }: Pick<Cell, 'curve'>, target: number) {
  return curve.find(({ accuracy }) => accuracy >= target) ?? null;
}

const fewestPairs = 5;

function compare(cells: readonly Cell[], baseline: readonly Cell[], target: number) {
  const others = new Map(baseline.map((cell) => [cell.seed, cell]));
  const pairs = cells.flatMap((cell): [Cell, Cell][] => {
    const other = others.get(cell.seed);
    const whole = cell.accuracy !== null && other !== undefined && other.accuracy !== null;
    return whole ? [[cell, other]] : [];
  });
  if (pairs.length < fewestPairs) return null;
  const columns = (of: (cell: Cell) => number) =>
    [pairs.map(([cell]) => of(cell)), pairs.map(([, other]) => of(other))] as const;
  const both = pairs.flatMap(([cell, other]): [number, number][] => {
    const [left, right] = [firstAt(cell, target), firstAt(other, target)];
    return left === null || right === null ? [] : [[left.ms, right.ms]];
  });
  return {
    difference: pairedDifference(...columns(({ accuracy }) => accuracy ?? Number.NaN)),
    timeRatio: pairedRatio(...columns(({ residentMs }) => residentMs)),
    // A few lucky seeds do not represent the others.
    toTargetRatio:
      both.length >= Math.max(fewestPairs, 0.8 * pairs.length)
        ? pairedRatio(
            both.map(([left]) => left),
            both.map(([, right]) => right),
          )
        : null,
  };
}

function findingOf(difference: Interval | null, diverged: number): Finding {
  if (diverged > 0) return 'diverges';
  if (difference === null) return 'unclear';
  if (difference.low > 0) return 'helps';
  return difference.high < 0 ? 'hurts' : 'no difference';
}

type Judged = Pick<
  VariantSummary,
  'finding' | 'difference' | 'toTargetRatio' | 'timeRatio' | 'diverged' | 'toTarget'
>;

/** `hurts: −0.42 points (−0.50 to −0.34), 1.30 × the time to the target` */
function verdictOf(judged: Judged, runs: number): string {
  const { finding, difference, diverged } = judged;
  if (finding === 'baseline') return 'compared with';
  if (finding === 'diverges') return `diverges in ${diverged} of ${runs} runs`;
  if (difference === null) return `too few runs (${runs}) to say`;
  const range = `${points(difference.low)} to ${points(difference.high)}`;
  const accuracy =
    finding === 'no difference'
      ? `no difference found at n = ${runs} (${range})`
      : `${finding}: ${points(difference.estimate)} points (${range})`;
  return [accuracy, timeVerdict(judged, runs)].filter((part) => part !== null).join('; ');
}

function timeVerdict({ toTarget, toTargetRatio, timeRatio }: Judged, runs: number): string | null {
  const ratio = toTargetRatio ?? timeRatio;
  const what = toTargetRatio === null ? 'a run' : 'the target';
  const few = toTarget.reached < runs ? `target reached by ${toTarget.reached} of ${runs}` : null;
  if (ratio === null || (ratio.low <= 1 && ratio.high >= 1)) return few;
  const faster = ratio.estimate < 1;
  const factor = (faster ? 1 / ratio.estimate : ratio.estimate).toFixed(2);
  const speed = `${factor} × ${faster ? 'faster' : 'slower'} to ${toTargetRatio === null ? 'the end of ' : ''}${what}`;
  return few === null ? speed : `${speed}, ${few}`;
}

/** A share as signed percentage points. */
export function points(share: number): string {
  const text = (100 * Math.abs(share)).toFixed(2);
  if (Number(text) === 0) return '0.00';
  return `${share < 0 ? '−' : '+'}${text}`;
}
