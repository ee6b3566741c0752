/**
 * The tensors of a model of ours from an ONNX file that this program wrote: what no chain of layers says, such as
 * redrawing images, is in the file's metadata. The caller verifies the result: written again, it must be the same file.
 */
import type { Tensor } from '../../model/safetensors.js';
import type { OnnxModel, OnnxTensor } from './decode.js';
import { Element } from './schema.js';

/** By the names of a weights file; null if the file lacks some, or the model is one that this does not restore. */
export function ownTensors({ nodes, constants, metadata }: OnnxModel): Map<string, Tensor> | null {
  const tensors = new Map<string, Tensor>();
  const layers = nodes.filter(({ type, inputs }) => type === 'Gemm' && inputs[1]?.startsWith('layer_'));
  let number = 0;
  for (const { inputs } of layers) {
    const [weight, bias] = inputs.slice(1).map((name) => constants.get(name));
    if (weight === undefined || bias === undefined) return null;
    // In float64: part of a normalisation.
    if (weight.type === Element.double) continue;
    tensors.set(`${2 * number}.weight`, floats(weight));
    tensors.set(`${2 * number}.bias`, floats(bias));
    number += 1;
  }
  const table = constants.get('table')?.data;
  if (table !== undefined) {
    const full = scaleOf(table);
    if (full === null) return null;
    tensors.set('range.full', { shape: [1], data: Float32Array.of(full) });
  }
  const [scale, shift] = [constants.get('scale'), constants.get('shift')];
  const normalise = metadata.get('data.normalise');
  if (metadata.get('values') === 'float32') return realTensors(tensors, normalise, scale, shift);
  const isMade = normalise === undefined || normalise === 'mnist' || normalise === 'none';
  if (isMade) return isPixels(metadata) ? tensors : null;
  if (shift === undefined) return null;
  if (normalise === 'centre') {
    tensors.set('normalise.shift', floats(shift));
    tensors.set('normalise.scale', scale === undefined ? one : floats(scale));
    return tensors;
  }
  if (normalise !== 'standardise' || scale === undefined) return null;
  // scale = weight / full and shift = weight · mean, in float64 of float32.
  const full = metadata.get('data.pool') === '2' ? 4 * 255 : 255;
  const weight = Float32Array.from(scale.data, (value) => value * full);
  const mean = Float32Array.from(shift.data, (value, p) => value / weight[p]);
  tensors.set('normalise.mean', { shape: [mean.length], data: mean });
  tensors.set('normalise.weight', { shape: [weight.length], data: weight });
  return tensors;
}

/** As real-normaliser.ts names them: a mean of 0 and a weight of 1 are left out of the graph. */
function realTensors(
  tensors: Map<string, Tensor>,
  normalise: string | undefined,
  scale: OnnxTensor | undefined,
  shift: OnnxTensor | undefined,
): Map<string, Tensor> | null {
  if (normalise === 'none') return tensors;
  const width = tensors.get('0.weight')?.shape[1];
  if (width === undefined) return null;
  const mean = shift === undefined ? { shape: [width], data: new Float32Array(width) } : floats(shift);
  const weights = normalise === 'centre' ? 1 : width;
  const weight =
    scale === undefined ? { shape: [weights], data: new Float32Array(weights).fill(1) } : floats(scale);
  return tensors.set('normalise.mean', mean).set('normalise.weight', weight);
}

const one: Tensor = { shape: [1], data: Float32Array.of(1) };

const floats = ({ shape, data }: OnnxTensor): Tensor => ({
  shape: [...shape],
  data: Float32Array.from(data),
});

const isPixels = (metadata: OnnxModel['metadata']) =>
  metadata.get('data.features')?.includes('"pixels"') === true;

/** The value of full light whose table this is, as data/transforms/range.ts makes it. */
function scaleOf(table: ArrayLike<number>): number | null {
  for (let full = 1; full < 255; full++) {
    let same = true;
    for (let x = 0; x < 256 && same; x++) same = table[x] === Math.min(255, Math.round((x * 255) / full));
    if (same) return full;
  }
  return null;
}
