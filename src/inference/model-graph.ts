/** A model as primitive operations: from the values of a sample to probabilities. */
import { namesOf } from '../data/target.js';
import type { Pipeline } from '../data/transforms/pipeline.js';
import { sizeOf } from '../data/transforms/transform.js';
import { type DirectionShape, directionShape } from '../kernels/directions/spec.js';
import { lossOf } from '../loss/loss.js';
import { shortcutName } from '../model/layers/shortcut.js';
import { denseNetwork, layerTensors, layoutNetwork } from '../model/network.js';
import type { Graph, Op } from '../model/op.js';
import { findTensor } from '../model/parameters.js';
import type { Tensor } from '../model/safetensors.js';
import { ExitCode, UserError } from '../user-error.js';
import type { SavedModel } from './saved-model.js';
import { withinChain } from './shortcut-in-chain.js';

/** @throws UserError if a tensor is missing or does not fit. */
export function graphOf(saved: SavedModel): Graph {
  const { config, pipeline, facts, target, scale, tensors, source } = saved;
  refuseWithoutOps(saved);
  const { data, model, loss } = config;
  const seesDirections = data.features.kind === 'directions';
  const shape = directionShape(data.features);
  const inputs = seesDirections ? shape.inputs : sizeOf(pipeline.output);
  const network = denseNetwork([inputs, ...model.hidden, facts.outputs]);
  const chain = layoutNetwork(network, 'matrix').flatMap((layout, index): Op[] => {
    const named = (name: string, size: number[]) =>
      findTensor(tensors, `${layout.name}.${name}`, size, source);
    const ops = layerTensors[layout.kind].describe(layout, named);
    return index + 1 === network.length ? ops : [...ops, { op: model.activation }];
  });
  const beside = [facts.outputs, inputs];
  const layers = model.shortcut
    ? withinChain(chain, findTensor(tensors, `${shortcutName}.weight`, beside, source), source)
    : chain;
  const before = seesDirections ? directionOps(pipeline, shape, tensors, source) : pipeline.describe();
  return {
    input: pipeline.input,
    values: pipeline.values,
    labels: namesOf(target),
    ops: [...before, ...layers, ...(scale?.describe() ?? [])],
    probabilities: lossOf(loss, facts.target).describe(),
  };
}

/** @throws UserError for a network whose outputs need an operation that no format has. */
function refuseWithoutOps({ target, source }: SavedModel): void {
  if (target.kind === 'value')
    throw new UserError(
      `${source}: a network of values, which no export format has but safetensors`,
      ExitCode.usage,
    );
}

/** The tensors of TransformTensors. The pipeline's own affine map does not reach the images. */
function directionOps(
  pipeline: Pipeline,
  shape: DirectionShape,
  tensors: ReadonlyMap<string, Tensor>,
  source: string,
): Op[] {
  const { features: F, components: K, grid, pool, size, aspect, allRows, sobel } = shape;
  const named = (name: string, of: number[]) => findTensor(tensors, name, of, source);
  const scale = named('features.scale', [1]);
  const mean = named('features.mean', [F]);
  const drawing = { grid, pool, size, aspect, allRows, sobel };
  const before: Op[] = [
    ...pipeline.describe().filter(({ op }) => op === 'lookup'),
    { op: 'directions', drawing },
  ];
  if (K === 0) return [...before, { op: 'affine', scale, shift: mean.map((value) => value * scale[0]) }];
  const products = (K * (K + 1)) / 2;
  // Components are of features as drawn: the products come before the features are standardised.
  const scales = new Float32Array(F + products).fill(1).fill(scale[0], 0, F);
  const shift = new Float32Array(F + products);
  mean.forEach((value, f) => {
    shift[f] = value * scale[0];
  });
  return [
    ...before,
    {
      ...{ op: 'products', components: K },
      weight: named('components.weight', [K, F]),
      bias: named('components.bias', [K]),
      mean: named('products.mean', [products]),
    },
    { op: 'affine', scale: scales, shift },
  ];
}
