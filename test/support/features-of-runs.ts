/** What a configuration can have away from the defaults, and pairs of it. */
import fc from 'fast-check';

/** Small enough for real images in a fraction of a second; every feature that is chosen goes on top. */
export const smallRun: readonly string[] = [
  'train.batch=48',
  'train.steps=6',
  'model.hidden=[24,16]',
  'parallel.threads=3',
  'log.every=0',
];

const one = (key: string, ...values: readonly (string | number | boolean)[]) =>
  values.map((value) => [`${key}=${value}`]);

const directions = (...more: readonly string[]) => [
  'data.features.kind=directions',
  ...more.map((word) => `data.features.${word}`),
];

/**
 * By feature: its values, each the words that choose it. A key that only counts beside another brings the other along;
 * where a feature chosen beside it says otherwise, the pair is refused.
 */
export const allFeatures: Readonly<Record<string, readonly (readonly string[])[]>> = {
  'data.features': [
    directions(),
    directions('grid=16', 'pool=5'),
    directions('grid=20', 'aspect=true', 'gradient=sobel'),
    directions('rows=all'),
    [...directions('quadratic=8'), 'model.hidden=[]'],
  ],
  'data.take': one('data.take', 100, 200),
  'data.pool': one('data.pool', 2),
  'data.crop': one('data.crop', 1, 5),
  'data.normalise': [
    ...one('data.normalise', 'none', 'centre', 'standardise'),
    ['data.normalise=standardise', 'data.normaliseEpsilon=0.2'],
    // Whitening 784 pixels takes seconds.
    ['data.normalise=whiten', 'data.pool=2'],
    ['data.normalise=whiten', 'data.crop=9'],
  ],
  'data.momentNormalise': one('data.momentNormalise', true),
  'data.shuffle': one('data.shuffle', false),
  'data.packing': one('data.packing', 'sparse', 'dense'),
  'data.validation': one('data.validation', 0.25, 100),
  'data.validationFrom': [
    ['data.validationFrom=stratified', 'data.validation=0.2'],
    ['data.validationFrom=stratified', 'data.validation=77', 'stop.on=validation'],
  ],
  'data.scale': one('data.scale', 100, 200),
  'model.hidden': one('model.hidden', '[]', '[20]', '[130]', '[12,11,10]'),
  'model.activation': one('model.activation', 'tanh', 'gelu', 'sigmoid'),
  'model.shortcut': [
    ...one('model.shortcut', true),
    ['model.shortcut=true', 'model.hidden=[60]'],
    ['model.shortcut=true', 'data.packing=sparse', 'model.hidden=[130]'],
    ['model.shortcut=true', 'data.packing=dense'],
  ],
  'model.init.kind': [
    ...one('model.init.kind', 'he', 'glorot', 'lecun', 'orthogonal', 'recipe'),
    ['model.init.kind=zero', 'model.hidden=[]'],
  ],
  loss: [
    ['loss.labelSmoothing=0.1'],
    ['loss=squared-error', 'optimizer.lr=0.01'],
    ['loss=absolute-error', 'optimizer.lr=0.01'],
    ['loss={name: huber, delta: 0.4}', 'optimizer.lr=0.01'],
    ['loss.classWeights=balanced'],
    ['loss.classWeights=[1,2,1,1,0.5,1,1,3,1,1]', 'loss.labelSmoothing=0.1'],
  ],
  'train.batch': one('train.batch', 32, 64, 40, 7),
  'train.epochs': [['train.epochs=1', 'train.steps=null', 'train.batch=64']],
  'train.steps': one('train.steps', 1, 11),
  'train.dropLast': [['train.dropLast=true', 'train.batch=64', 'data.take=150']],
  'train.tailAverage': [['train.tailAverage=0.5'], ['train.tailAverage=0.8', 'train.tailEvery=2']],
  'train.dropout': [
    ['train.dropout=0.4'],
    ['train.dropout=[0,0.5]'],
    ['train.dropout=[0.5]', 'model.hidden=[130]'],
    ['train.dropout=0.2', 'model.activation=sigmoid'],
  ],
  'train.selective.beta': one('train.selective.beta', 1, 2.5),
  optimizer: [
    ['optimizer={name: sgd, momentum: 0, weightDecay: 0.01}'],
    ['optimizer={name: sgd, nesterov: true, lr: 0.02}'],
    ['optimizer={name: sgd, referenceBatch: 32, batchScaling: sqrt}'],
    ['optimizer={name: adam}'],
    ['optimizer={name: adam, lr: 0.01, beta1: 0.8, beta2: 0.99, epsilon: 1e-4, weightDecay: 0.01}'],
    ['optimizer={name: adamw}'],
    ['optimizer={name: adamw, lr: 0.01, beta1: 0.8, beta2: 0.99, epsilon: 1e-4, weightDecay: 0.3}'],
    ['optimizer={name: sgd, clip: 0.3}'],
    ['optimizer={name: adamw, clip: 0.1}'],
    ['optimizer={name: lars, clip: 1}'],
    ['optimizer={name: lars}'],
    ['optimizer={name: lars, lr: 2, momentum: 0.5, weightDecay: 0.001, trustCoefficient: 0.01}'],
    ['optimizer={name: lars, referenceBatch: 96}'],
  ],
  schedule: [
    ['schedule={name: step, every: 1, gamma: 0.5}', 'data.take=100'],
    ['schedule={name: cosine, final: 0.1}'],
    ['schedule={name: warmup-linear, warmup: 0.5, start: 0.2, end: 0.1}'],
    ['schedule={name: one-cycle, warmup: 0.4, startDivisor: 5, finalDivisor: 10}'],
  ],
  'parallel.threads': one('parallel.threads', 2, 'auto', 'logical'),
  'parallel.sync': [
    ...one('parallel.sync', 'average', 'sharded', 'hogwild'),
    ['parallel.sync=units', 'model.hidden=[24]'],
    ['parallel.sync=units', 'model.hidden=[150]'],
    ['parallel.sync=local-sgd', 'parallel.localSteps=2'],
    ['parallel.sync=local-sgd', 'parallel.localSteps=3', 'parallel.localAfter=0.4'],
  ],
  backend: [['backend=js']],
  'stop.target': one('stop.target', 0.3),
  'stop.metric': [
    ...one('stop.metric', 'balancedAccuracy', 'f1', 'auc'),
    ['stop.metric=logLoss', 'stop.restoreBest=true', 'stop.every=2'],
  ],
  'stop.on': [['stop.on=validation', 'data.validation=80']],
  'stop.every': one('stop.every', 2, 4),
  'stop.patience': [['stop.patience=1', 'stop.minDelta=0.3', 'stop.every=2']],
  'stop.restoreBest': [['stop.restoreBest=true', 'stop.every=1', 'optimizer.lr=0.3']],
  'stop.bestMargin': [['stop.restoreBest=true', 'stop.bestMargin=2', 'stop.every=1', 'optimizer.lr=0.3']],
  'log.noiseScale': [
    ['log.noiseScale=true', 'parallel.sync=average'],
    ['log.noiseScale=true', 'parallel.sync=sharded'],
  ],
  seed: one('seed', 7),
};

/** Keys on which no result depends, and those with which the data or the weights come from files. */
export const otherKeys: readonly string[] = [
  'data.set',
  'data.dir',
  'data.label',
  ...['data.testFile', 'data.test', 'data.target', 'data.columns'],
  ...['scaling', 'bins', 'periodic', 'sigma', 'rare'].map((key) => `data.encoding.${key}`),
  ...['size', 'fit', 'colour'].map((key) => `data.images.${key}`),
  'train.byTable',
  'data.task',
  'data.targetScale',
  'model.members',
  'model.init.file',
  'model.init.prefix',
  'backend.threadsPerWorker',
  'log.every',
  'parallel.heartbeat',
  'parallel.onWorkerLoss',
  'checkpoint.every',
  'checkpoint.keep',
  'log.level',
  'log.tensorboard',
];

interface Chosen {
  readonly feature: string;
  readonly words: readonly string[];
}

const values = Object.entries(allFeatures).map(([feature, choices]) =>
  fc.constantFrom(...choices.map((words): Chosen => ({ feature, words }))),
);

/** Two features away from the defaults, now and then three: their words. Shrinks to fewer features, not to other ones. */
export const pairsOfFeatures = fc
  .uniqueArray(fc.noShrink(fc.oneof(...values)), {
    minLength: 2,
    maxLength: 3,
    selector: ({ feature }) => feature,
  })
  .map((chosen) => chosen.flatMap(({ words }) => words));
