/**
 * The upper limit for two threads on this machine: two independent single-thread processes with as much work each, at
 * the same time. They share no barrier, only caches, memory and clock, which two threads share as well. A process with
 * the whole batch has twice the rows of a thread, which costs time if rows exceed a cache. The stricter comparison is
 * with processes that have half the batch, as many rows as a thread.
 */
import type { BarId } from '../../scripts/performance/bars.ts';
import type { Table } from '../../scripts/performance/record-format.ts';
import { alternate, printed, ratios, shown, spread } from '../harness.ts';
import { openLineProcess } from '../line-process.ts';
import { openEngine, overridesOf, recipe, rounds } from './engine-case.ts';

export interface Ceiling {
  readonly table: Table;
  readonly samples: Record<string, readonly number[]>;
  /** Throughput of two threads over that of the two processes. */
  readonly reached: ReadonlyMap<BarId, readonly number[]>;
}

interface Comparison {
  readonly bar: BarId;
  readonly batch: number;
  /** Batch of each process. */
  readonly processBatch: number;
}

export const comparisons: readonly Comparison[] = [
  { bar: 'threads-ceiling-512', batch: 512, processBatch: 512 },
  { bar: 'threads-ceiling-4096', batch: 4096, processBatch: 4096 },
  { bar: 'threads-ceiling-4096-rows', batch: 4096, processBatch: 2048 },
];

export async function measureCeiling(): Promise<Ceiling> {
  const rows: string[][] = [];
  const samples: Record<string, readonly number[]> = {};
  const reached = new Map<BarId, readonly number[]>();
  for (const { bar, batch, processBatch } of comparisons) {
    const { alone, together, threads } = await measure(batch, processBatch);
    const ceiling = ratios(alone, together).map((ratio) => 2 * ratio);
    const ofCeiling = ratios(together, threads).map((ratio) => ratio / 2);
    reached.set(bar, ofCeiling);
    const cells = [alone, together, threads].map((each) => shown(spread(each)));
    const gains = [ceiling, ratios(alone, threads), ofCeiling].map((each) => shown(spread(each), 2));
    rows.push([batch, processBatch].map((each) => each.toLocaleString('en-US')).concat(cells, gains));
    const name = `batch ${batch} of threads, ${processBatch} of processes`;
    samples[`ms, ${name}: one process`] = alone;
    samples[`ms, ${name}: two processes until both are done`] = together;
    samples[`ms, ${name}: 2 threads`] = threads;
  }
  const heading = ['one process', 'two at once', '2 threads', 'ceiling', 'speed-up', 'of the ceiling'];
  return {
    table: printed({
      title: 'The ceiling of two threads',
      note: 'ms of an epoch of configs/fastmlp.yaml in one single-thread process, in two of them at the same time until both are done (twice the work), and in one process with two threads; in turn, median (min–max). Ceiling: throughput of the two processes over that of one. Speed-up: two threads over one process.',
      rows: [['batch', 'of a process', ...heading], ...rows],
    }),
    samples,
    reached,
  };
}

async function measure(batch: number, processBatch: number) {
  const words = [recipe, '1', ...overridesOf(processBatch)];
  const open = () => openLineProcess('bench/threads/trainer-process.ts', words);
  const processes = [await open(), await open()];
  const trainer = await openEngine(batch, 2);
  const train = async (process: (typeof processes)[number]) => Number(await process.ask('train'));
  try {
    const taken = await alternate(
      [
        { name: 'alone', run: () => train(processes[0]) },
        { name: 'together', run: async () => Math.max(...(await Promise.all(processes.map(train)))) },
        { name: 'threads', run: async () => (await trainer.train(false)).trainMs },
      ],
      { rounds },
    );
    const of = (name: string) => taken.get(name)?.samples ?? [];
    return { alone: of('alone'), together: of('together'), threads: of('threads') };
  } finally {
    await trainer.close();
    for (const process of processes) await process.close();
  }
}
