/** The configuration of a network that only predicts: what its file does not say has no effect on predictions. */
import type { Config } from '../config/schema.js';

/** What predictions depend on, besides tensors. */
export interface Described
  extends Pick<Config['data'], 'features' | 'pool' | 'crop' | 'normalise' | 'momentNormalise' | 'set'> {
  /** Widths of the hidden layers. */
  readonly hidden: number[];
  readonly activation: Config['model']['activation'];
  readonly loss: Config['loss']['name'];
}

/** The other keys have no effect on pixels. */
export const pixelFeatures: Described['features'] = {
  kind: 'pixels',
  grid: 12,
  pool: 4,
  rows: 'pairs',
  aspect: false,
  gradient: 'central',
  quadratic: 0,
};

export function inferenceConfig({ hidden, activation, loss, ...data }: Described): Config {
  return {
    data: {
      ...data,
      dir: null,
      label: null,
      ...{ testFile: null, test: null, target: null, columns: {} },
      encoding: { scaling: 'standard', bins: 64, periodic: 0, sigma: 1, rare: null },
      take: null,
      normaliseEpsilon: 0.01,
      shuffle: true,
      packing: 'auto',
      validation: 0,
      validationFrom: 'auto',
      scale: 'auto',
    },
    model: { hidden, activation, init: { kind: 'torch', file: null, prefix: '' } },
    loss: loss === 'squared-error' ? { name: loss } : { name: loss, labelSmoothing: 0 },
    train: {
      batch: 1,
      epochs: 1,
      steps: null,
      dropLast: false,
      tailAverage: 0,
      tailEvery: 1,
      dropout: 0,
      selective: { beta: 0 },
    },
    optimizer: {
      name: 'sgd',
      lr: 0.05,
      referenceBatch: null,
      batchScaling: 'linear',
      clip: null,
      momentum: 0.9,
      nesterov: false,
      weightDecay: 0,
    },
    schedule: { name: 'constant' },
    parallel: {
      ...{ threads: 1, sync: 'owner', localSteps: 8, localAfter: 0 },
      ...{ heartbeat: 30, onWorkerLoss: 'fail' },
    },
    backend: { name: 'wasm' },
    stop: { target: null, on: 'test', every: 'epoch', patience: null, restoreBest: false, minDelta: 0 },
    log: { every: 10, noiseScale: false, level: 'info', tensorboard: false },
    checkpoint: { every: 'off', keep: 2 },
    seed: 1,
  };
}
