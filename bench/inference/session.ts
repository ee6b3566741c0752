/**
 * A model of ours in bench/inference.ts, as a session program of the race (see peer-race/session.ts): `infer` and
 * `accuracy`. Its images are u8 pixels: normalising them is part of its time. The peers' are already normalised in memory.
 * usage: node session.ts DATA_FOLDER THREADS MODEL.safetensors float32|int8
 */

import { loadDataset } from '../../dist/data/load.js';
import { sizeOf } from '../../dist/data/transforms/transform.js';
import { type Precision, Predictor } from '../../dist/inference/predictor.js';
import { savedModel } from '../../dist/inference/saved-model.js';
import { readWeights } from '../../dist/inference/weights-file.js';
import { directionShape } from '../../dist/kernels/directions/spec.js';
import { loadKernels } from '../../dist/kernels/load.js';
import packageJson from '../../package.json' with { type: 'json' };
import common from '../peers/common.cjs';

const [dataFolder, threads, file, precision] = process.argv.slice(2);
const { test } = await loadDataset({ set: 'mnist', dir: dataFolder });
const model = savedModel(readWeights(file), file);
const { features } = model.config.data;
const kernels = loadKernels(undefined, features.kind === 'directions' ? directionShape(features) : null);
const options = { threads: Number(threads), precision: precision as Precision };
const predictor = await Predictor.open(model, model.tensors, kernels, file, options);
const { outputs: classes } = predictor;

await common.answer(packageJson.version, {
  infer(batch: number, calls: number) {
    const chosen = test.values.subarray(0, batch * sizeOf(test.shape));
    const logits = new Float32Array(batch * classes);
    return common.timeCalls(batch, calls, () => predictor.predict(chosen, logits));
  },
  accuracy() {
    const logits = predictor.predict(test.values);
    let hits = 0;
    test.targets.forEach((target, i) => {
      const row = logits.subarray(i * classes, (i + 1) * classes);
      hits += Number(row.indexOf(Math.max(...row)) === target);
    });
    return { accuracy: hits / test.count };
  },
});
