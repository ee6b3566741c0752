/**
 * The configuration of a run: every key, its type, its default, what it means and how a wrong value
 * is refused. The error text of each leaf is what follows "expected" in a refusal. Loading, merging
 * and checks between keys live in the neighbouring files.
 */

import * as z from 'zod';

/**
 * A leaf whose every refusal says the same words, whichever of its checks failed. The members of a union
 * say the union's words: zod reports a member instead of the union where only one has the right type.
 */
const expecting = (expected: string) => ({ error: expected });

const integer = (expected: string, from: number, to = Number.MAX_SAFE_INTEGER) =>
  z.int(expecting(expected)).min(from, expecting(expected)).max(to, expecting(expected));

const countFromOne = () => integer('an integer from 1 up', 1);
const countOrNull = () => integer('an integer from 1 up, or null', 1).nullable();

const atLeast = (low: number) => {
  const expected = `a number from ${low} up`;
  return z.number(expecting(expected)).min(low, expecting(expected));
};

const above = (low: number) => {
  const expected = `a number above ${low}`;
  return z.number(expecting(expected)).gt(low, expecting(expected));
};

/** 0 ≤ x < 1 */
const belowOne = (expected = 'a number from 0 to below 1') =>
  z.number(expecting(expected)).min(0, expecting(expected)).lt(1, expecting(expected));

/** 0 ≤ x ≤ 1 */
const share = () => {
  const expected = 'a number from 0 to 1';
  return z.number(expecting(expected)).min(0, expecting(expected)).max(1, expecting(expected));
};

/** 0 < x ≤ 1 */
const positiveShare = (expected = 'a number above 0 and up to 1') =>
  z.number(expecting(expected)).gt(0, expecting(expected)).max(1, expecting(expected));

const oneOf = <const Words extends readonly [string, ...string[]]>(words: Words) =>
  z.enum(words, expecting(words.length === 1 ? words[0] : `one of ${words.join(', ')}`));

const flag = () => z.boolean(expecting('true or false'));
const pathOrNull = (what: string) => {
  const expected = `the path of a ${what}, or null`;
  return z.string(expecting(expected)).min(1, expecting(expected)).nullable();
};

/** A mapping of keys; it may be left out as a whole, for every key has a default. */
const section = <Shape extends z.ZodRawShape>(shape: Shape) =>
  z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'invalid_type' ? `a mapping with keys ${Object.keys(shape).join(', ')}` : undefined,
  });

/** A mapping whose `name` decides which other keys it has. */
const choiceError = (names: readonly string[]) => (issue: { code?: string | undefined }) =>
  issue.code === 'invalid_type'
    ? 'a name, or a mapping with a name and its keys'
    : `one of ${names.join(', ')}`;

const features = section({
  kind: oneOf(['pixels', 'directions'])
    .default('pixels')
    .describe(
      'What the network sees: pixels, or direction features (8 × pool²) of moment-normalised 28×28 images ' +
        '(Casey 1970; Liu et al. 2003), standardised over the images of the run',
    ),
  grid: z
    .literal([12, 16, 20], expecting('12, 16 or 20'))
    .default(12)
    .describe('Directions: rows and columns on which the normalised image is drawn'),
  pool: z
    .literal([4, 5], expecting('4 or 5'))
    .default(4)
    .describe('Directions: rows and columns that each of the eight is pooled to'),
  rows: oneOf(['pairs', 'all'])
    .default('pairs')
    .describe('Directions: draw the sums of two neighbouring image rows, or all rows'),
  aspect: flag()
    .default(false)
    .describe('Directions: let narrow images stay narrower and flat ones flatter, and draw a little larger'),
  gradient: oneOf(['central', 'sobel']).default('central').describe('Directions: the gradient operator'),
  quadratic: z
    .literal([0, 8, 16, 24, 32, 40, 48], expecting('0, 8, 16, 24, 32, 40 or 48'))
    .default(0)
    .describe('Directions: add the products of so many leading principal components of the features'),
});

const shareOrCount = 'a share from 0 to below 1, or a count from 1 up';
const data = section({
  features: features.prefault({}),
  set: oneOf(['mnist', 'fashion-mnist', 'kmnist', 'idx', 'csv'])
    .default('mnist')
    .describe('Data set; idx and csv are your own files in data.dir'),
  dir: pathOrNull('folder')
    .default(null)
    .describe(
      'Folder with the data files, relative to the working directory; null looks in the usual places',
    ),
  take: countOrNull()
    .default(null)
    .describe(
      'How many training images a run uses: a random subset with data.shuffle, else the leading ones; null is all',
    ),
  pool: z
    .literal([1, 2], expecting('1 or 2'))
    .default(1)
    .describe('Average pooling: 2 makes one pixel out of each 2×2 block'),
  crop: integer('an integer from 0 up', 0).default(0).describe('Pixels removed from each side of an image'),
  normalise: oneOf(['mnist', 'centre', 'none'])
    .default('mnist')
    .describe(
      'Of pixels. mnist: (x/255 − 0.1307)/0.3081; centre: minus the mean of each pixel over the training images, ' +
        'over one standard deviation; none: x/255',
    ),
  shuffle: flag().default(true).describe('Draw a new order of the training images for every epoch'),
  packing: oneOf(['auto', 'sparse', 'dense']).default('auto').describe('How images are kept in memory'),
  validation: z
    .union([belowOne(shareOrCount), integer(shareOrCount, 1)], expecting(shareOrCount))
    .default(0)
    .describe('Share or count of images held out from the end of the training set'),
});

const model = section({
  hidden: z
    .array(integer('an integer from 1 to 65536', 1, 65536), expecting('a list of widths such as [256,128]'))
    .default([256, 128])
    .describe('Widths of the hidden layers; [] is softmax regression'),
  activation: oneOf(['relu', 'tanh', 'gelu']).default('relu').describe('Activation of the hidden layers'),
  init: section({
    kind: oneOf(['torch', 'he', 'lecun', 'recipe', 'zero'])
      .default('torch')
      .describe('How parameters are drawn; torch is the default of nn.Linear'),
    file: pathOrNull('safetensors file')
      .default(null)
      .describe('Start from these parameters instead; relative to the working directory'),
    prefix: z
      .string(expecting('a string'))
      .default('')
      .describe('Prefix of the tensor names in model.init.file'),
  }).prefault({}),
});

const sgd = section({
  name: z.literal('sgd').default('sgd'),
  lr: above(0).default(0.05).describe('Learning rate; with a schedule, its peak'),
  momentum: belowOne().default(0.9).describe('Momentum'),
  nesterov: flag().default(false).describe('Nesterov momentum; needs optimizer.momentum above 0'),
  weightDecay: atLeast(0).default(0).describe('L2 penalty added to the gradient'),
});

const adam = section({
  name: z.literal('adam'),
  lr: above(0).default(0.001).describe('Learning rate; with a schedule, its peak'),
  beta1: belowOne().default(0.9).describe('Decay of the mean of gradients'),
  beta2: belowOne().default(0.999).describe('Decay of the mean of squared gradients'),
  epsilon: above(0).default(1e-8).describe('Added to the denominator'),
  weightDecay: atLeast(0).default(0).describe('L2 penalty added to the gradient'),
});

const constant = section({ name: z.literal('constant').default('constant') });

const step = section({
  name: z.literal('step'),
  every: countFromOne().default(1).describe('Epochs between two drops'),
  gamma: positiveShare().default(0.1).describe('Factor of each drop'),
});

const cosine = section({
  name: z.literal('cosine'),
  final: share().default(0).describe('Last learning rate as a share of the peak'),
});

const warmupLinear = section({
  name: z.literal('warmup-linear'),
  warmup: belowOne().default(0.2).describe('Share of the steps spent rising to the peak'),
  start: share().default(0.1).describe('First learning rate as a share of the peak'),
  end: share().default(0).describe('Last learning rate as a share of the peak'),
});

const insideOne = 'a number above 0 and below 1';
const oneCycle = section({
  name: z.literal('one-cycle'),
  warmup: z
    .number(expecting(insideOne))
    .gt(0, expecting(insideOne))
    .lt(1, expecting(insideOne))
    .default(0.3)
    .describe("Share of the steps spent rising to the peak; pct_start of PyTorch's OneCycleLR"),
  startDivisor: atLeast(1).default(25).describe('The first learning rate is the peak divided by this'),
  finalDivisor: atLeast(1).default(10000).describe('The last learning rate is the first one divided by this'),
});

const optimizer = z
  .discriminatedUnion('name', [sgd, adam], { error: choiceError(['sgd', 'adam']) })
  .describe('Optimizer');

const scheduleNames = ['constant', 'step', 'cosine', 'warmup-linear', 'one-cycle'];
const schedule = z
  .discriminatedUnion('name', [constant, step, cosine, warmupLinear, oneCycle], {
    error: choiceError(scheduleNames),
  })
  .describe('How the learning rate moves during a run');

const train = section({
  batch: countFromOne().default(512).describe('Images in a step, over all threads together'),
  epochs: countFromOne().default(10).describe('Passes over the training images'),
  steps: countOrNull()
    .default(null)
    .describe(
      'Stop after that many steps if train.epochs lasts as long; the schedule is spread over the steps that are run',
    ),
  dropLast: flag().default(false).describe('Leave out a last batch that is not full'),
});

const threadCount = 'an integer from 1 to 256, physical, logical or auto';
const parallel = section({
  threads: z
    .union([integer(threadCount, 1, 256), z.enum(['physical', 'logical', 'auto'])], expecting(threadCount))
    .default('physical')
    .describe(
      'Worker threads: a number, or as many as there are physical or logical cores; auto: as many as pay for ' +
        'themselves by an estimate of the work, which the log gives',
    ),
  sync: oneOf(['average', 'sharded', 'owner']).default('owner').describe("How the threads' work is combined"),
});

const wasm = section({ name: z.literal('wasm').default('wasm') });
const js = section({ name: z.literal('js') });
const tfjsNode = section({
  name: z.literal('tfjs-node'),
  threadsPerWorker: integer('an integer from 1 to 256', 1, 256)
    .default(1)
    .describe(
      'Threads with which TensorFlow computes an operation (TF_NUM_INTRAOP_THREADS, if that is not set); ' +
        'with 1 the pool has the cores to itself',
    ),
});

const backend = z
  .discriminatedUnion('name', [wasm, tfjsNode, js], { error: choiceError(['wasm', 'tfjs-node', 'js']) })
  .describe(
    'What computes on pixels: wasm, the kernels of this package; tfjs-node, TensorFlow (npm run setup:tfjs installs it); js, plain TypeScript, a slow reference',
  );

const epochOrSteps = 'epoch, or an integer from 1 up';
const stop = section({
  target: positiveShare('a number above 0 and up to 1, or null')
    .nullable()
    .default(null)
    .describe('Stop as soon as this accuracy is reached; null trains to the end'),
  on: oneOf(['test', 'validation']).default('test').describe('Images on which accuracy is measured'),
  every: z
    .union([z.literal('epoch'), integer(epochOrSteps, 1)], expecting(epochOrSteps))
    .default('epoch')
    .describe('When accuracy is measured: after each epoch, or after that many steps'),
  patience: countOrNull().default(null).describe('Stop after that many evaluations without improvement'),
  minDelta: atLeast(0).default(0).describe('The smallest rise of accuracy that counts as improvement'),
});

const log = section({
  every: integer('an integer from 0 up', 0)
    .default(10)
    .describe('Steps between two rows of the step log; 0 writes none'),
  level: oneOf(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])
    .default('info')
    .describe('The least severe events that log.ndjson holds; LOG_LEVEL and --log-level set it too'),
});

export const configSchema = section({
  data: data.prefault({}),
  model: model.prefault({}),
  loss: section({
    labelSmoothing: belowOne().default(0).describe('Share of the target spread evenly over all classes'),
  }).prefault({}),
  train: train.prefault({}),
  optimizer: optimizer.prefault({}),
  schedule: schedule.prefault({}),
  parallel: parallel.prefault({}),
  backend: backend.prefault({}),
  stop: stop.prefault({}),
  log: log.prefault({}),
  seed: integer('an integer from 0 to 4294967295', 0, 4294967295)
    .default(1)
    .describe('Seed of every random draw: initial parameters, subset and order of the images'),
});

/** A complete configuration: defaults filled in, every value checked. */
export type Config = z.infer<typeof configSchema>;
