/** What a network loses as integers: measured when it is made, on samples with known classes. */
import type { LoadedKernels } from '../../kernels/load.js';
import type { Tensor } from '../../model/safetensors.js';
import { ExitCode, UserError } from '../../user-error.js';
import type { NetworkDescription, SampleValues } from '../inference-plan.js';
import { type Precision, Predictor } from '../predictor.js';

/** Share of the samples, as a fraction, that may be lost unless another limit is given. */
const mostLost = 0.001;

export interface LabelledSamples {
  /** [count][product of the shape] */
  readonly values: SampleValues;
  /** The class of each. */
  readonly targets: ArrayLike<number>;
}

export interface Int8Loss {
  /** Accuracies, from 0 to 1. */
  readonly float32: number;
  readonly int8: number;
}

export interface Int8LossOptions {
  /** The largest difference of the accuracies. */
  readonly limit?: number;
  readonly threads?: number;
}

/** @throws UserError if more is lost than the limit allows, and as Predictor.open does. */
export async function measureInt8Loss(
  network: NetworkDescription,
  tensors: ReadonlyMap<string, Tensor>,
  kernels: LoadedKernels,
  source: string,
  samples: LabelledSamples,
  { limit = mostLost, threads = 1 }: Int8LossOptions = {},
): Promise<Int8Loss> {
  const accuracyOf = async (precision: Precision) => {
    const predictor = await Predictor.open(network, tensors, kernels, source, { precision, threads });
    try {
      return accuracy(predictor.predict(samples.values), predictor.classes, samples.targets);
    } finally {
      await predictor.close();
    }
  };
  const [float32, int8] = [await accuracyOf('float32'), await accuracyOf('int8')];
  if (float32 - int8 > limit) {
    const percent = (share: number) => `${(100 * share).toFixed(2)} %`;
    throw new UserError(
      `${source}: int8 is right on ${percent(int8)} of ${samples.targets.length} samples, float32 on ${percent(float32)}: more than ${percent(limit)} lost`,
      ExitCode.failure,
    );
  }
  return { float32, int8 };
}

/** Of several equal logits the first counts. */
function accuracy(logits: Float32Array, classes: number, targets: ArrayLike<number>): number {
  let hits = 0;
  for (let i = 0; i < targets.length; i++) {
    let best = i * classes;
    for (let k = best + 1; k < (i + 1) * classes; k++) if (logits[k] > logits[best]) best = k;
    hits += Number(best - i * classes === targets[i]);
  }
  return hits / targets.length;
}
