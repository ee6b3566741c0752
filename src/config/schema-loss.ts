/** Keys of the loss. */

import * as z from 'zod';

import { losses } from './choices.js';
import { above, belowOne, choiceError, expecting, section } from './schema-leaves.js';

const weightWords = 'none, balanced, or a list of numbers above 0, one for each class';
const crossEntropy = section({
  name: z.literal('cross-entropy').default('cross-entropy'),
  labelSmoothing: belowOne().default(0).describe('Share of the target spread evenly over all classes'),
  classWeights: z
    .union(
      [
        z.enum(['none', 'balanced']),
        z.array(z.number(expecting(weightWords)).gt(0, expecting(weightWords)), expecting(weightWords)),
      ],
      expecting(weightWords),
    )
    .default('none')
    .describe(
      'Factors of the loss by class. balanced: training samples over classes times the samples of the class, 1 on average; ' +
        'a list: in the order of the classes. A step is divided by its number of samples, not by the sum of their weights',
    ),
});

const squaredError = section({ name: z.literal('squared-error') });
const absoluteError = section({ name: z.literal('absolute-error') });
const huber = section({
  name: z.literal('huber'),
  delta: above(0)
    .default(1)
    .describe(
      'Difference up to which the loss is quadratic, and linear beyond; in units of the scaled target',
    ),
});
const binaryCrossEntropy = section({ name: z.literal('binary-cross-entropy') });

export const loss = z
  .discriminatedUnion('name', [crossEntropy, squaredError, absoluteError, huber, binaryCrossEntropy], {
    error: choiceError(losses),
  })
  .describe(
    'The loss that training minimises. cross-entropy: of the softmax of the outputs; squared-error: half the squared distance of ' +
      'the outputs from the values, or from one-hot targets (Hui & Belkin 2021); absolute-error: the sum of distances; huber: ' +
      'quadratic near the target and linear far from it (Huber 1964); binary-cross-entropy: of the sigmoid of one output for two ' +
      'classes, or of each output for several labels of a sample',
  );
