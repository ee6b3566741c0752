/** How well a model does on a data set. */
import type { Samples } from '../data/dataset.js';
import { classesOf, numbered } from '../data/memory-targets.js';
import { evaluatingRange } from '../data/odd-data.js';
import { refuseOtherData } from '../inference/same-data.js';
import type { SavedModel } from '../inference/saved-model.js';
import { lossOf } from '../loss/loss.js';
import { scoringClasses } from '../metrics/classification.js';
import { sizeOf } from '../numbers/size.js';
import { inTurns } from '../numbers/steps.js';
import { UserError } from '../user-error.js';
import { readInHost } from './host-thread.js';
import type { Model } from './model.js';
import { samplesOf } from './samples.js';
import { fileKeys, isMemory, refuseOtherMemoryKeys } from './send-data.js';
import type { Data, Evaluation, MemoryData, PredictOptions } from './types.js';

/** Samples with the number of the class of each. */
type Evaluated = Pick<Samples, 'values' | 'targets'>;

/** A data set: its test part. In memory: the test part, if there is one, else the samples themselves. */
export async function evaluate(
  model: Model,
  saved: SavedModel,
  data: Data,
  options: Pick<PredictOptions, 'threads'>,
): Promise<Evaluation> {
  return scored(model, saved, await evaluatedSamples(saved, data), options);
}

/** @throws UserError if `int8` recognises fewer of the samples, by more than `mostLost` of them. */
export async function refuseLoss(
  saved: SavedModel,
  [float32, int8]: readonly [Model, Model],
  data: Data,
  mostLost: number,
): Promise<void> {
  const samples = await evaluatedSamples(saved, data);
  const before = await scored(float32, saved, samples, {});
  const after = await scored(int8, saved, samples, {});
  if (before.accuracy - after.accuracy <= mostLost) return;
  const percent = (share: number) => `${(100 * share).toFixed(2)} %`;
  throw new UserError(
    `${saved.source}: int8 recognises ${percent(after.accuracy)} of ${before.count} samples, float32 ${percent(before.accuracy)}: ` +
      `more than ${percent(mostLost)} lost (mostLost)`,
  );
}

async function scored(
  model: Model,
  { labels, config, tensors }: SavedModel,
  { values, targets }: Evaluated,
  options: Pick<PredictOptions, 'threads'>,
): Promise<Evaluation> {
  const outputs = await model.predictMany(values, { ...options, logits: true });
  const scoring = scoringClasses(outputs, targets, labels.length, lossOf(config.loss));
  const never = new AbortController().signal;
  const scores = await inTurns(scoring, never, () => {});
  return { ...scores, warnings: await inTurns(evaluatingRange({ values }, tensors), never, () => {}) };
}

async function evaluatedSamples(saved: SavedModel, data: Data): Promise<Evaluated> {
  const { values, targets } = isMemory(data) ? await given(data, saved) : await read(data, saved);
  if (targets.length === 0) throw UserError.refusal('data', 'at least one sample to evaluate on', 'none');
  return { values, targets };
}

/** As for training: a number is the place of a class, a word its name. */
async function given(data: MemoryData, { labels, pipeline, source }: SavedModel): Promise<Evaluated> {
  refuseOtherMemoryKeys(data);
  if (data.labels && JSON.stringify(data.labels) !== JSON.stringify(labels))
    throw UserError.refusal('data.labels', `those of ${source}: ${labels.join(', ')}`, data.labels);
  const [name, part] = data.test ? ['data.test', data.test] : ['data', data];
  const values = await samplesOf(
    part.inputs,
    { shape: pipeline.input, values: pipeline.values },
    `${name}.inputs`,
  );
  const classes = classesOf([[`${name}.targets`, part.targets]], labels);
  const targets = numbered(`${name}.targets`, part.targets, classes);
  const count = values.length / sizeOf(pipeline.input);
  if (count !== targets.length)
    throw UserError.refusal(`${name}.targets`, `${count} of them, one a sample`, targets.length);
  return { values, targets };
}

async function read(data: Exclude<Data, MemoryData>, saved: SavedModel): Promise<Evaluated> {
  if ('table' in data || saved.table !== null) return readTable(data, saved);
  const dataset = await readInHost(fileKeys(data));
  refuseOtherData(saved, dataset);
  return dataset.test;
}

/** All rows of the file, unless the test rows are named. */
async function readTable(
  data: Exclude<Data, MemoryData>,
  { table: model, source }: SavedModel,
): Promise<Evaluated> {
  const keys = fileKeys(data);
  if (model === null || !('table' in data))
    throw UserError.refusal('data', `data as ${source} was trained on`, Object.keys(data));
  if (data.columns !== undefined || data.target !== undefined)
    throw UserError.refusal(
      'data',
      `table, testFile and test: ${source} has the columns and the target`,
      Object.keys(data),
    );
  const { loadTable } = await import('../tables/training/load-table.js');
  const request = { testFile: data.testFile ?? null, test: data.test ?? null, target: null, columns: {} };
  const never = new AbortController().signal;
  const reading = { note: () => {}, warn: () => {}, signal: never, model, evaluates: true };
  const { test } = await loadTable({ dir: String(keys['data.dir']), ...request }, reading);
  return test;
}
