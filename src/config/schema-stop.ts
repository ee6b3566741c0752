/** Keys that end a run, and choose the weights that it ends with. */

import * as z from 'zod';

import { classMetrics, valueMetrics } from './choices.js';
import { atLeast, countOrNull, expecting, flag, integer, oneOf, section } from './schema-leaves.js';

const targetWords = 'a number above 0, or null';
const metricWords = `one of ${[...classMetrics, ...valueMetrics].join(', ')}, or null`;
const epochOrSteps = 'epoch, or an integer from 1 up';
export const stop = section({
  metric: z
    .enum([...classMetrics, ...valueMetrics], expecting(metricWords))
    .nullable()
    .default(null)
    .describe(
      'What decides on target, patience and the best evaluation: accuracy, balancedAccuracy, f1 (mean over the classes), auc (mean of ' +
        'each class against the others) or logLoss; of a regression rmse, mae or r2, in the units of the targets. null: accuracy, or rmse',
    ),
  target: z
    .number(expecting(targetWords))
    .gt(0, expecting(targetWords))
    .nullable()
    .default(null)
    .describe(
      'Stop as soon as stop.metric, by default the accuracy, is as good as this; null trains to the end',
    ),
  on: oneOf(['test', 'validation', 'train'])
    .default('test')
    .describe(
      'Images on which accuracy is measured; train: nothing is evaluated, and the accuracy of an epoch is that of its ' +
        'batches, each before its step',
    ),
  every: z
    .union([z.literal('epoch'), integer(epochOrSteps, 1)], expecting(epochOrSteps))
    .default('epoch')
    .describe('When accuracy is measured: after each epoch, or after that many steps'),
  patience: countOrNull().default(null).describe('Stop after that many evaluations without improvement'),
  restoreBest: flag()
    .default(false)
    .describe(
      'End with the weights of the best evaluation instead of the last (early stopping; Goodfellow et al. 2016, ' +
        'ch. 7.8); set stop.on to select them on validation images',
    ),
  bestMargin: atLeast(0)
    .default(0)
    .describe(
      'With stop.restoreBest: the weights after the last step of all epochs stay if the best evaluation is better by no more than so ' +
        'many standard errors of stop.metric, which follow from the number of samples: such a lead may be luck. 0: the best stay',
    ),
  minDelta: atLeast(0)
    .default(0)
    .describe('The smallest improvement of stop.metric, by default the accuracy, that counts as one'),
});
