/**
 * The tensors of a model of ours from an ONNX file that this program wrote. Layers are in the graph, the settings in its
 * metadata; tensors of transforms that the graph has only in parts, such as the mean of features, are in the metadata too.
 * The caller verifies the result: written again, it must be the same file.
 */
import type { Tensor } from '../../model/safetensors.js';
import { decodeNumbers, encodeNumbers } from '../numbers-text.js';
import type { OnnxModel, OnnxTensor } from './decode.js';
import { Element } from './schema.js';

/** Names of the transforms' tensors in the order of the weights file, each with its values in base64; null: in the graph. */
const key = 'shardstep.tensors';

/** The columns of a table, for programs that read the file; the weights file has them in another form. */
export const columnsKey = 'shardstep.columns';

/** Beyond it, the tensors are left out, and the file does not come back. */
const mostCharacters = 500_000;

const isLayer = (name: string) => /^\d+\./.test(name);

/** For toOnnx: the metadata of a weights file, and its tensors that are no layers. */
export function onnxMetadata(
  metadata: Readonly<Record<string, string>>,
  tensors: ReadonlyMap<string, Tensor>,
): Record<string, string> {
  const kept = [...tensors]
    .filter(([name]) => !isLayer(name))
    .map(([name, { shape, data }]) => [name, shape.length === 1 ? encodeNumbers(data).base64 : null]);
  const text = JSON.stringify(kept);
  return kept.length === 0 || text.length > mostCharacters ? { ...metadata } : { ...metadata, [key]: text };
}

export interface OwnFile {
  readonly tensors: Map<string, Tensor>;
  /** Of the weights file. */
  readonly metadata: Record<string, string>;
}

/** The weights file; null if something is missing. */
export function ownFile(model: OnnxModel): OwnFile | null {
  const tensors = new Map<string, Tensor>();
  let number = 0;
  for (const { type, inputs } of model.nodes) {
    const [weight, bias] = inputs.slice(1).map((name) => model.constants.get(name));
    if (type !== 'Gemm' || !inputs[1]?.startsWith('layer_') || weight?.type !== Element.float) continue;
    if (bias === undefined) return null;
    tensors.set(`${2 * number}.weight`, floats(weight));
    tensors.set(`${2 * number}.bias`, floats(bias));
    number += 1;
  }
  for (const [name, text] of keptIn(model.metadata.get(key) ?? '[]')) {
    const inGraph = text === null ? graphTensor(model, name) : null;
    const data = text === null ? null : numbersOf(text);
    if (inGraph === null && data === null) return null;
    tensors.set(name, inGraph ?? { shape: [data?.length ?? 0], data: data ?? new Float32Array() });
  }
  const entries = [...model.metadata].filter(([name]) => name !== key && name !== columnsKey);
  return { tensors, metadata: Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1))) };
}

/** Whitening is a layer in float64, the projection on components a constant of its name. */
function graphTensor({ nodes, constants }: OnnxModel, name: string): Tensor | null {
  if (name === 'components.weight') {
    const found = constants.get('components_weight');
    return found === undefined ? null : floats(found);
  }
  for (const { type, inputs } of nodes) {
    const weight = constants.get(inputs[1] ?? '');
    if (name === 'normalise.weight' && type === 'Gemm' && weight?.type === Element.double)
      return floats(weight);
  }
  return null;
}

const floats = ({ shape, data }: OnnxTensor): Tensor => ({
  shape: [...shape],
  data: Float32Array.from(data),
});

/** Null if the text is not base64. */
function numbersOf(text: string): Float32Array | null {
  try {
    return Float32Array.from(decodeNumbers('float32', text));
  } catch {
    return null;
  }
}

function keptIn(text: string): [string, string | null][] {
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch {
    return [];
  }
  if (!Array.isArray(list)) return [];
  return list.flatMap((entry: unknown): [string, string | null][] => {
    if (!Array.isArray(entry)) return [];
    const [name, value]: unknown[] = entry;
    const isSound =
      typeof name === 'string' && !isLayer(name) && (value === null || typeof value === 'string');
    return isSound ? [[name, value]] : [];
  });
}
