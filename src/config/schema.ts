/**
 * The configuration of a run: every key, its type, its default, its meaning and the words that refuse a wrong value.
 * The error text of each leaf follows "expected" in a refusal. Loading, merging and checks between keys are in the
 * neighbouring files.
 */

import * as z from 'zod';

import { activations, dataSets, normalisations } from './choices.js';
import { checkpoint } from './schema-checkpoint.js';
import { images } from './schema-images.js';
import {
  above,
  atLeast,
  belowOne,
  choiceError,
  columnOrNull,
  countFromOne,
  countOrNull,
  expecting,
  flag,
  integer,
  oneOf,
  pathOrNull,
  section,
} from './schema-leaves.js';
import { loss } from './schema-loss.js';
import { optimizer, schedule } from './schema-optimizer.js';
import { stop } from './schema-stop.js';
import { tableKeys } from './schema-table.js';

// A run checks one configuration: compiling the checks would take longer than it saves.
z.config({ jitless: true });

const features = section({
  kind: oneOf(['pixels', 'directions'])
    .default('pixels')
    .describe(
      'Inputs of the network: pixels, or direction features (8 × pool²) of moment-normalised 28×28 images ' +
        '(Casey 1970; Liu et al. 2003), standardised over the images of the run',
    ),
  grid: z
    .literal([12, 16, 20], expecting('12, 16 or 20'))
    .default(12)
    .describe('Direction features: rows and columns of the grid on which the normalised image is drawn'),
  pool: z
    .literal([4, 5], expecting('4 or 5'))
    .default(4)
    .describe(
      'Direction features: rows and columns to which the map of each of the eight directions is pooled',
    ),
  rows: oneOf(['pairs', 'all'])
    .default('pairs')
    .describe('Direction features: draw the sums of two neighbouring image rows, or all rows'),
  aspect: flag()
    .default(false)
    .describe(
      'Direction features: keep narrow images narrower and flat images flatter, and draw slightly larger',
    ),
  gradient: oneOf(['central', 'sobel'])
    .default('central')
    .describe('Direction features: the gradient operator'),
  quadratic: z
    .literal([0, 8, 16, 24, 32, 40, 48], expecting('0, 8, 16, 24, 32, 40 or 48'))
    .default(0)
    .describe(
      'Direction features: add the products of this many leading principal components of the direction features',
    ),
});

const scaleWords = 'auto or an integer from 1 to 255';
const shareOrCount = 'a share from 0 to below 1, or a count from 1 up';
const data = section({
  features: features.prefault({}),
  set: oneOf(dataSets)
    .default('mnist')
    .describe(
      'Data set; idx and csv (pixels) are your own files in data.dir, table: columns of any types, images: pictures in a folder for each class; cifar-10, emnist and qmnist are their published files in data.dir (docs/data.md); memory: the samples that a program passes, not for the command line',
    ),
  dir: pathOrNull('folder')
    .default(null)
    .describe(
      'Folder with the data files, or the file of a table, relative to the working directory; null looks in the usual places',
    ),
  label: columnOrNull()
    .default(null)
    .describe(
      'Of CSV files: the column of the labels, by its name in the header or its number from 1; null: the column with a ' +
        'name such as label, class or target, else the only one that holds words, else the first (docs/data.md)',
    ),
  ...tableKeys,
  images: images.prefault({}),
  task: oneOf(['auto', 'classification', 'regression', 'labels'])
    .default('auto')
    .describe(
      'What targets are. classification: a class; regression: numbers, whose inputs in CSV files are real numbers too; labels: ' +
        'several numbers of 0 or 1; auto: regression if loss.name is absolute-error or huber or a program passes a Float32Array, else classification',
    ),
  targetScale: oneOf(['auto', 'standard', 'log', 'none'])
    .default('auto')
    .describe(
      'How the network sees the targets of a regression. standard: minus their mean, over their standard deviation, of the training ' +
        'samples; log: the same of their logarithms; auto: log for targets that are positive and skewed, else standard; none: as they ' +
        'are. Metrics and predictions have the units of the targets',
    ),
  take: countOrNull()
    .default(null)
    .describe(
      'Number of training images in a run: a random subset with data.shuffle, else the leading ones; null: all',
    ),
  pool: z
    .literal([1, 2], expecting('1 or 2'))
    .default(1)
    .describe('Average pooling: 2 makes one pixel of each 2×2 block'),
  crop: integer('an integer from 0 up', 0).default(0).describe('Pixels removed from each side of an image'),
  normalise: oneOf(normalisations)
    .default('mnist')
    .describe(
      'Normalisation of inputs. Of pixels: mnist: (x/255 − 0.1307)/0.3081; centre: minus the mean of each pixel over the training images, ' +
        'over one standard deviation; standardise: minus the mean of each, over its own standard deviation; whiten: ' +
        'also decorrelated (ZCA; LeCun et al. 1998), takes seconds at 28×28; none: x/255. Real inputs: standardise (the default), centre or none',
    ),
  normaliseEpsilon: above(0)
    .default(0.01)
    .describe(
      'Added to the variances of pixels from 0 to 1 if data.normalise is standardise or whiten; not of real inputs',
    ),
  momentNormalise: flag()
    .default(false)
    .describe(
      'Redraw every image by its moments before any other step: centred, upright and of one size (Casey 1970)',
    ),
  shuffle: flag().default(true).describe('Draw a new order of the training images for every epoch'),
  packing: oneOf(['auto', 'sparse', 'dense']).default('auto').describe('How images are kept in memory'),
  validation: z
    .union([belowOne(shareOrCount), integer(shareOrCount, 1)], expecting(shareOrCount))
    .default(0)
    .describe('Share or count of training images held out for validation'),
  validationFrom: oneOf(['auto', 'end', 'stratified'])
    .default('auto')
    .describe(
      'Which images are held out: the end of the training set, or a draw from each class in proportion, by the first seed of a command; ' +
        'auto: the end of the sets known by name, a draw from your own files, which may be sorted',
    ),
  scale: z
    .union([z.literal('auto'), integer(scaleWords, 1, 255)], expecting(scaleWords))
    .default('auto')
    .describe(
      'The value of full light. auto: 255; for your own files the largest training value if that is below ' +
        '128, with a warning',
    ),
});

const model = section({
  hidden: z
    .array(integer('an integer from 1 to 65536', 1, 65536), expecting('a list of widths such as [256,128]'))
    .default([256, 128])
    .describe('Widths of the hidden layers; [] is softmax regression'),
  activation: oneOf(activations).default('relu').describe('Activation of the hidden layers'),
  shortcut: flag()
    .default(false)
    .describe(
      'A linear map from the inputs to the outputs beside the layers, added to theirs (Cheng et al. 2016); it begins at zero and ' +
        'dropout leaves it whole',
    ),
  members: integer('an integer from 1 to 256', 1, 256)
    .default(1)
    .describe(
      'Networks that are trained with seeds seed, seed + 1, … on the same samples; the model is their average: of the probabilities, or of ' +
        'the values in the units of the targets',
    ),
  init: section({
    kind: oneOf(['torch', 'he', 'glorot', 'lecun', 'orthogonal', 'recipe', 'zero'])
      .default('torch')
      .describe(
        'Initial values of the parameters. torch: the default of nn.Linear; he, glorot, lecun: uniform, with the variance of ' +
          'He et al. 2015, Glorot & Bengio 2010, LeCun et al. 1998; orthogonal: Saxe et al. 2014; recipe: lecun with a ' +
          'smaller last layer; zero: for softmax regression',
      ),
    file: pathOrNull('safetensors file')
      .default(null)
      .describe('Start from the parameters in this file; relative to the working directory'),
    prefix: z
      .string(expecting('a string'))
      .default('')
      .describe('Prefix of the tensor names in model.init.file'),
  }).prefault({}),
});

const dropoutWords = 'a number from 0 to below 1, or a list of them';
const train = section({
  batch: countFromOne().default(512).describe('Images in a step, over all threads together'),
  epochs: countFromOne().default(10).describe('Passes over the training images'),
  steps: countOrNull()
    .default(null)
    .describe(
      'Stop after this many steps if train.epochs has more; the schedule is spread over the steps of the run',
    ),
  byTable: flag()
    .default(false)
    .describe(
      'Of a table: what follows from its rows and classes, where it is not set: batch, epochs, dropout, label smoothing, validation rows, the metric that decides (docs/data.md)',
    ),
  dropLast: flag().default(false).describe('Leave out a last batch that is not full'),
  tailAverage: belowOne()
    .default(0)
    .describe(
      'End with the average of the weights along this share of the steps, the last ones (Polyak & Juditsky 1992; ' +
        'Izmailov et al. 2018); only the last evaluation is of the average',
    ),
  tailEvery: countFromOne().default(1).describe('Steps between two weights that train.tailAverage includes'),
  dropout: z
    .union([belowOne(dropoutWords), z.array(belowOne(dropoutWords))], expecting(dropoutWords))
    .default(0)
    .describe(
      'Share of the units of each hidden layer that a step leaves out, drawn for each sample (Srivastava et al. 2014); a list: one ' +
        'share for each layer. Evaluations and predictions are of all units; the loss and the hits of a step are not',
    ),
  selective: section({
    beta: atLeast(0)
      .default(0)
      .describe(
        "Selective back-propagation (Jiang et al. 2019): train on an image of a batch with the probability of its loss's percentile to this power; 0: on all",
      ),
  }).prefault({}),
});

export const defaultLocalSteps = 8;

const threadCount = 'an integer from 1 to 256, physical, logical or auto';
const parallel = section({
  threads: z
    .union([integer(threadCount, 1, 256), z.enum(['physical', 'logical', 'auto'])], expecting(threadCount))
    .default('physical')
    .describe(
      'Worker threads: a number, or the number of physical or logical cores that the process may use (affinity, cgroup ' +
        'quotas); auto: the number that an estimate of the work recommends; the log holds the estimate',
    ),
  sync: oneOf(['auto', 'average', 'sharded', 'owner', 'units', 'hogwild', 'local-sgd'])
    .default('auto')
    .describe(
      "How the threads' work is combined. Synchronous steps: average, sharded, owner, and units: each thread has some " +
        'units of the one hidden layer (Shoeybi et al. 2019); auto: units or owner, by configuration and data (docs/how-it-works.md). ' +
        'hogwild: whole batches in parallel on the shared weights, without locks (Niu et al. 2011); local-sgd: on copies ' +
        'of the weights that are averaged at intervals (Stich 2019)',
    ),
  localSteps: countFromOne()
    .default(defaultLocalSteps)
    .describe('parallel.sync=local-sgd: steps that each thread takes on its own copy between two averagings'),
  localAfter: belowOne()
    .default(0)
    .describe(
      'parallel.sync=local-sgd: share of the steps that are synchronous, from the start (post-local SGD, Lin et al. 2020)',
    ),
  heartbeat: atLeast(0.1)
    .default(30)
    .describe(
      'Seconds without a sign of life after which a worker hangs and is lost; at least 20 times the longest step so far, or the estimate of the first. ' +
        'A stopped process or a suspended machine does not count',
    ),
  onWorkerLoss: oneOf(['fail', 'continue'])
    .default('fail')
    .describe(
      'If a worker fails, exits or hangs: fail, the run ends with its error; continue, a new worker takes its place and the ' +
        'run goes on from a copy of its state in memory, with owner and units to the same weights',
    ),
});

const wasm = section({ name: z.literal('wasm').default('wasm') });
const js = section({ name: z.literal('js') });
const tfjsNode = section({
  name: z.literal('tfjs-node'),
  threadsPerWorker: integer('an integer from 1 to 256', 1, 256)
    .default(1)
    .describe(
      'Threads with which TensorFlow computes an operation (sets TF_NUM_INTRAOP_THREADS, unless the environment does); ' +
        'with 1, only the worker threads use the cores',
    ),
});

const backend = z
  .discriminatedUnion('name', [wasm, tfjsNode, js], { error: choiceError(['wasm', 'tfjs-node', 'js']) })
  .describe(
    'Computes the network on pixels: wasm, the kernels of this package; tfjs-node, TensorFlow (installed by npm run setup:tfjs); js, plain TypeScript, a slow reference',
  );

const log = section({
  every: integer('an integer from 0 up', 0)
    .default(10)
    .describe('Steps between two rows of the step log; 0: no step log'),
  noiseScale: flag()
    .default(false)
    .describe(
      "Estimate the gradient noise scale (McCandlish et al. 2018) from the threads' gradients; needs parallel.sync=average or sharded and 2 threads or more",
    ),
  level: oneOf(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])
    .default('info')
    .describe('The least severe level of events in log.ndjson; LOG_LEVEL and --log-level set it too'),
  tensorboard: flag()
    .default(false)
    .describe(
      'Write an event file for TensorBoard to the run folder: loss, accuracy and learning_rate by step and wall time',
    ),
});

export const configSchema = section({
  data: data.prefault({}),
  model: model.prefault({}),
  loss: loss.prefault({}),
  train: train.prefault({}),
  optimizer: optimizer.prefault({}),
  schedule: schedule.prefault({}),
  parallel: parallel.prefault({}),
  backend: backend.prefault({}),
  stop: stop.prefault({}),
  log: log.prefault({}),
  checkpoint: checkpoint.prefault({}),
  seed: integer('an integer from 0 to 4294967295', 0, 4294967295)
    .default(1)
    .describe('Seed of every random draw: initial parameters, subset and order of the images'),
});

/** A complete configuration: defaults filled in, every value checked. */
export type Config = z.infer<typeof configSchema>;
