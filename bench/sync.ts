/** Compares the ways of combining the workers' work: an epoch of each recipe without evaluations. */
import { alternate, openTrainer, shown, spread, table, writeResults } from './harness.ts';

const rounds = 9;
const recipes = [
  { file: 'sweep', title: '784-256-128-10, batch 512 (configs/fastmlp.yaml, one epoch)' },
  { file: 'pixels-97', title: '196-128-10, batch 64 (configs/pixels-97.yaml)' },
];

export default async function bench(): Promise<void> {
  const results: Record<string, unknown> = {};
  for (const { file, title } of recipes) {
    const cases = [];
    for (const sync of ['average', 'sharded', 'owner']) {
      for (const threads of [1, 2]) {
        const trainer = await openTrainer(file, [`parallel.sync=${sync}`], threads);
        const shares = { compute: [] as number[], update: [] as number[] };
        cases.push({ name: `${sync}, ${threads}`, trainer, images: 0, shares });
      }
    }
    const taken = await alternate(
      cases.map((each) => ({
        name: each.name,
        async run() {
          const { trainMs, images, phases } = await each.trainer.train(false);
          each.images = images;
          each.shares.compute.push(phases.compute / trainMs);
          each.shares.update.push(phases.update / trainMs);
          return trainMs;
        },
      })),
      { rounds },
    );
    const rows = cases.map(({ name, images, shares }) => {
      const epoch = spread(taken.get(name)?.samples ?? []);
      const [work, applied] = [shares.compute, shares.update].map((each) => spread(each.slice(1)).median);
      const share = (part: number) => `${(100 * part).toFixed(0)} %`;
      return [
        name,
        shown(epoch),
        `${(images / epoch.median).toFixed(0)}k`,
        share(work),
        share(Math.max(0, 1 - work - applied)),
        share(applied),
      ];
    });
    console.log(`${title}\n`);
    console.log(
      table([['sync, threads', 'ms an epoch', 'images/s', 'compute', 'waiting', 'update'], ...rows]),
    );
    console.log();
    results[file] = cases.map(({ name, images, shares }) => ({
      name,
      images,
      ...taken.get(name),
      shares: { compute: shares.compute.slice(1), update: shares.update.slice(1) },
    }));
    for (const { trainer } of cases) await trainer.close();
  }
  writeResults('sync', results);
}
