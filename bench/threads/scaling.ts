/** Time against threads for each way of combining the workers' work, and the workers' time by phase. */

import type { PhaseTimes } from '../../dist/coordinator/work.js';
import type { SyncName } from '../../dist/plan/plan.js';
import type { Table } from '../../scripts/performance/record-format.ts';
import { alternate, shown, spread, type Trainer } from '../harness.ts';
import { type Batch, batches, openEngine, ratios, rounds } from './engine-case.ts';

const syncs: readonly SyncName[] = ['average', 'sharded', 'owner'];

interface Measured {
  readonly batch: Batch;
  readonly sync: SyncName;
  readonly threads: number;
  readonly epochMs: readonly number[];
  readonly phases: readonly PhaseTimes[];
}

export interface Scaling {
  readonly tables: Table[];
  readonly samples: Record<string, readonly number[]>;
  /** For the default strategy. */
  epochMs(batch: Batch, threads: number): readonly number[];
}

export async function measureScaling(threads: readonly number[], cores: number): Promise<Scaling> {
  const measured: Measured[] = [];
  const tables: Table[] = [];
  for (const batch of batches) {
    const { of, table } = await measureBatch(batch, threads, cores);
    measured.push(...of);
    tables.push(table);
  }
  return {
    tables,
    samples: Object.assign({}, ...measured.map(samplesOf)),
    epochMs: (batch, threads) =>
      measured.find((each) => each.batch === batch && each.sync === 'owner' && each.threads === threads)
        ?.epochMs ?? [],
  };
}

function samplesOf({ batch, sync, threads, epochMs, phases }: Measured): Scaling['samples'] {
  const name = `batch ${batch}, ${sync}, ${threads} thread${threads === 1 ? '' : 's'}`;
  return {
    [`ms an epoch, ${name}`]: epochMs,
    [`ms of computing, ${name}`]: phases.map(({ compute }) => compute),
    [`ms of waiting, ${name}`]: phases.map(({ wait }) => wait),
    [`ms of updating, ${name}`]: phases.map(({ update }) => update),
  };
}

async function measureBatch(batch: Batch, threads: readonly number[], cores: number) {
  const cases: { sync: SyncName; trainer: Trainer; phases: PhaseTimes[]; imagesPerEpoch: number }[] = [];
  for (const sync of syncs) {
    for (const count of threads) {
      const trainer = await openEngine(batch, count, [`parallel.sync=${sync}`]);
      cases.push({ sync, trainer, phases: [], imagesPerEpoch: 0 });
    }
  }
  const nameOf = ({ sync, trainer }: (typeof cases)[number]) => `${sync}, ${trainer.threads}`;
  const taken = await alternate(
    cases.map((each) => ({
      name: nameOf(each),
      async run() {
        const { trainMs, images, phases } = await each.trainer.train(false);
        each.phases.push(phases);
        each.imagesPerEpoch = images;
        return trainMs;
      },
    })),
    { rounds },
  );
  for (const { trainer } of cases) await trainer.close();

  const of = cases.map(
    (each): Measured => ({
      batch,
      sync: each.sync,
      threads: each.trainer.threads,
      epochMs: taken.get(nameOf(each))?.samples ?? [],
      // The first phases are those of the warm-up.
      phases: each.phases.slice(1),
    }),
  );
  const rows = of.map(({ sync, threads, epochMs, phases }, i) => {
    const single = of.find((other) => other.sync === sync && other.threads === 1);
    const epoch = spread(epochMs);
    return [
      sync,
      `${threads}${threads > cores ? ` (${cores} cores)` : ''}`,
      shown(epoch),
      Math.round((1000 * cases[i].imagesPerEpoch) / epoch.median).toLocaleString('en-US'),
      shown(spread(ratios(single?.epochMs ?? [], epochMs)), 2),
      ...shares(phases),
    ];
  });
  const table: Table = {
    title: `Threads, 784-256-128-10, batch ${batch.toLocaleString('en-US')}`,
    note: `One epoch of configs/fastmlp.yaml without evaluation, warm pools, ${rounds} rounds in turn; median (min–max). Shares are of the workers' time; waiting is that at barriers, for slower workers (imbalance) and for the barrier itself.`,
    rows: [
      ['sync', 'threads', 'ms an epoch', 'images/s', 'speed-up', 'compute', 'waiting', 'update'],
      ...rows,
    ],
  };
  return { of, table };
}

/** Compute, wait and update: medians of their shares. */
function shares(phases: readonly PhaseTimes[]): string[] {
  return (['compute', 'wait', 'update'] as const).map((phase) => {
    const parts = phases.map((times) => times[phase] / (times.compute + times.wait + times.update));
    return `${(100 * spread(parts).median).toFixed(1)} %`;
  });
}
