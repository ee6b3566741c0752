/**
 * shardstep in the peers' race: configs/fastmlp.yaml in a session that stays open, with a predictor for inference. Its
 * images for inference are u8 pixels: normalising them is part of its time. The peers' images are already normalised in
 * memory.
 * usage: node shardstep-peer.ts DATA_FOLDER THREADS   answers like bench/peers/common.cjs
 */
import { loadDataset } from '../../dist/data/load.js';
import { sizeOf } from '../../dist/data/transforms/transform.js';
import { Predictor } from '../../dist/inference/predictor.js';
import { denseNetwork, initialTensors } from '../../dist/model/network.js';
import { Rng, Stream } from '../../dist/numbers/rng.js';
import packageJson from '../../package.json' with { type: 'json' };
import { loadedKernels, openTrainer } from '../harness.ts';
import common from './common.cjs';

const [dataFolder, threadsWord] = process.argv.slice(2);
const threads = Number(threadsWord);
const dataset = await loadDataset({ set: 'mnist', dir: dataFolder });
const trainer = await openTrainer('fastmlp', [], threads, dataset);

async function target(seed: number) {
  const curve: [number, number][] = [];
  const outcome = await trainer.train(true, seed, {
    evaluation({ elapsedMs }, { accuracy }) {
      curve.push([elapsedMs, accuracy ?? Number.NaN]);
    },
  });
  const { residentMs: ms, trainMs, images, epochs } = outcome;
  return { ms, trainMs, images, accuracy: outcome.evaluation?.accuracy ?? 0, epochs, curve };
}

const { config } = trainer;
const { facts, pipeline } = trainer.data;
const { values, shape } = dataset.test;
const sizes = [facts.features, ...config.model.hidden, facts.outputs];
const predictor = await Predictor.open(
  { config, facts, pipeline },
  initialTensors(denseNetwork(sizes), config.model.init.kind, new Rng(1, Stream.weights)),
  loadedKernels(),
  'the initial parameters',
  { threads },
);

await common.answer(packageJson.version, {
  target,
  infer(batch: number, calls: number) {
    const chosen = values.subarray(0, batch * sizeOf(shape));
    const logits = new Float32Array(batch * facts.outputs);
    return common.timeCalls(batch, calls, () => predictor.predict(chosen, logits));
  },
});
