/** Short runs on MNIST for export: models as their files say, and the logits that they give. */

import { shapeOf } from '../../dist/coordinator/resources.js';
import type { NetworkChain } from '../../dist/formats/network-chain.js';
import { type ImportSettings, importedModel } from '../../dist/inference/imported-model.js';
import { graphOf } from '../../dist/inference/model-graph.js';
import { Predictor } from '../../dist/inference/predictor.js';
import { type SavedModel, savedModel } from '../../dist/inference/saved-model.js';
import { parseWeights } from '../../dist/inference/weights-file.js';
import { loadKernels } from '../../dist/kernels/load.js';
import type { Graph } from '../../dist/model/op.js';
import { writeSafetensors } from '../../dist/model/safetensors.js';
import { Rng } from '../../dist/numbers/rng.js';
import { configured, type Dataset, prepared, train, weightsFile } from './pairs.ts';

/** Enough training that logits are of a usual size. */
const short = ['train.batch=64', 'train.steps=60', 'log.every=0', 'parallel.threads=1'];

/** One model for every operation, and every way of normalising inputs. */
export const exportedCases: Readonly<Record<string, readonly string[]>> = {
  'mnist-relu': ['model.hidden=[256,128]'],
  'none-tanh': ['data.normalise=none', 'model.hidden=[32]', 'model.activation=tanh'],
  'none-sigmoid': ['data.normalise=none', 'model.hidden=[32]', 'model.activation=sigmoid'],
  'centre-gelu': ['data.normalise=centre', 'model.hidden=[32]', 'model.activation=gelu'],
  standardise: ['data.normalise=standardise', 'model.hidden=[32]'],
  whiten: ['data.normalise=whiten', 'data.pool=2', 'model.hidden=[32]'],
  'crop-pool-moments': ['data.momentNormalise=true', 'data.crop=1', 'data.pool=2', 'model.hidden=[32]'],
  'odd-pool': ['data.crop=2', 'data.pool=2', 'model.hidden=[]'],
  'scale-moments': ['data.scale=200', 'data.momentNormalise=true', 'model.hidden=[16]'],
  'squared-error': ['loss=squared-error', 'optimizer.lr=0.01', 'model.hidden=[16]'],
  directions: ['data.features.kind=directions', 'model.hidden=[]'],
  'directions-16': [
    'data.features.kind=directions',
    ...['grid=16', 'pool=5', 'rows=all', 'aspect=true'].map((word) => `data.features.${word}`),
    'data.scale=180',
    'model.hidden=[16]',
  ],
  'directions-products': [
    'data.features.kind=directions',
    ...['grid=20', 'gradient=sobel', 'aspect=true', 'quadratic=16'].map((word) => `data.features.${word}`),
    'model.hidden=[]',
  ],
};

export interface ExportedModel {
  /** final.safetensors. */
  readonly file: Uint8Array;
  readonly model: SavedModel;
  readonly graph: Graph;
}

export async function exportedModel(words: readonly string[], dataset: Dataset): Promise<ExportedModel> {
  const config = await configured([...short, ...words]);
  if (config === null) throw new Error(`refused: ${words.join(' ')}`);
  const ready = prepared(config, dataset);
  const run = ready && (await train(ready, 1));
  if (ready === null || run === null) throw new Error(`diverged: ${words.join(' ')}`);
  return opened(weightsFile(run, ready));
}

/** A model from the bytes of its file. */
export function opened(file: Uint8Array): ExportedModel {
  const model = savedModel(parseWeights(file, 'model.safetensors'), 'model.safetensors');
  return { file, model, graph: graphOf(model) };
}

/** A network on real numbers of several units, far from 0, and samples of them: f32 [1000][13]. */
export function realModel(): ExportedModel & { readonly samples: Float32Array } {
  const rng = new Rng(3);
  const numbers = (length: number, limit: number) =>
    Float64Array.from({ length }, () => rng.symmetric(limit));
  const sizes = [13, 32, 3];
  const means = numbers(13, 1000);
  const deviations = numbers(13, 20).map((value) => Math.abs(value) + 0.5);
  const chain: NetworkChain = {
    layers: sizes.slice(1).map((outputs, i) => ({
      ...{ name: `layer ${i}`, inputs: sizes[i], outputs },
      weight: Float32Array.from(numbers(sizes[i] * outputs, 0.5)),
      bias: Float32Array.from(numbers(outputs, 0.5)),
    })),
    ...{ activation: 'tanh', shape: null, notes: [] },
    scaling: {
      scale: deviations.map((value) => 1 / value),
      shift: means.map((mean, p) => mean / deviations[p]),
    },
  };
  const settings: ImportSettings = {
    ...{ shape: null, labels: null, activation: null, normalise: null, real: true },
    ...{ crop: 0, pool: 1, momentNormalise: false, set: 'memory' },
  };
  const { tensors, metadata } = importedModel(chain, settings, 'real');
  const samples = Float32Array.from(
    { length: 13_000 },
    (_, i) => means[i % 13] + rng.symmetric(2) * deviations[i % 13],
  );
  return { ...opened(writeSafetensors(tensors, metadata)), samples };
}

/** f32 [count][classes], by the predictor. */
export async function logitsOf(model: SavedModel, samples: Uint8Array | Float32Array): Promise<Float32Array> {
  const kernels = loadKernels(undefined, shapeOf(model.config));
  const predictor = await Predictor.open(model, model.tensors, kernels, model.source);
  try {
    return predictor.predict(samples);
  } finally {
    await predictor.close();
  }
}
