/** Bars of `fit` on tables of other people, whose columns have every type. */
import type { BarDefinition } from './bars.ts';
import { atMost } from './proof-bars.ts';

const tablesBar = { bench: 'tables', track: 'tables' } as const;
const atLeast = (limit: number, unit: string) => ({ unit, limit, direction: 'at least' }) as const;

/** Means over the seeds. */
export const tableBars = {
  'tables-adult': { ...tablesBar, text: '`fit`: accuracy on the test file of Adult', ...atLeast(86.5, '%') },
  'tables-diamonds': {
    ...tablesBar,
    text: '`fit`: RMSE of the logarithm of the price on a fifth of Diamonds',
    ...atMost(0.089, ''),
  },
  'tables-letters': { ...tablesBar, text: '`fit`: accuracy on a fifth of Letters', ...atLeast(97, '%') },
  'tables-boosting': {
    ...tablesBar,
    text: "`fit`: tables on which it is more than a point of accuracy or 3 % of the error behind scikit-learn's histogram gradient boosting",
    ...atMost(0, ''),
  },
  'tables-mlp-time': {
    ...tablesBar,
    text: "`fit`: the time of scikit-learn's MLP over its time to the same score, 2 cores; of the tables of 2,000 rows or more the least",
    ...atLeast(5, '×'),
  },
  'tables-pytorch-time': {
    ...tablesBar,
    text: "`fit`: PyTorch's training time with the same recipe over its own, 2 cores; of the tables of 2,000 rows or more the least",
    ...atLeast(3, '×'),
  },
  'texts-fasttext': {
    ...{ bench: 'texts', track: 'tables' },
    text: '`fit` on sentences of two classes: points of accuracy above the better of two settings of fastText',
    ...atLeast(0, 'points'),
  },
  'texts-rate': {
    ...{ bench: 'texts', track: 'tables' },
    text: '`fit` on sentences of two classes: sentences a second of an epoch, 2 cores',
    ...atLeast(200_000, '/s'),
  },
} as const satisfies Record<string, BarDefinition>;
