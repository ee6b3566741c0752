/** How well a model does on a data set. */
import type { CsvValues } from '../data/csv-values.js';
import type { Samples } from '../data/dataset.js';
import { classesOf, numbered } from '../data/memory-targets.js';
import { countOfValues, ownValues } from '../data/memory-values.js';
import { inOrderOf } from '../data/named-inputs.js';
import { evaluatingRange } from '../data/odd-data.js';
import { classesIn, namesOf, type Target, type TargetValues, widthOf } from '../data/target.js';
import { refuseOtherData } from '../inference/same-data.js';
import type { SavedModel } from '../inference/saved-model.js';
import { inputNamesOf, picturesLike, tableKey } from '../inference/weights-file.js';
import { lossOf } from '../loss/loss.js';
import { scoringClasses } from '../metrics/classification.js';
import { allMetrics, judgedBy, type Metrics } from '../metrics/metric.js';
import { sizeOf } from '../numbers/size.js';
import { inTurns } from '../numbers/steps.js';
import { ExitCode, UserError } from '../user-error.js';
import { readInHost } from './host-thread.js';
import type { SentPictures } from './messages.js';
import type { Model } from './model.js';
import { samplesOf } from './samples.js';
import { type FileData, fileKeys, isMemory, refuseOtherMemoryKeys } from './send-data.js';
import { isGathered } from './streams.js';
import type {
  Data,
  Evaluation,
  MemoryData,
  PairData,
  PicturesData,
  PredictOptions,
  RowData,
  SampleStream,
  Targets,
} from './types.js';

/** Samples with the number of the class of each. */
type Evaluated = Pick<Samples, 'values' | 'targets'>;

/** A data set: its test part. In memory: the test part, if there is one, else the samples themselves. */
export async function evaluate(
  model: Model,
  saved: SavedModel,
  data: Data,
  options: Pick<PredictOptions, 'threads'>,
): Promise<Evaluation> {
  classFacts(saved);
  return scored(model, saved, await evaluatedSamples(saved, data), options);
}

/** Every metric of the model's task. */
export async function metricsOn(
  model: Model,
  saved: SavedModel,
  data: Data,
  options: Pick<PredictOptions, 'threads'>,
): Promise<Metrics> {
  const { values, targets } = await evaluatedSamples(saved, data);
  const outputs = await model.predictMany(values, { ...options, logits: true });
  const { config, facts, scale } = saved;
  const inUnits = (all: Float32Array) => scale?.values(all) ?? Float64Array.from(all);
  return allMetrics(judgedBy(outputs, { targets, inUnits }, facts.target, lossOf(config.loss, facts.target)));
}

/** @throws UserError for a network of values. */
function classFacts({ facts: { target }, source }: SavedModel) {
  if (target.kind === 'class') return target;
  throw new UserError(
    `${source}: a network of values, which metrics() measures, not of classes`,
    ExitCode.usage,
  );
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
  saved: SavedModel,
  { values, targets }: Evaluated,
  options: Pick<PredictOptions, 'threads'>,
): Promise<Evaluation> {
  const { config, tensors } = saved;
  const outputs = await model.predictMany(values, { ...options, logits: true });
  const facts = classFacts(saved);
  const scoring = scoringClasses(outputs, classesIn(targets), facts.classes, lossOf(config.loss, facts));
  const never = new AbortController().signal;
  const scores = await inTurns(scoring, never, () => {});
  return { ...scores, warnings: await inTurns(evaluatingRange({ values }, tensors), never, () => {}) };
}

async function evaluatedSamples(saved: SavedModel, data: Data): Promise<Evaluated> {
  if (isGathered(data)) {
    const { gatheredFor } = await import('./given-rows.js');
    const all = await gatheredFor(saved, data as RowData | SampleStream | PairData);
    return all.rows === null ? evaluatedSamples(saved, all.data) : atLeastOne(all.rows);
  }
  return atLeastOne(isMemory(data) ? await given(data, saved) : await read(data as FileData, saved));
}

function atLeastOne({ values, targets }: Evaluated): Evaluated {
  if (targets.length === 0) throw UserError.refusal('data', 'at least one sample to evaluate on', 'none');
  return { values, targets };
}

/** As for training: a number is the place of a class, a word its name. */
async function given(data: MemoryData, { target, pipeline, source }: SavedModel): Promise<Evaluated> {
  refuseOtherMemoryKeys(data);
  const labels = namesOf(target);
  if (data.labels && JSON.stringify(data.labels) !== JSON.stringify(labels))
    throw UserError.refusal('data.labels', `those of ${source}: ${labels.join(', ')}`, data.labels);
  const [name, part] = data.test ? ['data.test', data.test] : ['data', data];
  const values = await samplesOf(
    part.inputs,
    { shape: pipeline.input, values: pipeline.values },
    `${name}.inputs`,
  );
  const targets = readTargets(`${name}.targets`, part.targets, target);
  const count = values.length / sizeOf(pipeline.input);
  if (count * widthOf(target) !== targets.length)
    throw UserError.refusal(
      `${name}.targets`,
      `${count * widthOf(target)} of them, ${target.kind === 'class' ? 'one' : widthOf(target)} a sample`,
      targets.length,
    );
  return { values, targets };
}

function readTargets(name: string, targets: Targets, target: Target): TargetValues {
  if (target.kind === 'value') {
    countOfValues(name, targets, target.width);
    return ownValues(targets);
  }
  if (targets instanceof Float32Array)
    throw UserError.refusal(name, 'classes, as the network was trained on', 'a Float32Array of values');
  return numbered(name, targets, classesOf([[name, targets]], target.labels));
}

/** As the model's file says; null for classes. */
function valuesOfCsv({ target, config, metadata }: SavedModel): CsvValues | null {
  if (target.kind === 'class') return null;
  const columns: unknown = JSON.parse(metadata['data.target'] ?? 'null');
  const task = config.loss.name === 'binary-cross-entropy' ? 'labels' : 'regression';
  return { columns: Array.isArray(columns) ? columns : null, task };
}

async function read(data: FileData, saved: SavedModel): Promise<Evaluated> {
  if ('table' in data || saved.table !== null) return readTable(data, saved);
  const keys = fileKeys(data);
  const given =
    'images' in data
      ? await readInHost(keys, null, null, picturesAsTrained(data, saved))
      : await readInHost(keys, keys['data.set'] === 'csv' ? valuesOfCsv(saved) : null);
  const dataset = inOrderOf(inputNamesOf(saved.metadata), given);
  refuseOtherData(saved, dataset);
  return dataset.test;
}

/** All pictures, unless a folder or a share says which are the test part. */
function picturesAsTrained(data: PicturesData, { metadata, source }: SavedModel): SentPictures {
  if (data.size !== undefined || data.fit !== undefined || data.colour !== undefined)
    throw UserError.refusal('data', `images and test: ${source} says the rest`, Object.keys(data));
  const open = { size: null, fit: 'crop', colour: 'auto' } as const;
  return { dir: data.images, test: data.test ?? null, ...picturesLike(metadata, open, true) };
}

/** All rows of the file, unless the test rows are named. */
async function readTable(
  data: FileData,
  { table: model, metadata, tensors, source }: SavedModel,
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
  const dataset = await readInHost(keys, null, {
    ...{ json: metadata[tableKey] ?? '', tensors, source, dir: String(keys['data.dir']) },
    ...{ testFile: data.testFile ?? null, test: data.test ?? null },
  });
  return dataset.test;
}
