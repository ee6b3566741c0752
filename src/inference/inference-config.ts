/** The configuration of a network that only predicts: what its file does not say has no effect on predictions. */
import type { Config } from '../config/schema.js';

/** What predictions depend on, besides tensors. */
export interface Described
  extends Pick<Config['data'], 'features' | 'pool' | 'crop' | 'normalise' | 'momentNormalise' | 'set'> {
  /** Widths of the hidden layers. */
  readonly hidden: number[];
  readonly activation: Config['model']['activation'];
  readonly shortcut?: boolean;
  readonly loss: Config['loss']['name'];
  /** Of huber. */
  readonly delta?: number;
  /** Networks whose outputs are averaged. */
  readonly members?: number;
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

export function inferenceConfig(described: Described): Config {
  const { hidden, activation, shortcut = false, loss, delta = 1, members = 1, ...data } = described;
  return {
    data: {
      ...data,
      dir: null,
      label: null,
      ...{ testFile: null, test: null, target: null, columns: {} },
      encoding: { scaling: 'standard', bins: 64, periodic: 0, sigma: 1, rare: null },
      images: { size: null, fit: 'crop', colour: 'auto' },
      task: 'auto',
      targetScale: 'auto',
      take: null,
      normaliseEpsilon: 0.01,
      shuffle: true,
      packing: 'auto',
      validation: 0,
      validationFrom: 'auto',
      scale: 'auto',
    },
    model: { hidden, activation, shortcut, members, init: { kind: 'torch', file: null, prefix: '' } },
    loss: inferenceLoss(loss, delta),
    train: {
      batch: 1,
      epochs: 1,
      steps: null,
      byTable: false,
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
    stop: {
      metric: null,
      target: null,
      on: 'test',
      every: 'epoch',
      patience: null,
      restoreBest: false,
      bestMargin: 0,
      minDelta: 0,
    },
    log: { every: 10, noiseScale: false, level: 'info', tensorboard: false },
    checkpoint: { every: 'off', keep: 2 },
    seed: 1,
  };
}

function inferenceLoss(name: Config['loss']['name'], delta: number): Config['loss'] {
  if (name === 'cross-entropy') return { name, labelSmoothing: 0, classWeights: 'none' };
  return name === 'huber' ? { name, delta } : { name };
}
