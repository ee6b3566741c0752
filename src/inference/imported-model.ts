/** A network of another program as a file of ours: its layers, the scaling of its input, classes and their names. */
import { activations } from '../config/choices.js';
import type { Config } from '../config/schema.js';
import { classTarget } from '../data/target.js';
import { makeNormaliser, type NormaliserKind } from '../data/transforms/affine.js';
import { croppedShape } from '../data/transforms/crop-pool.js';
import { sizeOf } from '../data/transforms/transform.js';
import type { ChainLayer, NetworkChain } from '../formats/network-chain.js';
import { nameOf } from '../model/network.js';
import type { Tensor } from '../model/safetensors.js';
import { ExitCode, expectedGot, UserError } from '../user-error.js';
import { type Described, inferenceConfig, pixelFeatures } from './inference-config.js';
import { weightsMetadata } from './weights-file.js';

/** Settings from the user; null: not given. */
export interface ImportSettings {
  /** Sizes of a sample, such as [28, 28, 1]. */
  readonly shape: readonly number[] | null;
  readonly labels: readonly string[] | null;
  readonly activation: Config['model']['activation'] | null;
  /** The normalisation that the network was trained with. */
  readonly normalise: 'mnist' | 'none' | null;
  readonly crop: number;
  readonly pool: 1 | 2;
  readonly momentNormalise: boolean;
  readonly set: Config['data']['set'];
  /** Samples are real numbers, not pixels from 0 to 255. */
  readonly real: boolean;
}

export interface ImportedModel {
  readonly tensors: Map<string, Tensor>;
  readonly metadata: Record<string, string>;
  readonly notes: readonly string[];
}

/** @throws UserError if the settings do not fit the network, or something is missing. */
export function importedModel(chain: NetworkChain, settings: ImportSettings, file: string): ImportedModel {
  const { layers } = chain;
  const [first, last] = [layers[0], layers[layers.length - 1]];
  const { crop, pool, momentNormalise, set } = settings;
  const notes = [...chain.notes];
  const shape = shapeOf(chain, settings, file, notes);
  const isChanged = crop !== 0 || pool !== 1;
  if ((isChanged || momentNormalise) && (shape.length !== 3 || shape[2] !== 1))
    throw new UserError(
      `data.crop, data.pool and data.momentNormalise need grey images: --shape: ${expectedGot('ROWSxCOLUMNS', shape.join('x'))}`,
      ExitCode.usage,
    );
  const features = isChanged ? sizeOf(croppedShape(shape, settings)) : sizeOf(shape);
  if (features !== first.inputs)
    throw new UserError(
      `${file}: expected a network on the ${features} values of a sample of ${shape.join('×')}${isChanged ? ' after data.crop and data.pool' : ''}, got one on ${first.inputs}`,
    );
  const labels = labelsOf(settings, last.outputs);
  const { real } = settings;
  if (real && (isChanged || momentNormalise || settings.normalise === 'mnist'))
    throw new UserError(
      '--real: data.crop, data.pool, data.momentNormalise and data.normalise=mnist need pixels',
      ExitCode.usage,
    );
  const scaled = real
    ? realScaling(chain)
    : scaling(chain, settings, features, 255 * pool * pool, file, notes);
  const described: Described = {
    ...{ features: pixelFeatures, pool, crop, momentNormalise, set, normalise: scaled.normalise },
    hidden: layers.slice(0, -1).map(({ outputs }) => outputs),
    activation: activationOf(chain, settings, file),
    loss: 'cross-entropy',
  };
  const tensors = new Map<string, Tensor>();
  for (const [i, { inputs, outputs, weight, bias }] of [scaled.first, ...layers.slice(1)].entries()) {
    tensors.set(`${nameOf(i)}.weight`, { shape: [outputs, inputs], data: weight });
    tensors.set(`${nameOf(i)}.bias`, { shape: [outputs], data: bias });
  }
  for (const [name, tensor] of scaled.tensors) tensors.set(name, tensor);
  const facts = {
    target: classTarget(labels),
    train: { shape: [...shape], values: real ? new Float32Array() : new Uint8Array() },
  };
  return {
    tensors,
    metadata: weightsMetadata(inferenceConfig(described), facts, real ? 'real' : 'dense', null),
    notes,
  };
}

/** The sizes given, or those of the file. A grey image has its channel last here, other programs have it first. */
function shapeOf(
  chain: NetworkChain,
  { shape: given, real }: ImportSettings,
  file: string,
  notes: string[],
): readonly number[] {
  const [{ inputs }] = chain.layers;
  if (given !== null) return given;
  const named = chain.shape?.filter((size) => size !== 1) ?? [];
  if (named.length === 2) return [...named, 1];
  if (named.length < 2) {
    if (!real) notes.push(`a sample is a list of ${inputs} values; --shape ROWSxCOLUMNS makes it an image`);
    return [inputs];
  }
  throw new UserError(
    `${file}: expected samples that are lists or grey images, got the shape ${chain.shape?.join('×')}`,
  );
}

function labelsOf({ labels }: ImportSettings, classes: number): readonly string[] {
  if (labels === null) return Array.from({ length: classes }, (_, k) => String(k));
  if (labels.length === classes && new Set(labels).size === classes) return labels;
  throw new UserError(
    `--labels: ${expectedGot(`${classes} different names, as the network has outputs`, labels)}`,
    ExitCode.usage,
  );
}

function activationOf(chain: NetworkChain, { activation: given }: ImportSettings, file: string) {
  const { activation: found, layers } = chain;
  if (given !== null && found !== null && given !== found)
    throw new UserError(
      `model.activation: ${expectedGot(`${found}, as ${file} has`, given)}`,
      ExitCode.usage,
    );
  const activation = found ?? given;
  if (activation !== null) return activation;
  if (layers.length === 1) return 'relu';
  throw new UserError(
    `${file} does not say the activation between its layers: give model.activation as one of ${activations.join(', ')}`,
    ExitCode.usage,
  );
}

const noneLit = { nonZeros: new Uint32Array(), totalNonZeros: 0 };

interface Scaled {
  readonly normalise: NormaliserKind | 'standardise';
  readonly first: ChainLayer;
  readonly tensors: ReadonlyMap<string, Tensor>;
}

/** From pixels to the input of the first layer: the normalisation given, then the file's own scaling. */
function scaling(
  { layers: [first], scaling: own }: NetworkChain,
  { normalise }: ImportSettings,
  width: number,
  full: number,
  file: string,
  notes: string[],
): Scaled {
  const none = new Map<string, Tensor>();
  if (own === null) {
    if (normalise !== null) return { normalise, first, tensors: none };
    throw new UserError(
      `${file} does not say how its inputs are made of pixels: give data.normalise=none for pixels from 0 to 1, data.normalise=mnist for (x − 0.1307)/0.3081 of them, or --real for numbers that are no pixels`,
      ExitCode.usage,
    );
  }
  if (normalise === null)
    notes.push(
      'the file scales its input, which is taken as pixels from 0 to 255; data.normalise=none: from 0 to 1',
    );
  const statistics = { sums: new Float64Array(width), squares: 0, count: 1, ...noneLit };
  const given = normalise && makeNormaliser(normalise, statistics, full);
  const at = (values: ArrayLike<number>, p: number) => values[p];
  const scale = own.scale.map((value) => value * (given?.scale ?? 1));
  const shift = own.shift.map((value, p) => own.scale[p] * (given === null ? 0 : at(given.shift, p)) + value);
  for (const kind of ['none', 'mnist'] as const) {
    const constant = makeNormaliser(kind, statistics, full);
    const isSame = scale.every(
      (value, p) =>
        Math.fround(value) === Math.fround(constant.scale) && Math.fround(shift[p]) === constant.shift[p],
    );
    if (isSame) return { normalise: kind, first, tensors: none };
  }
  const largest = scale.reduce((most, value) => (Math.abs(value) > Math.abs(most) ? value : most));
  const [one, moved] = [Math.fround(largest), new Float32Array(width)];
  let layer = first;
  if (scale.some((value) => value !== scale[0])) {
    notes.push(
      'inputs have different scales: they are put into the weights of the first layer, which rounds them',
    );
    const weight = first.weight.map((value, i) => value * (scale[i % width] / one));
    layer = { ...first, weight };
  }
  for (let p = 0; p < width; p++) moved[p] = (shift[p] / scale[p]) * one;
  const values: [string, Tensor][] = [
    ['normalise.shift', { shape: [width], data: moved }],
    ['normalise.scale', { shape: [1], data: Float32Array.of(one) }],
  ];
  return { normalise: 'centre', first: layer, tensors: new Map(values) };
}

/** x · scale − shift as (x − mean) · weight, the form of real inputs. */
function realScaling({ layers: [first], scaling: own }: NetworkChain): Scaled {
  if (own === null) return { normalise: 'none', first, tensors: new Map() };
  const width = first.inputs;
  const mean = Float32Array.from(own.scale, (scale, p) => own.shift[p] / scale);
  const values: [string, Tensor][] = [
    ['normalise.mean', { shape: [width], data: mean }],
    ['normalise.weight', { shape: [width], data: Float32Array.from(own.scale) }],
  ];
  return { normalise: 'standardise', first, tensors: new Map(values) };
}
