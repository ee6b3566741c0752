/** How fast a trained network predicts, for the result card: one sample, batches, the whole test part, in about 0.1 s. */
import type { Setup } from '../coordinator/setup.js';
import { type Shape, sizeOf } from '../data/transforms/transform.js';
import { type ModelPredictor, openPredictor } from '../inference/average.js';
import type { SampleValues } from '../inference/inference-plan.js';
import type { Tensor } from '../model/safetensors.js';
import { minimum } from '../numbers/statistics.js';
import { grouped, plural } from '../numbers/words.js';

/** Calls for one sample; rounds of each batch. */
const [calls, rounds] = [2000, 3];

const [smallBatch, largeBatch] = [1024, 10_000];

interface Predicted {
  readonly values: SampleValues;
  readonly shape: Shape;
  readonly count: number;
}

/** Samples repeated until there are `count`. */
function repeated({ values, shape, count: given }: Predicted, count: number): SampleValues {
  const size = sizeOf(shape);
  const all = values instanceof Float32Array ? new Float32Array(count * size) : new Uint8Array(count * size);
  for (let at = 0; at < count; at += given)
    all.set(values.subarray(0, Math.min(given, count - at) * size), at * size);
  return all;
}

/** Null if there are no kernels or no samples to predict. `tensors`: of the trained network. */
export async function inferenceWords(
  { config, data, dataset, kernels, cores }: Setup,
  tensors: ReadonlyMap<string, Tensor>,
  threads: number,
): Promise<string | null> {
  const part = dataset.test.count > 0 ? 'test' : 'train';
  // Rows of a table are those that are stored.
  const { shape, count, values } = data.pipeline.encoding === null ? dataset[part] : data.parts[part].values;
  if (kernels === null || count === 0 || values instanceof Uint16Array) return null;
  const samples = { values, shape, count };
  const { facts, pipeline } = data;
  const all = new Map([...tensors, ...pipeline.tensors()]);
  const options = { threads: Math.min(threads, cores.available), cores: cores.available };
  // The address space may be too small for the threads of a run and of a predictor: no reason to fail the run.
  const opening = openPredictor(
    { config, facts, pipeline, scale: data.goal.scale },
    all,
    kernels,
    'the network',
    options,
  );
  const predictor = await opening.catch(() => null);
  if (predictor === null) return null;
  try {
    const { median, late } = timesOfOne(predictor, samples);
    const rate = (count: number) => grouped((count / best(predictor, repeated(samples, count))) * 1000);
    const [small, large] = [rate(smallBatch), rate(largeBatch)];
    const whole = dataset.test.count > 0 ? best(predictor, values).toFixed(1) : null;
    const part = whole === null ? '' : `; the test part in ${whole} ms`;
    return (
      `one sample ${median.toFixed(1)} µs, 99 % within ${late.toFixed(1)} µs; ` +
      `${small} samples/s in batches of ${grouped(smallBatch)}, ${large} of ${grouped(largeBatch)}${part}; ${plural(options.threads, 'thread')}`
    );
  } finally {
    await predictor.close();
  }
}

/** Microseconds: the median, and the time that 99 % of the calls stay within. */
function timesOfOne(predictor: ModelPredictor, { values, shape, count }: Predicted) {
  const size = sizeOf(shape);
  const out = new Float32Array(predictor.outputs);
  const times = new Float64Array(calls);
  for (let call = 0; call < calls; call++) {
    const at = (call % count) * size;
    const sample = values.subarray(at, at + size);
    const started = performance.now();
    predictor.predict(sample, out);
    times[call] = (performance.now() - started) * 1000;
  }
  times.sort();
  return { median: times[calls / 2], late: times[Math.floor(calls * 0.99)] };
}

/** Milliseconds of the fastest of some calls. */
function best(predictor: ModelPredictor, values: SampleValues): number {
  const times = Array.from({ length: rounds }, () => {
    const started = performance.now();
    predictor.predict(values);
    return performance.now() - started;
  });
  return minimum(times);
}
