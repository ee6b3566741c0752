/**
 * A model as its file describes it: the network, the fitted transforms and the classes. The file is enough: no
 * configuration is read. See weights-file.ts for what writes it. What reads rows of a table is given, since a program that
 * loads another model should not load it.
 */
import { activations, dataSets, losses, normalisations, realNormalisations } from '../config/choices.js';
import type { Config } from '../config/schema.js';
import { classTarget, factsOf, namesOf, type Target } from '../data/target.js';
import { Pipeline } from '../data/transforms/pipeline.js';
import { blocksName } from '../data/transforms/table-rows.js';
import { TargetScale } from '../data/transforms/target-scale.js';
import { type Shape, sizeOf } from '../data/transforms/transform.js';
import { directionShape } from '../kernels/directions/spec.js';
import { storedSizes } from '../kernels/expansion.js';
import { outputsFor } from '../loss/loss.js';
import { shortcutName } from '../model/layers/shortcut.js';
import { memberPrefix } from '../model/members.js';
import { nameOf } from '../model/network.js';
import { findTensor } from '../model/parameters.js';
import type { Tensor } from '../model/safetensors.js';
import type { DataFacts } from '../plan/plan.js';
import type { TableModel, tableModelOf } from '../tables/training/table-model.js';
import { expectedGot, UserError } from '../user-error.js';
import { type Described, inferenceConfig, pixelFeatures } from './inference-config.js';
import { type InitialWeights, membersKey, requireDescription, tableKey } from './weights-file.js';

export interface SavedModel {
  readonly config: Config;
  readonly pipeline: Pipeline;
  /** Of a table's rows; null: of other samples. */
  readonly table: TableModel | null;
  /** As of the training run: packing, classes; no samples. */
  readonly facts: DataFacts;
  readonly target: Target;
  /** Of values that the network sees scaled; else null. */
  readonly scale: TargetScale | null;
  readonly tensors: ReadonlyMap<string, Tensor>;
  readonly metadata: Readonly<Record<string, string>>;
  /** Names the file in messages. */
  readonly source: string;
}

/** `tableOf`: needed for a model of a table. @throws UserError if the file describes no network, or one without sense. */
export function describedModel(
  { tensors: given, metadata }: InitialWeights,
  source: string,
  tableOf: typeof tableModelOf | null,
): SavedModel {
  requireDescription(metadata, source);
  const reader = new Reader(metadata, source);
  const input = reader.shape();
  const target = reader.target();
  // Files from before there were real inputs do not say it.
  const values = reader.word('values', ['uint8', 'float32'], 'uint8');
  const described: Described = {
    features: reader.features(),
    pool: Number(reader.word('data.pool', ['1', '2'], '1')) === 2 ? 2 : 1,
    crop: Number(reader.word('data.crop', null, '0')),
    normalise: reader.word(
      'data.normalise',
      values === 'float32' ? realNormalisations : normalisations,
      'none',
    ),
    momentNormalise: reader.word('data.momentNormalise', ['true', 'false'], 'false') === 'true',
    set: reader.word('data.set', dataSets, 'idx'),
    hidden: reader.list('model.hidden', isSize) as number[],
    activation: reader.word('model.activation', activations, 'relu'),
    shortcut: reader.word('model.shortcut', ['true', 'false'], 'false') === 'true',
    loss: reader.word('loss.name', losses, 'cross-entropy'),
    delta: reader.number('loss.delta', 1),
    members: Number(reader.word(membersKey, null, '1')),
  };
  requireMembers(described, source);
  const names = namesOf(target);
  if (new Set(names).size < names.length)
    throw new UserError(`${source}: labels: ${expectedGot('names that differ', names)}`);
  requireFinite(given, source);
  const facts = factsOf(target);
  const tensors =
    target.kind === 'class' && described.loss === 'binary-cross-entropy'
      ? withFirstOutput(given, described, source)
      : given;
  // Of two outputs, the first of them 0, the softmax is the sigmoid, and its cross entropy is the binary one.
  const isBinary = tensors !== given;
  const config = inferenceConfig(isBinary ? { ...described, loss: 'cross-entropy' } : described);
  const outputs = outputsFor(config.loss, facts);
  const pipeline = naming(source, () =>
    Pipeline.restore(config.data, input, { tensors, prefix: '', source }, values),
  );
  const features = sizeOf(pipeline.output);
  const { encoding } = pipeline;
  const json = metadata[tableKey];
  if (json !== undefined && tableOf === null)
    throw new Error('a model of a table, without what reads its rows');
  const table = json === undefined || tableOf === null ? null : tableOf(json, tensors, source);
  requireEncoder(table, pipeline, source);
  const none = { count: 0, nonZeros: 0 };
  requireLayers(described, pipeline, outputs, tensors, source);
  const scale = target.kind === 'value' ? TargetScale.restore(tensors, target.width, source) : null;
  const { scale: factor, shift } = pipeline.affine;
  const dataFacts: DataFacts = {
    ...{ features, outputs, target: facts, scale: factor, shifted: shift.some((value) => value !== 0) },
    packing:
      encoding !== null
        ? reader.word('packing', ['encoded', 'sparse'], 'encoded')
        : values === 'float32'
          ? reader.word('packing', ['real'], 'real')
          : reader.word('packing', ['sparse', 'dense', 'directions'], 'dense'),
    stored: encoding && storedSizes(encoding.blocks),
    // Only the cut into ranges follows from it, which no result depends on.
    nonZeros: new Uint32Array(features).fill(1),
    parts: { train: none, validation: none, test: none },
  };
  return { config, pipeline, table, facts: dataFacts, target, scale, tensors, metadata, source };
}

/** The encoder of words, and the blocks of the rows that it stores, are the same. @throws UserError */
function requireEncoder(table: TableModel | null, { encoding }: Pipeline, source: string): void {
  if (table === null && encoding === null) return;
  const [words, blocks] = [table?.encoder.table, encoding?.blocks];
  const isSame = words?.length === blocks?.length && words?.every((value, at) => value === blocks?.[at]);
  if (isSame !== true)
    throw new UserError(
      `${source}: table: expected the encoder of the tensors ${blocksName}, got another or none`,
    );
}

/** Refusals of a transform name keys of the file's description, and not the file. */
function naming<T>(source: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    if (!(error instanceof UserError) || error.message.includes(source)) throw error;
    throw new UserError(`${source}: ${error.message}`, undefined, { cause: error });
  }
}

/** The most inputs, outputs or classes of a network. */
const mostUnits = 2 ** 24;

const isSize = (value: unknown) =>
  Number.isInteger(value) && Number(value) >= 1 && Number(value) <= mostUnits;
const isLabel = (value: unknown) => typeof value === 'string';

class Reader {
  readonly #metadata: Readonly<Record<string, string>>;
  readonly #source: string;

  constructor(metadata: Readonly<Record<string, string>>, source: string) {
    this.#metadata = metadata;
    this.#source = source;
  }

  /** `words`: null for any integer from 0 up. `absent`: the value of files without the key. */
  word<Word extends string>(key: string, words: readonly Word[] | null, absent: Word): Word {
    const text = this.#metadata[key] ?? absent;
    const fits = words === null ? /^\d{1,6}$/.test(text) : words.some((word) => word === text);
    if (!fits)
      throw this.#refusal(key, words === null ? 'an integer from 0 up' : `one of ${words.join(', ')}`);
    return text as Word;
  }

  /** Above 0. */
  number(key: string, absent: number): number {
    const value = Number(this.#metadata[key] ?? absent);
    if (value > 0 && value < Number.POSITIVE_INFINITY) return value;
    throw this.#refusal(key, 'a number above 0');
  }

  target(): Target {
    if (this.#metadata.target === undefined) return classTarget(this.list('labels', isLabel) as string[]);
    const given: Partial<Record<string, unknown>> = Object(this.#json('target'));
    const { names } = given;
    if (!Array.isArray(names) || names.length === 0 || !names.every(isLabel))
      throw this.#refusal('target', 'the names of its values');
    return { kind: 'value', width: names.length, names };
  }

  list(key: string, isItem: (value: unknown) => boolean): unknown[] {
    const value = this.#json(key);
    if (!Array.isArray(value) || !value.every(isItem)) throw this.#refusal(key, 'a list');
    return value;
  }

  /** Of a sample, whose values are at most as many as a network can have inputs. */
  shape(): Shape {
    const shape = this.list('input', isSize) as Shape;
    if (shape.length <= 3 && sizeOf(shape) <= mostUnits) return shape;
    throw this.#refusal('input', `up to three sizes whose product is at most ${mostUnits}`);
  }

  features(): Config['data']['features'] {
    const given = this.#metadata['data.features'] === undefined ? {} : this.#json('data.features');
    const value: Record<string, unknown> = {
      ...pixelFeatures,
      ...(typeof given === 'object' ? given : null),
    };
    const choices: Record<keyof typeof pixelFeatures, readonly unknown[]> = {
      kind: ['pixels', 'directions'],
      grid: [12, 16, 20],
      pool: [4, 5],
      rows: ['pairs', 'all'],
      aspect: [true, false],
      gradient: ['central', 'sobel'],
      quadratic: [0, 8, 16, 24, 32, 40, 48],
    };
    for (const [key, of] of Object.entries(choices))
      if (!of.includes(value[key])) throw this.#refusal('data.features', `${key} as one of ${of.join(', ')}`);
    return value as typeof pixelFeatures;
  }

  #json(key: string): unknown {
    try {
      return JSON.parse(this.#metadata[key] ?? '');
    } catch {
      throw this.#refusal(key, 'JSON');
    }
  }

  #refusal(key: string, expected: string): UserError {
    return new UserError(`${this.#source}: ${key}: ${expectedGot(expected, this.#metadata[key] ?? null)}`);
  }
}

/** @throws UserError for a number of networks that no run has. */
function requireMembers({ members = 1 }: Described, source: string): void {
  if (members < 1 || members > 256)
    throw new UserError(`${source}: ${membersKey}: ${expectedGot('an integer from 1 to 256', members)}`);
}

const prefixesOf = ({ members = 1 }: Described) =>
  Array.from({ length: members }, (_, member) => memberPrefix(member));

/**
 * Of each network the last layer, and the shortcut if there is one, with a first output that is always 0.
 * @throws UserError if a tensor is missing or does not fit.
 */
function withFirstOutput(
  tensors: ReadonlyMap<string, Tensor>,
  described: Described,
  source: string,
): ReadonlyMap<string, Tensor> {
  const all = new Map(tensors);
  for (const prefix of prefixesOf(described)) {
    const layer = prefix + nameOf(described.hidden.length);
    const bias = findTensor(tensors, `${layer}.bias`, [1], source);
    for (const name of [layer, ...(described.shortcut ? [prefix + shortcutName] : [])])
      all.set(`${name}.weight`, afterZeros(tensors, `${name}.weight`, source));
    all.set(`${layer}.bias`, { shape: [2], data: Float32Array.of(0, bias[0]) });
  }
  return all;
}

/** A row of zeros, then the one row of a matrix. */
function afterZeros(tensors: ReadonlyMap<string, Tensor>, name: string, source: string): Tensor {
  const { shape = [] } = tensors.get(name) ?? {};
  const inputs = shape[1] ?? 0;
  const rows = new Float32Array(2 * inputs);
  rows.set(findTensor(tensors, name, [1, inputs], source), inputs);
  return { shape: [2, inputs], data: rows };
}

/** Before memory is planned for layers that are only said. @throws UserError if a tensor is missing or does not fit. */
function requireLayers(
  described: Described,
  { output }: Pipeline,
  classes: number,
  tensors: ReadonlyMap<string, Tensor>,
  source: string,
): void {
  const { features, hidden, shortcut } = described;
  const inputs = features.kind === 'directions' ? directionShape(features).inputs : sizeOf(output);
  const widths = [inputs, ...hidden, classes];
  for (const prefix of prefixesOf(described)) {
    for (const [index, width] of widths.slice(1).entries())
      findTensor(tensors, `${prefix}${nameOf(index)}.weight`, [width, widths[index]], source);
    if (shortcut) findTensor(tensors, `${prefix}${shortcutName}.weight`, [classes, inputs], source);
  }
}

/** @throws UserError naming the first tensor with a value that is not finite. */
function requireFinite(tensors: ReadonlyMap<string, Tensor>, source: string): void {
  for (const [name, { data }] of tensors) {
    // Three searches of the engine's own are far faster than a function for each value.
    if (
      ![Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY].some((value) => data.includes(value))
    )
      continue;
    const at = data.findIndex((value) => !Number.isFinite(value));
    if (at >= 0)
      throw new UserError(`${source}: ${name}: ${expectedGot('finite values', data[at])} at index ${at}`);
  }
}
