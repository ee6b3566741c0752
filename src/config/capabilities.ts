/**
 * Which choices go together. Each choice of a key lists what it needs and what it offers. A key answers for a
 * capability if any of its choices offers it; a choice of that key without it is refused beside a choice that needs it.
 * A new choice is a line in these tables: no choice names another.
 */

import { alternatives } from '../numbers/words.js';
import { valueAt } from './layer.js';
import { classWeightsWord } from './loss-keys.js';
import type { Config } from './schema.js';

/** What choices need of others. Each need has the text that a refusal adds as its reason; empty if the reason is plain. */
const reasons = {
  /** Images at their own size, not redrawn by their moments. */
  wholeImages: '',
  imagesAsRead: 'features are of normalised images',
  /** The inputs are pixels times one factor, minus one offset for each. */
  affinePixels: 'features have a scale of their own',
  /** Inputs that are zero stay in memory. */
  denseRows: '',
  directionKernels: '',
  /** A batch is cut into blocks of eight rows. */
  batchOfEights: '',
  noHiddenLayers: '',
  hiddenLayers: 'without hidden layers the network is a linear map already',
  /** Inputs have a second way to the outputs. */
  shortcut: '',
  oneHiddenLayer: 'the threads share the units of the one hidden layer',
  /** A backend computes any units of a layer apart from the others. */
  separateUnits: '',
  /** Each worker can train on its own weights, or on the shared weights while other workers change them. */
  replicas: '',
  /** The loss is not part of the kernels that compute the gradient. */
  anyLoss: 'softmax regression on direction features has the cross-entropy in its kernels',
  /** Units of hidden layers can be left out of a step. */
  dropout: '',
  /** The norms of parameters and of gradients. */
  norms: '',
  wholeGradientBeforeUpdate: 'the gradient of the whole batch is needed before the update',
  oneCopyOfWeights: "the workers' weights are equal only after an averaging",
  /** No other key decides which weights a run ends with. */
  lastWeights: '',
  /** The loss of each image is known before any gradient is computed. */
  perRowLoss: '',
  /** Each thread has a buffer for the gradient of its share of a whole batch. */
  separateGradients: '',
  /** An evaluation leaves the outputs of each sample, not only their sums. */
  scores: 'softmax regression on direction features has sums only',
} as const satisfies Record<string, string>;

export type Capability = keyof typeof reasons;

export interface Choice {
  readonly needs?: readonly Capability[];
  readonly offers?: readonly Capability[];
  /** The name in messages, if it differs from the name in the table. */
  readonly word?: string;
}

type Choices<Name extends string | number | boolean> = Readonly<Record<`${Name}`, Choice>>;

const featureKinds: Choices<Config['data']['features']['kind']> = {
  pixels: { offers: ['replicas', 'perRowLoss', 'separateGradients'] },
  directions: {
    needs: ['wholeImages', 'imagesAsRead', 'affinePixels', 'denseRows', 'batchOfEights', 'directionKernels'],
  },
};

const normalisations: Choices<Config['data']['normalise']> = {
  mnist: { offers: ['affinePixels'] },
  centre: { offers: ['affinePixels'] },
  none: { offers: ['affinePixels'] },
  standardise: { needs: ['denseRows'] },
  whiten: { needs: ['denseRows'] },
};

const packings: Choices<Config['data']['packing']> = {
  auto: { offers: ['denseRows'] },
  dense: { offers: ['denseRows'] },
  sparse: {},
};

const layered = ['anyLoss', 'scores', 'hiddenLayers'] as const;

const networks = {
  softmax: { offers: ['noHiddenLayers', 'anyLoss', 'scores'], word: '[]' },
  softmaxOnDirections: { offers: ['noHiddenLayers'], word: '[]' },
  oneHiddenLayer: { offers: [...layered, 'oneHiddenLayer'], word: 'a list of one width' },
  layers: { offers: layered, word: 'a list of widths' },
} as const satisfies Record<string, Choice>;

const backends: Choices<Config['backend']['name']> = {
  wasm: {
    offers: ['directionKernels', 'replicas', 'perRowLoss', 'norms', 'separateUnits', 'dropout', 'shortcut'],
  },
  'tfjs-node': { offers: ['norms'] },
  js: { offers: ['dropout', 'shortcut'] },
};

interface Strategy extends Choice {
  readonly gradientBuffers: 'one for each thread' | 0 | 1;
}

const together = ['wholeGradientBeforeUpdate', 'oneCopyOfWeights'] as const;
const byRows = [...together, 'perRowLoss', 'shortcut'] as const;

const strategies: Readonly<Record<Config['parallel']['sync'], Strategy>> = {
  /** What owner offers: whatever else is set, the choice can be owner. */
  auto: { offers: byRows, gradientBuffers: 1 },
  average: { offers: [...byRows, 'separateGradients'], gradientBuffers: 'one for each thread' },
  sharded: { offers: [...byRows, 'separateGradients'], gradientBuffers: 'one for each thread' },
  owner: { offers: byRows, gradientBuffers: 1 },
  units: { needs: ['oneHiddenLayer', 'separateUnits'], offers: together, gradientBuffers: 1 },
  hogwild: { needs: ['replicas'], offers: ['shortcut'], gradientBuffers: 0 },
  'local-sgd': { needs: ['replicas'], offers: ['shortcut'], gradientBuffers: 1 },
};

const losses: Choices<Config['loss']['name']> = {
  'cross-entropy': {},
  'squared-error': { needs: ['anyLoss'] },
  'absolute-error': { needs: ['anyLoss'] },
  huber: { needs: ['anyLoss'] },
  'binary-cross-entropy': { needs: ['anyLoss'] },
};

const optimizers: Choices<Config['optimizer']['name']> = {
  sgd: {},
  adam: {},
  adamw: {},
  lars: { needs: ['norms', 'wholeGradientBeforeUpdate'] },
};

/** A key whose choices restrict those of others. */
export interface Chooser {
  readonly key: string;
  /** Another key that the choice depends on. */
  readonly alsoBy?: string;
  /** Where its value is, if not at the key itself. */
  readonly at?: string;
  readonly choices: Readonly<Record<string, Choice>>;
  /** The name of the choice made; the value received if the choice has no name. */
  readonly choose?: (config: Config) => string;
}

const scored: Choice = { needs: ['scores'], word: 'another metric' };
const positive = (value: number) => (value > 0 ? 'above 0' : '0');
const usesDirections = ({ data }: Config) => data.features.kind === 'directions';

/**
 * Of two choices that do not go together, the later in this list is refused: the earlier ones decide what is trained.
 */
export const choosers: readonly Chooser[] = [
  { key: 'data.features.kind', choices: featureKinds },
  {
    key: 'data.features.quadratic',
    alsoBy: 'data.features.kind',
    choices: { '0': {}, 'above 0': { needs: ['noHiddenLayers'] } },
    choose: (config) => positive(usesDirections(config) ? config.data.features.quadratic : 0),
  },
  { key: 'data.pool', choices: { 1: { offers: ['wholeImages'] }, 2: {} } },
  {
    key: 'data.crop',
    choices: { '0': { offers: ['wholeImages'] }, 'above 0': {} },
    choose: ({ data }) => positive(data.crop),
  },
  { key: 'data.normalise', choices: normalisations },
  { key: 'data.momentNormalise', choices: { false: { offers: ['imagesAsRead'] }, true: {} } },
  { key: 'data.packing', choices: packings },
  {
    key: 'train.batch',
    choices: { eights: { offers: ['batchOfEights'], word: 'a multiple of 8' }, other: {} },
    choose: ({ train }) => (train.batch % 8 === 0 ? 'eights' : 'other'),
  },
  {
    key: 'model.hidden',
    alsoBy: 'data.features.kind',
    choices: networks,
    choose: (config): keyof typeof networks => {
      const { length } = config.model.hidden;
      if (length > 0) return length === 1 ? 'oneHiddenLayer' : 'layers';
      return usesDirections(config) ? 'softmaxOnDirections' : 'softmax';
    },
  },
  { key: 'model.shortcut', choices: { false: {}, true: { needs: ['hiddenLayers', 'shortcut'] } } },
  { key: 'backend', at: 'backend.name', choices: backends },
  { key: 'parallel.sync', choices: strategies },
  { key: 'loss.name', choices: losses },
  {
    key: 'loss.classWeights',
    alsoBy: 'loss.name',
    choices: { none: {}, balanced: { needs: ['anyLoss'] }, 'a list': { needs: ['anyLoss'] } },
    choose: ({ loss }) => classWeightsWord(loss),
  },
  { key: 'optimizer.name', choices: optimizers },
  {
    key: 'optimizer.clip',
    choices: { null: {}, 'a number': { needs: ['norms', 'wholeGradientBeforeUpdate'] } },
    choose: ({ optimizer }) => (optimizer.clip === null ? 'null' : 'a number'),
  },
  {
    key: 'stop.restoreBest',
    choices: { false: { offers: ['lastWeights'] }, true: { needs: ['oneCopyOfWeights'] } },
  },
  {
    key: 'train.tailAverage',
    choices: { '0': {}, 'above 0': { needs: ['oneCopyOfWeights', 'lastWeights'] } },
    choose: ({ train }) => positive(train.tailAverage),
  },
  {
    key: 'train.dropout',
    choices: { '0': {}, 'above 0': { needs: ['dropout'] } },
    choose: ({ train }) => positive(Math.max(0, ...[train.dropout].flat())),
  },
  {
    key: 'train.selective.beta',
    choices: { '0': { offers: ['separateGradients'] }, 'above 0': { needs: ['perRowLoss'] } },
    choose: ({ train }) => positive(train.selective.beta),
  },
  {
    key: 'stop.metric',
    choices: {
      ...{ accuracy: {}, balancedAccuracy: scored, f1: scored, auc: scored, logLoss: scored },
      ...{ rmse: scored, mae: scored, r2: scored },
    },
    choose: ({ stop }) => stop.metric ?? 'accuracy',
  },
  { key: 'log.noiseScale', choices: { false: {}, true: { needs: ['separateGradients'] } } },
];

export interface Misfit {
  /** The key to blame, then what its choice does not go with. */
  readonly keys: readonly string[];
  readonly expected: string;
  readonly received: unknown;
}

/** Pairs of choices of which one needs what the other does not offer, and needs that no choice offers. */
export function misfits(config: Config): Misfit[] {
  return choosers.flatMap((chooser, at) => {
    const name = chosen(chooser, config);
    const received = receivedBy(chooser, config);
    const unoffered = unofferedNeed(chooser.choices[name]);
    const alone =
      unoffered === null
        ? []
        : [
            {
              keys: keysOf(chooser),
              expected: `${offeredElsewhere(chooser)}${because(unoffered)}`,
              received,
            },
          ];
    const beside = choosers.slice(0, at).flatMap((other) => {
      const expected = expectedBeside(chooser, name, other, chosen(other, config));
      return expected === null ? [] : [{ keys: [...keysOf(chooser), ...keysOf(other)], expected, received }];
    });
    return [...alone, ...beside];
  });
}

/** What could replace a choice beside another key's choice, and why; null if the two go together. */
export function expectedBeside(
  chooser: Chooser,
  name: string,
  other: Chooser,
  otherName: string,
): string | null {
  const lacking = clash(chooser, name, other, otherName);
  if (lacking === null) return null;
  const wouldDo = words(chooser, (choice) => clash(chooser, choice, other, otherName) === null);
  const goes = words(other, (choice) => clash(chooser, name, other, choice) === null);
  const clashes = words(other, (choice) => clash(chooser, name, other, choice) !== null);
  const condition = goes.length < clashes.length ? `not ${alternatives(goes)}` : alternatives(clashes);
  return `${alternatives(wouldDo)} if ${other.key} is ${condition}${because(lacking)}`;
}

/** The first capability that one choice needs, the other key answers for, and the other key's choice lacks. */
function clash(one: Chooser, name: string, other: Chooser, otherName: string): Capability | null {
  return missing(one.choices[name], other, otherName) ?? missing(other.choices[otherName], one, name);
}

function missing(needy: Choice | undefined, offerer: Chooser, name: string): Capability | null {
  const offered = offerer.choices[name]?.offers ?? [];
  return needy?.needs?.find((need) => answersFor(offerer, need) && !offered.includes(need)) ?? null;
}

function answersFor({ choices }: Chooser, capability: Capability): boolean {
  return Object.values(choices).some(({ offers }) => offers?.includes(capability));
}

function unofferedNeed(choice: Choice | undefined): Capability | null {
  return choice?.needs?.find((need) => !choosers.some((chooser) => answersFor(chooser, need))) ?? null;
}

function offeredElsewhere(chooser: Chooser): string {
  return alternatives(words(chooser, (name) => unofferedNeed(chooser.choices[name]) === null));
}

function chosen(chooser: Chooser, config: Config): string {
  return chooser.choose?.(config) ?? String(receivedBy(chooser, config));
}

const receivedBy = ({ key, at = key }: Chooser, config: Config) => valueAt(config, at.split('.'));

const keysOf = ({ key, alsoBy }: Chooser) => (alsoBy === undefined ? [key] : [key, alsoBy]);

/** Among the choices that pass a test. */
function words({ choices }: Chooser, test: (name: string) => boolean): string[] {
  const named = Object.entries(choices).filter(([name]) => test(name));
  return [...new Set(named.map(([name, { word }]) => word ?? name))];
}

const because = (capability: Capability) => (reasons[capability] === '' ? '' : `: ${reasons[capability]}`);

/** Values of data.normalise that are a linear map with tensors of its own. */
export function isLinearMap(normalise: Config['data']['normalise']): normalise is 'standardise' | 'whiten' {
  return !normalisations[normalise].offers?.includes('affinePixels');
}

/** Whether norms of the whole gradient are needed before any parameter is updated. */
export const measuresFirst = ({ name, clip }: Config['optimizer']): boolean =>
  clip !== null || (optimizers[name].needs?.includes('norms') ?? false);

/** Number of gradients kept at a time: one for each thread, one in all, or none beside those of the replicas. */
export function gradientBuffers(sync: Config['parallel']['sync'], threads: number): number {
  const { gradientBuffers: count } = strategies[sync];
  return count === 'one for each thread' ? threads : count;
}

/**
 * Whether a rank applies a slice's gradient at once, and no one reads it afterwards: only one slice's is then kept for
 * each rank.
 */
export function appliesAtOnce(sync: Config['parallel']['sync'], optimizer: Config['optimizer']): boolean {
  return strategies[sync].gradientBuffers !== 'one for each thread' && !measuresFirst(optimizer);
}

/** Whether the workers train apart, each on weights that the others do not wait for. */
export const trainsApart = (sync: Config['parallel']['sync']): boolean =>
  strategies[sync].needs?.includes('replicas') ?? false;
