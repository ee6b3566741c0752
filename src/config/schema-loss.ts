/** Keys of the loss. */

import * as z from 'zod';

import { losses } from './choices.js';
import { belowOne, choiceError, section } from './schema-leaves.js';

const crossEntropy = section({
  name: z.literal('cross-entropy').default('cross-entropy'),
  labelSmoothing: belowOne().default(0).describe('Share of the target spread evenly over all classes'),
});

const squaredError = section({ name: z.literal('squared-error') });

export const loss = z
  .discriminatedUnion('name', [crossEntropy, squaredError], {
    error: choiceError(losses),
  })
  .describe(
    'The loss that training minimises. cross-entropy: of the softmax of the outputs; squared-error: half the squared distance of ' +
      'the outputs from one-hot targets (Hui & Belkin 2021)',
  );
