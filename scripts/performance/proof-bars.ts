/** Bars of promises in docs/RELIABILITY.md: lost workers, and sessions one after another. */
import type { BarDefinition } from './bars.ts';

export const atMost = (limit: number, unit: string) => ({ unit, limit, direction: 'at most' }) as const;

const lossBar = { bench: 'worker-loss', track: 'pixels' } as const;

export const lossBars = {
  'worker-loss-end': {
    ...lossBar,
    text: 'a worker that throws, exits, runs out of memory or is terminated: from the loss to the end of the process, the longest',
    ...atMost(2, 's'),
  },
  'worker-loss-faults': {
    ...lossBar,
    text: 'of these runs, the deviations: another exit code than 1, no cause with worker and step, no checkpoint, an orphan',
    ...atMost(0, ''),
  },
  'worker-loss-pause': {
    ...lossBar,
    text: '`parallel.onWorkerLoss=continue`: from the loss until new workers have the copy, from which steps are taken again',
    ...atMost(200, 'ms'),
  },
} as const satisfies Record<string, BarDefinition>;

const soakBar = { bench: 'soak', track: 'pixels' } as const;

/** Of the medians over the last quarter of the time and over the second. */
export const soakBars = {
  'soak-resident': {
    ...soakBar,
    text: 'sessions in one process: growth of the resident memory',
    ...atMost(10, '%'),
  },
  'soak-heap': {
    ...soakBar,
    text: 'sessions in one process: growth of the JavaScript heap',
    ...atMost(5, '%'),
  },
  'soak-handles': { ...soakBar, text: 'sessions in one process: more handles', ...atMost(0, '') },
  'soak-threads': { ...soakBar, text: 'sessions in one process: more threads', ...atMost(0, '') },
} as const satisfies Record<string, BarDefinition>;
