/**
 * Cross-validation: rows are dealt out into folds, and for each fold the recipe trains on the others. Folds are spread over the
 * threads: no result depends on the spread.
 */
import type { Config } from '../config/schema.js';
import { OwnResources } from '../coordinator/resources.js';
import { openSetup, planFor, type Setup } from '../coordinator/setup.js';
import { withTrainer } from '../coordinator/trainer.js';
import type { Dataset } from '../data/dataset.js';
import { samplesAt } from '../data/split.js';
import { factsOf, namesOf } from '../data/target.js';
import type { Judged } from '../metrics/judged.js';
import { allMetrics, type Metrics, taskOf } from '../metrics/metric.js';
import { inLanes } from '../numbers/lanes.js';
import { sameForAnyThreads } from '../plan/threads.js';
import type { CommandContext } from '../run/command-context.js';
import { type Average, trainMembers } from '../run/members.js';
import { networkOutputs } from '../run/network-outputs.js';
import { foldsOf } from '../tables/hold-out.js';
import { ExitCode, expectedGot, UserError } from '../user-error.js';

export interface Fold {
  /** From 1. */
  readonly fold: number;
  /** Rows that measure, and the rows of the others, of which the recipe holds out some for validation. */
  readonly rows: number;
  readonly trainingRows: number;
  readonly epochs: number;
  /** The step whose weights were measured. */
  readonly step: number;
  readonly metrics: Metrics;
}

export interface JudgedFold extends Fold {
  /** Places of its rows among the training rows of the data set. */
  readonly places: Uint32Array;
  readonly judged: Judged;
}

/** The fold of each training row, from 0. @throws UserError (usage) for more folds than rows. */
export function dealFolds({ train, target }: Dataset, { loss, seed }: Config, folds: number): Uint16Array {
  if (folds > train.count)
    throw new UserError(`--folds: ${expectedGot(`at most the ${train.count} rows`, folds)}`, ExitCode.usage);
  const task = taskOf(factsOf(target), loss);
  const tasks = { classification: 'classes', regression: 'values', labels: 'labels' } as const;
  const rows = Uint32Array.from({ length: train.count }, (_, place) => place);
  const schema = { task: tasks[task], names: namesOf(target) };
  return foldsOf({ schema, values: train.targets, rows }, folds, seed);
}

/**
 * `finished` gets each fold as soon as it has been measured, in any order.
 * @throws as training does.
 */
export async function crossValidate(
  setup: Setup,
  dealt: Uint16Array,
  folds: number,
  { signal, warnings: { warn } }: CommandContext,
  finished: (fold: JudgedFold) => void,
): Promise<void> {
  const { sync } = planFor(setup);
  const { count } = setup.threads;
  const lanes = Math.min(count, folds);
  // The bits of other strategies depend on the number of threads.
  const threads = sameForAnyThreads(sync) ? Math.max(1, Math.floor(count / lanes)) : 1;
  const { parallel } = setup.config;
  const config: Config = { ...setup.config, parallel: { ...parallel, threads } };
  const resources = new OwnResources(signal, () => {}, warn, true);
  try {
    await inLanes(lanes, folds, async (fold) => {
      signal.throwIfAborted();
      const dataset = datasetOf(setup.dataset, dealt, fold);
      finished(await trainFold({ ...setup, config }, dataset, resources, fold, dealt));
    });
  } finally {
    await resources.close();
  }
}

async function trainFold(
  { config, given, cores, signal, warn }: Setup,
  dataset: Dataset,
  resources: OwnResources,
  fold: number,
  dealt: Uint16Array,
): Promise<JudgedFold> {
  const setup = await openSetup({
    ...{ config, cores, signal, warn, dataset, resources, note() {} },
    ...(given === undefined ? {} : { given }),
    ...{ startsWorkers: false, sharesThread: true },
  });
  const { outcome, tensors } = await trained(setup);
  const judged = setup.data.goal.judged('test', await networkOutputs(setup, tensors, 'test'));
  return {
    fold: fold + 1,
    rows: dataset.test.count,
    trainingRows: dataset.train.count,
    epochs: outcome.epochs,
    step: outcome.weights.step,
    metrics: allMetrics(judged),
    places: placesOf(dealt, (each) => each === fold),
    judged,
  };
}

async function trained(setup: Setup): Promise<Pick<Average['members'][number], 'outcome' | 'tensors'>> {
  const { config } = setup;
  if (config.model.members > 1) {
    const { members, tensors } = await trainMembers(setup, setup.threads.count, () => ({}));
    return { outcome: members[0].outcome, tensors };
  }
  return withTrainer(setup, planFor(setup), async (trainer) => ({
    outcome: await trainer.train(config.seed, {}),
    tensors: trainer.session.parameters(),
  }));
}

const placesOf = (dealt: Uint16Array, isWanted: (fold: number) => boolean): Uint32Array =>
  Uint32Array.from(dealt.keys()).filter((place) => isWanted(dealt[place]));

/** The rows of the fold as test part, the others as training part. */
export function datasetOf(all: Dataset, dealt: Uint16Array, fold: number): Dataset {
  const part = (isWanted: (fold: number) => boolean) => samplesAt(all.train, placesOf(dealt, isWanted));
  return { ...all, train: part((each) => each !== fold), test: part((each) => each === fold) };
}

/** Of the rows of these folds together, in the order of the folds; null without any. */
export function pooled(folds: readonly JudgedFold[]): Judged | null {
  const all = folds.map(({ judged }) => judged);
  const [first] = all;
  if (first === undefined) return null;
  const { kind } = first;
  if (kind === 'class') {
    const parts = all.filter((one) => one.kind === kind);
    return {
      ...first,
      probabilities: joined(
        (length) => new Float64Array(length),
        parts.map(({ probabilities }) => probabilities),
      ),
      chosen: joined(
        (length) => new Uint32Array(length),
        parts.map(({ chosen }) => chosen),
      ),
      targets: joined(
        (length) => new Uint32Array(length),
        parts.map(({ targets }) => targets),
      ),
    };
  }
  const targets = joined(
    (length) => new Float32Array(length),
    all.flatMap((one) => (one.kind === 'class' ? [] : one.targets)),
  );
  if (kind === 'labels') {
    const outputs = all.flatMap((one) => (one.kind === kind ? one.outputs : []));
    return { ...first, targets, outputs: joined((length) => new Float32Array(length), outputs) };
  }
  const predicted = all.flatMap((one) => (one.kind === kind ? one.predicted : []));
  return { ...first, targets, predicted: joined((length) => new Float64Array(length), predicted) };
}

function joined<T extends Float32Array | Float64Array | Uint32Array>(
  make: (length: number) => T,
  parts: readonly T[],
): T {
  const all = make(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
