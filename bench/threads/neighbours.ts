/** The engine on all cores beside busy processes: undisturbed, with one neighbour, with as many as there are cores. */
import { plural } from '../../dist/numbers/words.js';
import type { Table } from '../../scripts/performance/record-format.ts';
import { alternate, printed, ratios, shown, spread } from '../harness.ts';
import { type LineProcess, openLineProcess } from '../line-process.ts';
import { type Batch, batches, openEngine, rounds } from './engine-case.ts';

export interface Neighbours {
  readonly table: Table;
  readonly samples: Record<string, readonly number[]>;
  /** Time with a neighbour on each core over the undisturbed time. */
  readonly slowdown: ReadonlyMap<Batch, readonly number[]>;
}

export async function measureNeighbours(cores: number): Promise<Neighbours> {
  const rows: string[][] = [];
  const samples: Record<string, readonly number[]> = {};
  const slowdown = new Map<Batch, readonly number[]>();
  const neighbours: LineProcess[] = [];
  try {
    while (neighbours.length < cores) neighbours.push(await openLineProcess('bench/busy-neighbour.ts'));
    for (const batch of batches) {
      const taken = await measureBatch(batch, neighbours);
      const undisturbed = taken.get(0) ?? [];
      for (const [count, epochMs] of taken) {
        const slower = ratios(epochMs, undisturbed);
        if (count === cores) slowdown.set(batch, slower);
        samples[`ms, batch ${batch}, ${plural(count, 'busy neighbour')}`] = epochMs;
        rows.push([
          batch.toLocaleString('en-US'),
          `${count}`,
          shown(spread(epochMs)),
          shown(spread(slower), 2),
        ]);
      }
    }
  } finally {
    await Promise.all(neighbours.map((neighbour) => neighbour.close()));
  }
  return {
    table: printed({
      title: `Busy neighbours, ${plural(cores, 'thread')}`,
      note: 'An epoch of configs/fastmlp.yaml beside processes that never sleep, placed by the operating system; in turn, median (min–max). With as many as there are cores a fair share of the machine is half of it: 2.00.',
      rows: [['batch', 'neighbours', 'ms an epoch', 'over undisturbed'], ...rows],
    }),
    samples,
    slowdown,
  };
}

/** Milliseconds an epoch by number of busy neighbours. */
async function measureBatch(batch: Batch, neighbours: readonly LineProcess[]) {
  const trainer = await openEngine(batch, neighbours.length);
  const counts = [...new Set([0, 1, neighbours.length])];
  try {
    const taken = await alternate(
      counts.map((count) => ({
        name: `${count}`,
        async run() {
          const busy = neighbours.slice(0, count);
          await Promise.all(busy.map((neighbour) => neighbour.ask('spin')));
          const { trainMs } = await trainer.train(false);
          await Promise.all(busy.map((neighbour) => neighbour.ask('rest')));
          return trainMs;
        },
      })),
      { rounds },
    );
    return new Map(counts.map((count) => [count, taken.get(`${count}`)?.samples ?? []]));
  } finally {
    await trainer.close();
  }
}
