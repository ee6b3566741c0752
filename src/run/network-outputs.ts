/** Outputs of a network of a table that was just trained, by the predictor that a loaded model has. */
import type { Setup } from '../coordinator/setup.js';
import type { PartName } from '../data/dataset.js';
import { type ModelPredictor, openPredictor } from '../inference/average.js';
import type { Tensor } from '../model/safetensors.js';
import { UserError } from '../user-error.js';

/** For all rows of a part, f32 [count][outputs]; `tensors`: of the network, without its transforms. */
export async function networkOutputs(
  setup: Setup,
  tensors: ReadonlyMap<string, Tensor>,
  part: PartName,
): Promise<Float32Array> {
  const predictor = await openNetwork(setup, tensors);
  try {
    return predictor.predict(rowsOfPart(setup, part));
  } finally {
    await predictor.close();
  }
}

/** The caller closes it. */
export async function openNetwork(
  { config, data, kernels }: Setup,
  tensors: ReadonlyMap<string, Tensor>,
): Promise<ModelPredictor> {
  if (kernels === null) throw UserError.refusal('backend.name', 'wasm: predictions need kernels', 'js');
  const { facts, pipeline, goal } = data;
  const all = new Map([...tensors, ...pipeline.tensors()]);
  return openPredictor({ config, facts, pipeline, scale: goal.scale }, all, kernels, 'the network');
}

/** As they are stored, which is how they are predicted. */
export function rowsOfPart({ data }: Setup, part: PartName): Float32Array | Uint8Array {
  const { values } = data.parts[part].values;
  if (values instanceof Uint16Array) throw new Error('pixels, where rows of a table are expected');
  return values;
}
