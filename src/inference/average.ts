/** A predictor of a model: that of its network, or of several networks whose outputs are averaged. */
import type { TargetScale } from '../data/transforms/target-scale.js';
import type { LoadedKernels } from '../kernels/load.js';
import { lossOf } from '../loss/loss.js';
import { tensorsOfMember } from '../model/members.js';
import type { Tensor } from '../model/safetensors.js';
import { type Averaging, averageOutputs } from './average-outputs.js';
import type { NetworkDescription, SampleValues } from './inference-plan.js';
import { Predictor, type PredictorOptions } from './predictor.js';

export type ModelPredictor = Pick<Predictor, 'outputs' | 'predict' | 'close'>;

export interface ModelDescription extends NetworkDescription {
  readonly scale: TargetScale | null;
}

/** `model.config.model.members` networks. Parameters and refusals as of `Predictor.open`. */
export async function openPredictor(
  model: ModelDescription,
  tensors: ReadonlyMap<string, Tensor>,
  kernels: LoadedKernels | Promise<LoadedKernels>,
  source: string,
  options: PredictorOptions = {},
): Promise<ModelPredictor> {
  const { members } = model.config.model;
  if (members === 1) return Predictor.open(model, tensors, kernels, source, options);
  const networks: Predictor[] = [];
  try {
    for (let member = 0; member < members; member++)
      networks.push(await Predictor.open(model, tensorsOfMember(tensors, member), kernels, source, options));
  } catch (error) {
    for (const network of networks) await network.close();
    throw error;
  }
  const { target } = model.facts;
  const loss = lossOf(model.config.loss, target);
  return new AveragePredictor(networks, { loss, target, scale: model.scale, width: networks[0].outputs });
}

class AveragePredictor implements ModelPredictor {
  readonly outputs: number;
  readonly #networks: readonly Predictor[];
  readonly #averaging: Averaging;

  constructor(networks: readonly Predictor[], averaging: Averaging) {
    this.#networks = networks;
    this.#averaging = averaging;
    this.outputs = averaging.width;
  }

  predict(images: SampleValues, out?: Float32Array): Float32Array {
    const [first, ...others] = this.#networks;
    // The first checks the length of `out` too.
    const averaged = first.predict(images, out);
    const all = [averaged.slice(), ...others.map((network) => network.predict(images))];
    averageOutputs(this.#averaging, all, averaged);
    return averaged;
  }

  async close(): Promise<void> {
    for (const network of this.#networks) await network.close();
  }
}
