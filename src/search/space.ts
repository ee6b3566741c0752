/** Settings that a search tries: the recipe as it is, then draws of a few keys around it. */
import { misfits } from '../config/capabilities.js';
import type { Config } from '../config/schema.js';
import { Rng, Stream } from '../numbers/rng.js';

/** By dotted key; empty: the recipe as it is. */
export type Settings = Readonly<Record<string, unknown>>;

interface Axis {
  readonly key: string;
  readonly values: readonly unknown[];
  set(config: Config, value: unknown): Config;
}

const rateFactors = [0.25, 0.35, 0.5, 0.7, 1.4, 2, 2.8, 4];
const widths = [
  [64],
  [128],
  [256],
  [512],
  [128, 64],
  [256, 128],
  [512, 256],
  [128, 128, 128],
  [256, 256, 256],
];

/** A draw changes each key with this probability, in percent. */
const changedPercent = 40;

/** Rows below which a batch is not doubled: an epoch keeps some steps. */
const rowsABatch = 16;

function axesOf(config: Config, rows: number): Axis[] {
  const { optimizer, train, loss, data } = config;
  const rounded = (value: number) => Number(value.toPrecision(2));
  const batches = [train.batch / 2, train.batch * 2].filter(
    (batch) => Number.isInteger(batch) && batch >= 8 && batch * rowsABatch <= rows,
  );
  const encodes = (value: object) => (config: Config) => ({
    ...config,
    data: { ...config.data, encoding: { ...config.data.encoding, ...value } },
  });
  const axes: Axis[] = [
    {
      key: 'optimizer.lr',
      values: rateFactors.map((factor) => rounded(factor * optimizer.lr)),
      set: (config, lr) => ({ ...config, optimizer: { ...config.optimizer, lr: Number(lr) } }),
    },
    {
      key: 'model.hidden',
      // A list of shares fits one number of layers.
      values: Array.isArray(train.dropout) ? [] : widths,
      set: (config, hidden) => ({ ...config, model: { ...config.model, hidden: [...(hidden as number[])] } }),
    },
    {
      key: 'train.dropout',
      values: [0, 0.1, 0.2, 0.3, 0.4],
      set: (config, dropout) => ({ ...config, train: { ...config.train, dropout: Number(dropout) } }),
    },
    {
      key: 'optimizer.weightDecay',
      values: [0, 0.001, 0.01, 0.03, 0.1],
      set: (config, weightDecay) => ({
        ...config,
        optimizer: { ...config.optimizer, weightDecay: Number(weightDecay) },
      }),
    },
    {
      key: 'train.batch',
      values: batches,
      set: (config, batch) => ({ ...config, train: { ...config.train, batch: Number(batch) } }),
    },
    {
      key: 'loss.labelSmoothing',
      values: loss.name === 'cross-entropy' ? [0, 0.05, 0.1] : [],
      set: (config, value) =>
        config.loss.name === 'cross-entropy'
          ? { ...config, loss: { ...config.loss, labelSmoothing: Number(value) } }
          : config,
    },
    {
      key: 'data.encoding.bins',
      values: [0, 16, 32, 64],
      set: (config, bins) => encodes({ bins })(config),
    },
    {
      key: 'data.encoding.scaling',
      values: ['standard', 'quantile'],
      set: (config, scaling) => encodes({ scaling })(config),
    },
  ];
  const now: Settings = {
    ...{ 'optimizer.lr': optimizer.lr, 'model.hidden': config.model.hidden, 'train.dropout': train.dropout },
    ...{ 'optimizer.weightDecay': optimizer.weightDecay, 'train.batch': train.batch },
    'loss.labelSmoothing': loss.name === 'cross-entropy' ? loss.labelSmoothing : null,
    ...{ 'data.encoding.bins': data.encoding.bins, 'data.encoding.scaling': data.encoding.scaling },
  };
  return axes.map((axis) => ({
    ...axis,
    values: axis.values.filter((value) => JSON.stringify(value) !== JSON.stringify(now[axis.key])),
  }));
}

export interface Draw {
  readonly settings: Settings;
  readonly config: Config;
}

/** Draws without end or repetition find nothing new after so many. */
const mostRepeated = 1000;

/**
 * The recipe, then other settings in an order that the seed decides, none of them twice. `isFixed`: of keys that the user
 * chose. `rows`: that are trained on.
 */
export function* drawSettings(
  config: Config,
  rows: number,
  isFixed: (key: string) => boolean,
): Generator<Draw, void> {
  yield { settings: {}, config };
  const rng = new Rng(config.seed, Stream.search);
  const axes = axesOf(config, rows).filter(({ key, values }) => values.length > 0 && !isFixed(key));
  const seen = new Set(['{}']);
  for (let repeated = 0; repeated < mostRepeated; repeated++) {
    const draw = axes.reduce<Draw>(
      (sofar, { key, values, set }) => {
        // Both numbers are drawn in every case: the order of draws depends on nothing else.
        const [isChanged, at] = [rng.below(100) < changedPercent, rng.below(values.length)];
        if (!isChanged) return sofar;
        return {
          settings: { ...sofar.settings, [key]: values[at] },
          config: set(sofar.config, values[at]),
        };
      },
      { settings: {}, config },
    );
    const key = JSON.stringify(draw.settings);
    if (seen.has(key) || misfits(draw.config).length > 0) continue;
    seen.add(key);
    repeated = 0;
    yield draw;
  }
}
