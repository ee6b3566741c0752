/**
 * The contents of a weights file besides its tensors: the network, every transform and the classes, without which the
 * weights are useless. Equal runs write equal files: nothing in the file depends on time, and keys are sorted.
 */
import { createHash } from 'node:crypto';
import { type PictureFit, pictureFits } from '../config/choices.js';
import type { Config } from '../config/schema.js';
import { columnsOf } from '../config/target-rules.js';
import type { Dataset } from '../data/dataset.js';
import { factsOf } from '../data/target.js';
import { transformSettings } from '../data/transforms/pipeline.js';
import { sampleKind, type ValueKind } from '../data/transforms/transform.js';
import { cannot } from '../file-failure.js';
import { readWholeFile } from '../memory/whole-file.js';
import { taskOf } from '../metrics/metric.js';
import { readSafetensors, readSafetensorsMetadata, type Tensor } from '../model/safetensors.js';
import type { SyncName } from '../plan/plan.js';
import { ExitCode, expectedGot, UserError } from '../user-error.js';
import type { Warn } from '../warnings.js';

export const formatKey = 'shardstep.format';
/** Those of one network, and of several whose outputs are averaged, which earlier programs would take for one. */
const [format, formatOfMembers] = [1, 2];

/** Of several networks. */
export const membersKey = 'model.members';

/** The encoder of a table's rows, JSON. */
export const tableKey = 'table';

/** Names of real inputs, JSON; absent: they go by position. */
const inputsKey = 'inputs';

/** Weights that a run starts from. */
export interface InitialWeights {
  readonly tensors: ReadonlyMap<string, Tensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

type Facts = Pick<Dataset, 'target' | 'inputs'> & {
  readonly train: Pick<Dataset['train'], 'shape' | 'values' | 'table'>;
};

/** Where weights come from: the same for equal runs. */
export interface Origin {
  /** Of the last evaluation; null without one. */
  readonly accuracy: number | null;
  readonly on: string;
  /** The strategy that trained them: parallel.sync, or what it was chosen to be. */
  readonly sync: SyncName;
  /** Of the data set, by file. */
  readonly sha256: Readonly<Record<string, string>>;
}

/**
 * Metadata of a weights file; values are JSON, but for words. `packing`: of the samples in the run. `origin`: null for
 * weights of another program. `table`: the encoder of rows of a table as JSON; null: other samples.
 */
export function weightsMetadata(
  config: Config,
  facts: Facts,
  packing: string,
  origin: Origin | null,
  table: string | null = null,
): Record<string, string> {
  const { members } = config.model;
  const about = {
    ...{ format: 'pt', 'data.set': config.data.set, packing },
    ...(members === 1
      ? { [formatKey]: String(format) }
      : { [formatKey]: String(formatOfMembers), [membersKey]: String(members) }),
  };
  const encoder = table === null ? {} : { [tableKey]: table };
  const metadata = {
    ...about,
    ...encoder,
    ...(origin && writtenOrigin(config, origin)),
    ...described(config, facts),
  };
  return Object.fromEntries(Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Of files of a data set: as metadata have it. */
export const digestOf = (sha256: Origin['sha256']): string =>
  createHash('sha256')
    .update(JSON.stringify(Object.entries(sha256).sort(([a], [b]) => (a < b ? -1 : 1))))
    .digest('hex');

function writtenOrigin(config: Config, { accuracy, on, sync, sha256 }: Origin): Record<string, string> {
  return {
    recipe: JSON.stringify(recipeOf(config, sync)),
    ...(accuracy === null ? {} : { accuracy: String(accuracy), 'accuracy.on': on }),
    'dataset.sha256': digestOf(sha256),
  };
}

/** What weights were trained with, but for paths, threads and logs: equal runs have equal ones. */
function recipeOf(
  { data, model, train, optimizer, schedule, loss, parallel, stop, seed }: Config,
  sync: SyncName,
): object {
  const { take, shuffle, validation, validationFrom } = data;
  const { localSteps, localAfter } = parallel;
  const apart = sync === 'local-sgd' ? { localSteps, localAfter } : {};
  const samples = { take, shuffle, validation, validationFrom };
  return { ...samples, init: model.init.kind, train, optimizer, schedule, loss, sync, ...apart, stop, seed };
}

/**
 * What a model's file says of the pictures that it takes, for settings that the user left open; and its classes, null if it has
 * none.
 */
export function picturesLike(
  metadata: InitialWeights['metadata'],
  images: Config['data']['images'],
  evaluates: boolean,
): { readonly images: Config['data']['images']; readonly labels: readonly string[] | null } {
  const set = metadata['data.set'] ?? 'images';
  if (evaluates && set !== 'images')
    throw UserError.refusal(
      'data.set',
      `${set} or the like: pictures in folders are for models that were trained on them`,
      'images',
    );
  const size = parsed(metadata['data.images.size'] ?? 'null');
  const colour = metadata['data.images.colour'];
  const labels = parsed(metadata.labels ?? 'null');
  return {
    images: {
      fit: evaluates ? fitOf(metadata) : images.fit,
      size: images.size ?? (isPair(size) ? size : null),
      colour: images.colour === 'auto' && (colour === 'grey' || colour === 'colour') ? colour : images.colour,
    },
    labels: isWords(labels) ? labels : null,
  };
}

/** Models of other samples say none: of pictures that they are asked about, the whole is taken. */
export const fitOf = (metadata: InitialWeights['metadata']): PictureFit =>
  pictureFits.find((fit) => fit === metadata['data.images.fit']) ?? 'pad';

const isPair = (value: unknown): value is [number, number] =>
  Array.isArray(value) && value.length === 2 && value.every((side) => Number.isInteger(side));

const isWords = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((word) => typeof word === 'string');

function describedPictures(
  { set, images }: Config['data'],
  shape: readonly number[],
): Record<string, string> {
  if (set !== 'images') return {};
  return {
    'data.images.size': JSON.stringify(shape.slice(0, 2)),
    'data.images.fit': images.fit,
    'data.images.colour': shape[2] === 1 ? 'grey' : 'colour',
  };
}

/** Settings in which weights and a configuration must agree. `data.scale` is a tensor of its transform. */
function described({ data, model, loss }: Config, { train, target, inputs }: Facts): Record<string, string> {
  const { features } = data;
  const values = sampleKind(train);
  return {
    'data.features': JSON.stringify(features.kind === 'pixels' ? { kind: features.kind } : features),
    ...Object.fromEntries(transformSettings(data, train)),
    ...describedPictures(data, train.shape),
    input: JSON.stringify(train.shape),
    ...describedTarget(data, loss, target, inputs !== undefined),
    ...(inputs === undefined ? {} : { [inputsKey]: JSON.stringify(inputs) }),
    'loss.name': loss.name,
    'model.activation': model.activation,
    'model.hidden': JSON.stringify(model.hidden),
    // Files without one do not name it: they are as before there were any.
    ...(model.shortcut ? { 'model.shortcut': 'true' } : {}),
    values,
  };
}

/** Of values, `target` stands for the labels of classes. */
function describedTarget(
  { target: asked, label }: Config['data'],
  loss: Config['loss'],
  target: Dataset['target'],
  hasNames: boolean,
): Record<string, string> {
  const delta: Record<string, string> = loss.name === 'huber' ? { 'loss.delta': String(loss.delta) } : {};
  if (target.kind === 'class') return { labels: JSON.stringify(target.labels), ...delta };
  const columns = columnsOf(asked ?? label);
  return {
    ...{ target: JSON.stringify(target), 'data.task': taskOf(factsOf(target), loss) },
    // A number is of one file, a name of all.
    ...(columns === null ? null : { 'data.target': JSON.stringify(hasNames ? target.names : columns) }),
    ...delta,
  };
}

/** Training may continue with another loss. Softmax regression has no activation. */
const mayDiffer = ({ model }: Config, key: string) =>
  key === 'loss.name' ||
  key === 'loss.delta' ||
  key === 'data.target' ||
  (key === 'model.activation' && model.hidden.length === 0);

/**
 * Null without a file.
 * @throws UserError (exit 1) if it cannot be read, is not a safetensors file, or has a later format.
 */
export function readInitialWeights(config: Config): InitialWeights | null {
  const { file } = config.model.init;
  if (file === null) return null;
  return readWeights(file, 'model.init.file: ');
}

/**
 * `asked`: what named the file, before messages.
 * @throws UserError (exit 1) if it cannot be read, is not a safetensors file, or has a later format.
 */
export function readWeights(file: string, asked = ''): InitialWeights {
  try {
    return parseWeights(readWholeFile(file), file);
  } catch (cause) {
    if (cause instanceof UserError) throw cause;
    throw cannot('read', file, cause, ExitCode.failure, { before: asked });
  }
}

/**
 * `file`: names the bytes in messages.
 * @throws UserError (exit 1) if they are not a safetensors file, or of a later format.
 */
export function parseWeights(bytes: Uint8Array, file: string): InitialWeights {
  const tensors = readSafetensors(bytes, file);
  const metadata = readSafetensorsMetadata(bytes, file);
  const theirs = metadata[formatKey];
  if (theirs !== undefined && !(Number(theirs) <= formatOfMembers))
    throw new UserError(`${file}: ${formatKey}: ${expectedGot(`a number up to ${formatOfMembers}`, theirs)}`);
  return { tensors, metadata };
}

/** @throws UserError if the file does not describe its network. */
export function requireDescription(metadata: InitialWeights['metadata'], file: string): void {
  if (metadata[formatKey] === undefined)
    throw new UserError(
      `${file}: expected a file that describes its network, as final.safetensors of a run does, found no ${formatKey} in its metadata`,
    );
}

/**
 * Settings, as words of a command line, of the network that a file describes; its data set is the default.
 * @throws UserError if the file describes none.
 */
export function describedSettings({ metadata }: InitialWeights, file: string): string[] {
  requireDescription(metadata, file);
  return (
    Object.entries(metadata)
      // The encoder of a table has its targets, whatever their places in another file.
      .filter(([key]) => key !== 'data.target' || metadata[tableKey] === undefined)
      // Of pictures in folders: see picturesLike.
      .filter(([key]) => /^(data|model|loss)\./.test(key) && !key.startsWith('data.images.'))
      .map(([key, value]) => `${key}=${value}`)
  );
}

/**
 * Compares the file's metadata with the run's configuration.
 * @throws UserError (usage) naming the first key that differs, with both values.
 */
export function checkInitialWeights(
  { metadata }: InitialWeights,
  config: Config,
  facts: Facts,
  warn: Warn,
  source = `model.init.file=${config.model.init.file}`,
): void {
  const members = metadata[membersKey];
  if (members !== undefined)
    throw new UserError(
      `${source}: expected the weights of one network, got an average of ${members} networks`,
      ExitCode.usage,
    );
  const settings = Object.entries(described(config, facts));
  const [isTable, wasTable] = [facts.train.table !== undefined, metadata[tableKey] !== undefined];
  if (isTable !== wasTable) {
    const expected = `${wasTable ? 'table' : 'another'}, as the weights of ${source} were trained on`;
    throw new UserError(`data.set: ${expectedGot(expected, config.data.set)}`, ExitCode.usage);
  }
  for (const [key, ours] of settings) {
    const theirs = key === 'values' ? valuesOf(metadata) : metadata[key];
    if (theirs === undefined || theirs === ours || mayDiffer(config, key)) continue;
    const [named, wanted, got] =
      key === 'data.features' ? featureThatDiffers(theirs, ours) : [key, theirs, parsed(ours)];
    throw new UserError(
      `${named}: ${expectedGot(`${wanted}, as the weights of ${source} were trained on`, got)}`,
      ExitCode.usage,
    );
  }
  const silent = settings.flatMap(([key]) =>
    metadata[key] === undefined && key !== 'values' && key !== inputsKey && !key.startsWith('data.images.')
      ? [key]
      : [],
  );
  if (metadata[formatKey] === undefined)
    warn(
      'weights-undescribed',
      `${source} does not describe its network: model.activation=${config.model.activation} and data.normalise=${config.data.normalise} are taken from the configuration`,
    );
  else if (silent.length > 0)
    warn('weights-undescribed', `${source} does not say ${silent.join(', ')}: taken from the configuration`);
}

/** The kind of the samples' values; files from before there were others have none. */
export const valuesOf = (metadata: InitialWeights['metadata']): ValueKind =>
  metadata.values === 'float32' ? 'float32' : 'uint8';

/** Names of the inputs in their order; null: they go by position. */
export function inputNamesOf(metadata: InitialWeights['metadata']): readonly string[] | null {
  const names = parsed(metadata[inputsKey] ?? 'null');
  return isWords(names) ? names : null;
}

/** Of metadata that are JSON or a word. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** The first key of direction features that differs. */
function featureThatDiffers(theirs: string, ours: string): [string, unknown, unknown] {
  const [wanted, got] = [theirs, ours].map((text) => new Map(Object.entries(parsed(text) ?? {})));
  for (const [key, value] of wanted)
    if (got.get(key) !== value) return [`data.features.${key}`, value, got.get(key) ?? null];
  return ['data.features', theirs, ours];
}
