/**
 * Values that the user did not set are adapted to the data. A default batch above the number of samples becomes a smaller
 * one; the default recipe of a command is made for MNIST. Values that the user set are kept, and refused if they do not fit.
 */
import { evaluationsNeeded, withoutEvaluation } from '../config/contradictions.js';
import type { Config } from '../config/schema.js';
import { mostClasses } from '../kernels/directions/direction-kernels.js';
import { blockImages, imageSide } from '../kernels/directions/spec.js';
import { floorLog2, powerOfTwo } from '../numbers/elementary.js';
import { ExitCode, expectedGot, UserError } from '../user-error.js';
import type { Dataset } from './dataset.js';
import { isKnownSet } from './known-sets.js';
import { heldOut } from './split.js';
import { unfitSettings } from './unfit-settings.js';

export interface Fitting {
  /** The same object if everything fits. */
  readonly config: Config;
  /** A line for each key that was changed. */
  readonly notes: readonly string[];
}

/** The least number of steps in an epoch with an adapted batch. */
const fewestSteps = 8;
/** Of a table, or of pictures in folders. */
const fewestTableSteps = 32;

/**
 * `given`: the keys that the user set.
 * @throws UserError (usage) for a key of theirs that needs evaluations, if there is nothing to evaluate on.
 */
export function fitToData(config: Config, dataset: Dataset, given: ReadonlySet<string>): Fitting {
  const notes: string[] = [];
  const open = (key: string) => !given.has(key);
  const note = (key: string, now: unknown, before: unknown, why: string) =>
    notes.push(`${key}: ${now} instead of ${before}, which was not set: ${why}`);
  let { data, train, stop, loss } = config;

  if (dataset.validation !== null && data.validation !== 0) {
    notes.push(`data.validation: ${data.validation} is not used: the data have validation samples`);
    data = { ...data, validation: 0 };
  }
  if (
    data.validation > 0 &&
    open('data.validation') &&
    dataset.train.count > 1 &&
    heldOut(dataset, data.validation) === 0
  ) {
    note('data.validation', 1, data.validation, `it is none of ${dataset.train.count} training samples`);
    data = { ...data, validation: 1 };
  }
  const samples = dataset.train.count - heldOut(dataset, data.validation);

  for (const { key, received, instead, why, fit } of unfitSettings(data, dataset.train)) {
    const isOpen = key === 'data.features.kind' ? !givesFeatures(given) : open(key);
    if (!isOpen) continue;
    note(key, instead, received, why);
    data = fit(data);
  }

  if (dataset.target.kind === 'value') {
    const isLabels = data.task === 'labels' || dataset.target.areLabels === true;
    const fits = loss.name !== 'cross-entropy' && (!isLabels || loss.name === 'binary-cross-entropy');
    if (!fits && ![...given].some((key) => key === 'loss' || key.startsWith('loss.'))) {
      const name = isLabels ? 'binary-cross-entropy' : 'squared-error';
      note('loss.name', name, loss.name, isLabels ? 'the targets are labels' : 'the targets are values');
      loss = { name };
    }
  }

  const used = Math.min(samples, (given.has('data.take') ? data.take : null) ?? samples);
  const misfit = data.features.kind === 'directions' ? whyNoDirections(dataset, used) : null;
  if (misfit !== null && !givesFeatures(given)) {
    note('data.features.kind', 'pixels', 'directions', misfit);
    data = { ...data, features: { ...data.features, kind: 'pixels' } };
  }

  if (!isKnownSet(data.set) && stop.target !== null && open('stop.target')) {
    note('stop.target', null, stop.target, 'it is what the recipe reaches on MNIST');
    stop = { ...stop, target: null };
  }

  const evaluable = evaluableOn(dataset, data.validation);
  if (evaluable !== null && open('stop.on') && stop.on === 'test') {
    note('stop.on', evaluable, stop.on, 'there are no test samples');
    stop = { ...stop, on: evaluable };
    if (evaluable === 'train') stop = unevaluated(stop, given, note);
  }

  const { take } = data;
  const isTable = dataset.train.table !== undefined;
  if (take !== null && (isTable || take > samples) && open('data.take')) {
    note('data.take', null, take, isTable ? 'it is made for MNIST' : `there are ${samples} training samples`);
    data = { ...data, take: null };
  }
  const available = data.take ?? samples;

  // Small sets train on few samples a step: each step is one more chance to learn. With train.byTable, that was chosen.
  const isOwnSet = isTable || data.set === 'images';
  const mostBatch = isOwnSet ? Math.floor(available / fewestTableSteps) : available;
  if (train.batch > mostBatch && available > 0 && open('train.batch') && !(isTable && train.byTable)) {
    const eights = data.features.kind === 'directions';
    const batch = isOwnSet
      ? Math.min(train.batch, fittingBatch(available, 8, fewestTableSteps))
      : fittingBatch(available, eights ? 8 : 1, fewestSteps);
    note('train.batch', batch, train.batch, `a run uses ${available} training samples`);
    train = { ...train, batch };
  }

  if (take !== null && data.take === null && open('train.epochs') && train.steps === null) {
    // As many steps as the recipe takes.
    const steps = Math.ceil(take / config.train.batch) * config.train.epochs;
    const epochs = Math.ceil(steps / Math.max(1, Math.ceil(available / train.batch)));
    if (epochs > train.epochs) {
      note('train.epochs', epochs, train.epochs, `${steps} steps, as with data.take=${take}`);
      train = { ...train, epochs };
    }
  }
  return { config: notes.length === 0 ? config : { ...config, data, train, stop, loss }, notes };
}

const givesFeatures = (given: ReadonlySet<string>) =>
  [...given].some((key) => key.startsWith('data.features.'));

/** The part to evaluate on without test samples; null with some. */
function evaluableOn(dataset: Dataset, validation: number): 'validation' | 'train' | null {
  if (dataset.test.count > 0) return null;
  const held = dataset.validation?.count ?? heldOut(dataset, validation);
  return held > 0 ? 'validation' : 'train';
}

function unevaluated(
  stop: Config['stop'],
  given: ReadonlySet<string>,
  note: (key: string, now: unknown, before: unknown, why: string) => void,
): Config['stop'] {
  for (const [name, instead] of Object.entries(withoutEvaluation)) {
    const key = `stop.${name}`;
    const asked: unknown = Reflect.get(stop, name);
    if (asked === instead) continue;
    if (given.has(key))
      throw new UserError(
        `${key}: ${expectedGot(`${instead} without test and validation samples: ${evaluationsNeeded}`, asked)}`,
        ExitCode.usage,
      );
    note(key, instead, asked, 'there are no test and validation samples');
  }
  return { ...stop, ...withoutEvaluation };
}

/** The largest power of two that gives an epoch `steps` or more, but not below `least`, or all samples. */
function fittingBatch(samples: number, least: number, steps: number): number {
  const batch = powerOfTwo(floorLog2(Math.max(1, samples / steps)));
  return Math.min(samples, Math.max(least, batch));
}

/** `used`: images of a run, as far as the user set them. */
function whyNoDirections({ train, target }: Dataset, used: number): string | null {
  const [rows, columns] = train.shape;
  if (rows !== imageSide || columns !== imageSide)
    return `direction features need images of ${imageSide}×${imageSide}, these are ${rows}×${columns}`;
  if (used < blockImages)
    return `direction features are made of ${blockImages} images at a time, a run uses ${used}`;
  if (target.kind === 'value') return 'direction features are for classes, the targets are values';
  const classes = target.labels.length;
  if (classes > mostClasses)
    return `direction features are for at most ${mostClasses} classes, there are ${classes}`;
  return null;
}
