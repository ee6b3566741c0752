/** Bars of what users train on data of their own. */
import type { BarDefinition } from './bars.ts';

const brainBar = { bench: 'brain', track: 'pixels', unit: '×', direction: 'at least' } as const;

export const brainBars = {
  'brain-xor': {
    ...brainBar,
    text: '`shardstep/brain`: training time of brain.js over its own, XOR, 2-3-1',
    limit: 1,
  },
  'brain-digits': {
    ...brainBar,
    text: '`shardstep/brain`: training time of brain.js over its own, 784-128-10 on images of MNIST, a sample a step',
    limit: 100,
  },
} as const satisfies Record<string, BarDefinition>;
