/**
 * What two threads could reach at best on this machine: two independent single-thread processes with the same work
 * at the same time. They share no barrier, only caches, memory and clock, which two threads must share as well.
 */
import type { Table } from '../../scripts/performance/record-format.ts';
import { alternate, shown, spread } from '../harness.ts';
import { type Batch, batches, openEngine, overridesOf, ratios, recipe, rounds } from './engine-case.ts';
import { openLineProcess } from './line-process.ts';

export interface Ceiling {
  readonly table: Table;
  readonly samples: Record<string, readonly number[]>;
  /** Throughput of two threads over that of the two processes. */
  readonly reached: ReadonlyMap<Batch, readonly number[]>;
}

export async function measureCeiling(): Promise<Ceiling> {
  const rows: string[][] = [];
  const samples: Record<string, readonly number[]> = {};
  const reached = new Map<Batch, readonly number[]>();
  for (const batch of batches) {
    const { alone, together, threads } = await measureBatch(batch);
    const ceiling = ratios(alone, together).map((ratio) => 2 * ratio);
    const ofCeiling = ratios(together, threads).map((ratio) => ratio / 2);
    reached.set(batch, ofCeiling);
    const cells = [spread(alone), spread(together), spread(threads)].map((each) => shown(each));
    const gains = [ceiling, ratios(alone, threads), ofCeiling].map((each) => shown(spread(each), 2));
    rows.push([batch.toLocaleString('en-US'), ...cells, ...gains]);
    samples[`ms, batch ${batch}, one process`] = alone;
    samples[`ms, batch ${batch}, two processes until both are done`] = together;
    samples[`ms, batch ${batch}, one process with 2 threads`] = threads;
  }
  const heading = ['one process', 'two at once', '2 threads', 'ceiling', 'speed-up', 'of the ceiling'];
  return {
    table: {
      title: 'The ceiling of two threads',
      note: 'ms of an epoch of configs/fastmlp.yaml in one single-thread process, in two of them at the same time until both are done (twice the work), and in one process with two threads; in turn, median (min–max). Ceiling: throughput of the two processes over that of one.',
      rows: [['batch', ...heading], ...rows],
    },
    samples,
    reached,
  };
}

async function measureBatch(batch: Batch) {
  const words = [recipe, '1', ...overridesOf(batch)];
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
