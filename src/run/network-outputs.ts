/** Outputs of a network of a table that was just trained, by the predictor that a loaded model has. */
import type { Setup } from '../coordinator/setup.js';
import type { PartName } from '../data/dataset.js';
import { openPredictor } from '../inference/average.js';
import type { Tensor } from '../model/safetensors.js';
import { UserError } from '../user-error.js';

/** For all rows of a part, f32 [count][outputs]; `tensors`: of the network, without its transforms. */
export async function networkOutputs(
  { config, data, kernels }: Setup,
  tensors: ReadonlyMap<string, Tensor>,
  part: PartName,
): Promise<Float32Array> {
  const { facts, pipeline, parts } = data;
  if (kernels === null) throw UserError.refusal('backend.name', 'wasm: predictions need kernels', 'js');
  // Rows of a table are predicted as they are stored.
  const { values } = parts[part].values;
  if (values instanceof Uint16Array) throw new Error('pixels, where rows of a table are expected');
  const all = new Map([...tensors, ...pipeline.tensors()]);
  const predictor = await openPredictor(
    { config, facts, pipeline, scale: data.goal.scale },
    all,
    kernels,
    'the network',
  );
  try {
    return predictor.predict(values);
  } finally {
    await predictor.close();
  }
}
