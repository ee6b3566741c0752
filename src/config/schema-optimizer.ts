/** Keys of the optimiser and of its learning rate. */

import * as z from 'zod';
import {
  above,
  atLeast,
  belowOne,
  choiceError,
  countFromOne,
  countOrNull,
  expecting,
  flag,
  oneOf,
  positiveShare,
  section,
  share,
} from './schema-leaves.js';

/** Keys of every optimiser; the default rate differs. */
const rate = (lr: number) => ({
  lr: above(0).default(lr).describe('Learning rate; with a schedule, its peak'),
  referenceBatch: countOrNull()
    .default(null)
    .describe(
      'The batch that optimizer.lr is meant for: the rate is scaled to train.batch (Goyal et al. 2017); null: no scaling',
    ),
  batchScaling: oneOf(['linear', 'sqrt'])
    .default('linear')
    .describe(
      'With optimizer.referenceBatch: the rate grows with the batch, or with its square root (Krizhevsky 2014)',
    ),
  clip: above(0, 'a number above 0, or null')
    .nullable()
    .default(null)
    .describe(
      "A gradient whose norm over all parameters is greater is scaled to this norm before the step, as by PyTorch's clip_grad_norm_ (Pascanu et al. 2013); null: never",
    ),
});

const sgd = section({
  name: z.literal('sgd').default('sgd'),
  ...rate(0.05),
  momentum: belowOne().default(0.9).describe('Momentum'),
  nesterov: flag().default(false).describe('Nesterov momentum; needs optimizer.momentum above 0'),
  weightDecay: atLeast(0).default(0).describe('L2 penalty added to the gradient'),
});

const adam = section({
  name: z.literal('adam'),
  ...rate(0.001),
  beta1: belowOne().default(0.9).describe('Decay of the mean of gradients'),
  beta2: belowOne().default(0.999).describe('Decay of the mean of squared gradients'),
  epsilon: above(0).default(1e-8).describe('Added to the denominator'),
  weightDecay: atLeast(0).default(0).describe('L2 penalty added to the gradient'),
});

const adamw = section({
  name: z.literal('adamw'),
  ...rate(0.001),
  beta1: belowOne().default(0.9).describe('Decay of the mean of gradients'),
  beta2: belowOne().default(0.999).describe('Decay of the mean of squared gradients'),
  epsilon: above(0).default(1e-8).describe('Added to the denominator'),
  weightDecay: atLeast(0)
    .default(0.01)
    .describe(
      'Every parameter, biases too, first loses lr × this of itself, apart from its gradient (Loshchilov & Hutter 2019)',
    ),
});

const lars = section({
  name: z.literal('lars'),
  ...rate(1),
  momentum: belowOne().default(0.9).describe('Momentum'),
  weightDecay: atLeast(0).default(0).describe('L2 penalty added to the gradient of weights, not of biases'),
  trustCoefficient: above(0)
    .default(0.001)
    .describe(
      "A layer's weights learn at lr × this × their norm / the norm of their gradient; biases at lr (You et al. 2017)",
    ),
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

const optimizerNames = ['sgd', 'adam', 'adamw', 'lars'];
export const optimizer = z
  .discriminatedUnion('name', [sgd, adam, adamw, lars], { error: choiceError(optimizerNames) })
  .describe('Optimizer');

const scheduleNames = ['constant', 'step', 'cosine', 'warmup-linear', 'one-cycle'];
export const schedule = z
  .discriminatedUnion('name', [constant, step, cosine, warmupLinear, oneCycle], {
    error: choiceError(scheduleNames),
  })
  .describe('How the learning rate moves during a run');
