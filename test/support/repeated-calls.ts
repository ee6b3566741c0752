/**
 * A worker thread of inference-allocates-nothing.test.ts, a program with one model: how many bytes 100,000 calls leave
 * behind. A thread for each case, because code that has seen several models makes objects of numbers such as −Infinity.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { parentPort, workerData } from 'node:worker_threads';
import { prepareData } from '../../dist/coordinator/prepare-data.js';
import { Predictor } from '../../dist/inference/predictor.js';
import { loadKernels } from '../../dist/kernels/load.js';
import { denseNetwork, initialTensors } from '../../dist/model/network.js';
import { Rng } from '../../dist/numbers/rng.js';
import { configure, syntheticDataset } from './training.ts';

export interface RepeatedCalls {
  readonly precision: 'float32' | 'int8';
  readonly packing: 'sparse' | 'dense';
  readonly count: number;
}

const { precision, packing, count } = workerData as RepeatedCalls;
setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const dataset = syntheticDataset({
  rows: 9,
  columns: 11,
  classes: 19,
  train: 40,
  test: 30,
  density: 0.4,
  seed: 3,
});
const words = ['data.features.kind=pixels', 'data.normalise=mnist', 'model.hidden=[70,20]', 'train.batch=20'];
const config = await configure(...words, `data.packing=${packing}`);
const tensors = initialTensors(denseNetwork([99, 70, 20, 19]), 'torch', new Rng(4));
const { facts, pipeline } = prepareData(dataset, config);
const network = { config, facts, pipeline };
const predictor = await Predictor.open(network, tensors, loadKernels(), 'tensors', { precision });
const images = dataset.test.values.slice(0, count * 99);
const out = new Float32Array(count * 19);

function call(times: number): void {
  for (let i = 0; i < times; i++) predictor.predict(images, out);
}

// Compiled first: an interpreter makes objects that compiled code does without.
for (let i = 0; i < 5; i++) {
  call(20_000);
  await new Promise((resolve) => setImmediate(resolve));
}
const grown: number[] = [];
for (let i = 0; i < 5; i++) {
  collect();
  const before = process.memoryUsage();
  call(100_000);
  const after = process.memoryUsage();
  grown.push(after.heapUsed - before.heapUsed + after.arrayBuffers - before.arrayBuffers);
}
parentPort?.postMessage(grown);
await predictor.close();
