/** Shared by the commands that take a model's file: where it is, its test images, and how well it does on them. */
import { statSync } from 'node:fs';
import path from 'node:path';
import { resolveConfig } from '../config/load.js';
import type { OwnResources } from '../coordinator/resources.js';
import type { Dataset } from '../data/dataset.js';
import { inOrderOf } from '../data/named-inputs.js';
import { evaluatedRange } from '../data/odd-data.js';
import { classesIn } from '../data/target.js';
import { openPredictor } from '../inference/average.js';
import { refuseOtherData } from '../inference/same-data.js';
import { type SavedModel, savedModel } from '../inference/saved-model.js';
import { describedSettings, digestOf, type InitialWeights, inputNamesOf } from '../inference/weights-file.js';
import { lossOf } from '../loss/loss.js';
import { countCores } from '../machine/cores.js';
import { type ClassScores, scoreClasses } from '../metrics/classification.js';
import { ExitCode, quoted, UserError } from '../user-error.js';
import type { Warn } from '../warnings.js';

/** The weights of a run folder, or the file itself. */
export function fileOf(model: string): string {
  const isFolder = statSync(model, { throwIfNoEntry: false })?.isDirectory() === true;
  return isFolder ? path.join(model, 'final.safetensors') : model;
}

/** The network says the rest. */
const dataKeys = ['data.set', 'data.dir', 'data.label', 'data.target', 'data.testFile', 'data.test'];

/**
 * The data set that the model was trained on, or the one that `words` name.
 * @throws UserError (usage) for other words, and for images of another size or of other classes.
 */
export async function testSetOf(
  weights: InitialWeights,
  words: readonly string[],
  file: string,
  resources: OwnResources,
  warn: Warn,
): Promise<Dataset> {
  refuseOtherKeys(words);
  if (weights.metadata['data.set'] === 'memory' && !words.some((word) => word.startsWith('data.set=')))
    throw new UserError(
      `${file} was trained on data in the memory of a program: name a data set after it, such as data.set=csv data.dir=FOLDER`,
      ExitCode.usage,
    );
  const overrides = [...describedSettings(weights, file), ...words];
  const { config } = await resolveConfig({ file: null, overrides });
  const read = await resources.dataset(config, undefined, { weights, source: file, evaluates: true });
  const dataset = inOrderOf(inputNamesOf(weights.metadata), read);
  const { test, testFile } = config.data;
  // Of a run with a file of test rows, metadata have one digest of both files.
  const isWhole = test === null && testFile === null && dataset.train.count === 0;
  const { name, source } = dataset;
  if (name === 'images' && isWhole && isTrainingFile(weights, dataset))
    warn(
      'evaluates-training-rows',
      `${source} is the folder that ${file} was trained on, and its training pictures count too: data.test=0.2 evaluates those that were held out, unless training had another data.test`,
    );
  if (name === 'table' && isWhole && isTrainingFile(weights, dataset))
    warn(
      'evaluates-training-rows',
      `${source} is the file that ${file} was trained on, and its training rows count too: data.test=0.2 evaluates the rows that were held out, unless training had another data.test`,
    );
  refuseOtherData(savedModel(weights, file), dataset);
  for (const { code, message } of evaluatedRange(dataset.test, weights.tensors)) warn(code, message);
  return dataset;
}

const isTrainingFile = ({ metadata }: InitialWeights, { sha256 }: Dataset): boolean =>
  metadata['dataset.sha256'] === digestOf(sha256);

function refuseOtherKeys(words: readonly string[]): void {
  for (const word of words)
    if (!dataKeys.includes(word.split('=')[0]))
      throw new UserError(
        `expected one of ${dataKeys.join(', ')} with =value after the model, got ${quoted(word)}; the model's file says the rest`,
        ExitCode.usage,
      );
}

/** Accuracy and the like on the test part. */
export async function scoresOf(
  model: SavedModel,
  dataset: Dataset,
  resources: OwnResources,
): Promise<ClassScores> {
  const outputs = await outputsOf(model, dataset, resources);
  const { target } = model.facts;
  if (target.kind === 'value')
    throw new UserError(`${model.source}: expected a network of classes, got one of values`, ExitCode.usage);
  return scoreClasses(
    outputs,
    classesIn(dataset.test.targets),
    target.classes,
    lossOf(model.config.loss, target),
  );
}

/** Of the network for the test part, f32 [count][classes]. */
export async function outputsOf(
  model: SavedModel,
  { test }: Pick<Dataset, 'test'>,
  resources: OwnResources,
): Promise<Float32Array> {
  const kernels = resources.kernels(model.config);
  if (kernels === null) throw new Error('the predictor needs kernels');
  const { physical, available } = await countCores();
  const options = { threads: physical, cores: available };
  const predictor = await openPredictor(model, model.tensors, kernels, model.source, options);
  try {
    return predictor.predict(test.values);
  } finally {
    await predictor.close();
  }
}
