/** Time against threads for each way of combining the workers' work, and the workers' time by phase. */

import type { PhaseTimes } from '../../dist/coordinator/work.js';
import { plural } from '../../dist/numbers/words.js';
import type { SyncName } from '../../dist/plan/plan.js';
import type { Table } from '../../scripts/performance/record-format.ts';
import { alternate, openTrainer, printed, ratios, setUp, shown, spread, type Trainer } from '../harness.ts';
import { type Batch, batches, overridesOf, recipe, rounds } from './engine-case.ts';

const syncs: readonly SyncName[] = ['average', 'sharded', 'owner'];
/** Of networks with one hidden layer. */
const syncsOfOneLayer: readonly SyncName[] = [...syncs, 'units'];

/** What is trained on, and how its samples and its table are called. */
export interface Work {
  readonly recipe: string;
  readonly overrides: readonly string[];
  readonly name: string;
  readonly title: string;
}

export interface Scaling {
  readonly tables: Table[];
  readonly samples: Record<string, readonly number[]>;
  /** For the default strategy. */
  epochMs(batch: Batch, threads: number): readonly number[];
}

export async function measureScaling(threads: readonly number[], cores: number): Promise<Scaling> {
  const works = batches.map((batch) => ({
    recipe,
    overrides: overridesOf(batch),
    name: `batch ${batch}`,
    title: `Threads, 784-256-128-10, batch ${batch.toLocaleString('en-US')}`,
  }));
  const { tables, samples } = await measureWorks(works, threads, cores);
  return {
    tables,
    samples,
    epochMs: (batch, count) => samples[epochName(`batch ${batch}`, 'owner', count)] ?? [],
  };
}

const caseName = (name: string, sync: SyncName, threads: number) =>
  `${name}, ${sync}, ${plural(threads, 'thread')}`;
const epochName = (...of: Parameters<typeof caseName>) => `ms an epoch, ${caseName(...of)}`;

export async function measureWorks(works: readonly Work[], threads: readonly number[], cores: number) {
  const tables: Table[] = [];
  const samples: Record<string, readonly number[]> = {};
  for (const work of works) tables.push(printed(await measureWork(work, threads, cores, samples)));
  return { tables, samples };
}

async function measureWork(
  { recipe: file, overrides, name: work, title }: Work,
  threads: readonly number[],
  cores: number,
  samples: Record<string, readonly number[]>,
): Promise<Table> {
  const cases: { sync: SyncName; trainer: Trainer; phases: PhaseTimes[]; imagesPerEpoch: number }[] = [];
  const { config } = await setUp(file, overrides);
  for (const sync of config.model.hidden.length === 1 ? syncsOfOneLayer : syncs) {
    for (const count of threads) {
      const trainer = await openTrainer(file, [...overrides, `parallel.sync=${sync}`], count);
      cases.push({ sync, trainer, phases: [], imagesPerEpoch: 0 });
    }
  }
  const nameOf = ({ sync, trainer }: (typeof cases)[number]) => epochName(work, sync, trainer.threads);
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

  const rows = cases.map((each) => {
    const { sync, trainer, imagesPerEpoch } = each;
    const epochMs = taken.get(nameOf(each))?.samples ?? [];
    const singleMs = taken.get(epochName(work, sync, 1))?.samples ?? [];
    // The first phases are those of the warm-up.
    const phases = each.phases.slice(1);
    const name = caseName(work, sync, trainer.threads);
    samples[nameOf(each)] = epochMs;
    samples[`ms of computing, ${name}`] = phases.map(({ compute }) => compute);
    samples[`ms of waiting, ${name}`] = phases.map(({ wait }) => wait);
    samples[`ms of updating, ${name}`] = phases.map(({ update }) => update);
    return [
      sync,
      `${trainer.threads}${trainer.threads > cores ? ` (${cores} cores)` : ''}`,
      shown(spread(epochMs)),
      Math.round((1000 * imagesPerEpoch) / spread(epochMs).median).toLocaleString('en-US'),
      shown(spread(ratios(singleMs, epochMs)), 2),
      ...shares(phases),
    ];
  });
  const heading = ['sync', 'threads', 'ms an epoch', 'images/s', 'speed-up', 'compute', 'waiting', 'update'];
  const note = `One epoch of configs/${file}.yaml without evaluation, warm pools, ${rounds} rounds in turn; median (min–max). Shares are of the workers' time; waiting is that at barriers, for slower workers (imbalance) and for the barrier itself.`;
  return { title, note, rows: [heading, ...rows] };
}

/** Compute, wait and update: medians of their shares. */
function shares(phases: readonly PhaseTimes[]): string[] {
  return (['compute', 'wait', 'update'] as const).map((phase) => {
    const parts = phases.map((times) => times[phase] / (times.compute + times.wait + times.update));
    return `${(100 * spread(parts).median).toFixed(1)} %`;
  });
}
