/** The complete runs of a comparison: evaluations placed, equal times turned into steps, keys known. */
import type { Config } from '../config/schema.js';
import { median } from '../numbers/statistics.js';
import { runLength } from '../plan/run-length.js';
import type { Cell, CellStore } from './cell-store.js';
import { cellKey, type Machine } from './cells.js';
import type { Comparison, Variant } from './expand.js';
import { withEvaluations, withSteps } from './measure.js';
import type { Bench, Workbench } from './workbench.js';

export interface PreparedVariant {
  readonly variant: Variant;
  /** The configuration that runs. */
  readonly config: Config;
  readonly key: string;
  readonly threads: number;
}

/** @throws UserError for data that cannot be read or that contradict a variant. */
export async function prepareVariants(
  comparison: Comparison,
  workbench: Workbench,
  store: CellStore,
  machine: Machine,
): Promise<PreparedVariant[]> {
  const plain: PreparedVariant[] = [];
  for (const variant of comparison.variants)
    plain.push(await prepared(comparison, variant, variant.config, null, workbench, machine));
  if (comparison.equal === 'images') return plain;
  const baseline = plain.find(({ variant }) => variant === comparison.baseline) ?? plain[0];
  const equal: PreparedVariant[] = [];
  let baselineMs: number | null = null;
  for (const each of plain) {
    if (each === baseline) {
      equal.push(each);
      continue;
    }
    const pair = `${baseline.key} ${each.key}`;
    let steps = store.equalTimeSteps(pair);
    if (steps === undefined) {
      baselineMs ??= (await trainingPace(baseline, workbench)).totalMs;
      const { fixedMs, stepMs } = await trainingPace(each, workbench);
      steps = Math.max(1, Math.round((baselineMs - fixedMs) / stepMs));
      store.keepEqualTimeSteps(pair, steps);
    }
    const train = (await workbench.size(each.config)).train;
    const longer = withSteps(each.variant.config, steps, train);
    equal.push(await prepared(comparison, each.variant, longer, steps, workbench, machine));
  }
  return equal;
}

async function prepared(
  { slug, evaluations }: Comparison,
  variant: Variant,
  config: Config,
  steps: number | null,
  workbench: Workbench,
  machine: Machine,
): Promise<PreparedVariant> {
  const { train, threads } = await workbench.size(config);
  const complete = withEvaluations(config, evaluations, train);
  const key = cellKey({ comparison: slug, config: complete, threads, steps, machine });
  return { variant, config: complete, key, threads };
}

export interface Pace {
  /** Training of a whole run, without evaluations. */
  readonly totalMs: number;
  /** The share of it that does not depend on the number of steps. */
  readonly fixedMs: number;
  readonly stepMs: number;
}

const paceRuns = 3;

/** Of warm runs without evaluations: one run that is not counted, then the median of three. */
async function trainingPace({ config }: PreparedVariant, workbench: Workbench): Promise<Pace> {
  const bench = await workbench.open(config);
  try {
    const samples: Pace[] = [];
    for (let run = 0; run <= paceRuns; run++) samples.push(await pace(bench));
    const middle = (part: keyof Pace) => median(samples.slice(1).map((sample) => sample[part]));
    return { totalMs: middle('totalMs'), fixedMs: middle('fixedMs'), stepMs: middle('stepMs') };
  } finally {
    await bench.trainer.close();
  }
}

async function pace({ trainer, config }: Bench): Promise<Pace> {
  const { trainMs, featuresMs, steps } = await trainer.train(config.seed, {}, { evaluates: false });
  return { totalMs: trainMs, fixedMs: featuresMs, stepMs: (trainMs - featuresMs) / steps };
}

export function missingSeeds({ key }: PreparedVariant, { seeds }: Comparison, store: CellStore): number[] {
  return seeds.filter((seed) => store.get(key, seed) === undefined);
}

export function cellsOf({ key }: PreparedVariant, { seeds }: Comparison, store: CellStore): Cell[] {
  return seeds.flatMap((seed) => store.get(key, seed) ?? []);
}

/** Steps of a whole run. */
export async function stepsOf({ config }: PreparedVariant, workbench: Workbench): Promise<number> {
  return runLength(config, (await workbench.size(config)).train).totalSteps;
}
