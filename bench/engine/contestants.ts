/** All contestants for the shared recipes, each at one thread and at all physical cores, ready and warm. */
import { openTrainer, root } from '../harness.ts';
import { openLineProcess } from '../line-process.ts';

/** Names in bench/peers/common.py; clock: for fastmlp only the training, otherwise up to the accuracy. */
export const races = ['sprint', 'fastmlp', 'features'] as const;
export type Race = (typeof races)[number];

export interface Contestant {
  readonly name: string;
  readonly version: string;
  readonly threads: number;
  readonly ours: boolean;
  train(race: Race, seed: number): Promise<{ readonly ms: number; readonly accuracy: number | null }>;
  close(): Promise<void>;
}

const recipes: Readonly<Record<Race, { readonly file: string; readonly overrides: readonly string[] }>> = {
  sprint: { file: 'peers-sprint', overrides: [] },
  fastmlp: { file: 'fastmlp', overrides: ['train.epochs=1', 'train.dropLast=true'] },
  features: { file: 'mnist-97', overrides: [] },
};

export async function openOurs(threads: number): Promise<Contestant> {
  const open = (race: Race) => openTrainer(recipes[race].file, recipes[race].overrides, threads);
  const trainers = {
    sprint: await open('sprint'),
    fastmlp: await open('fastmlp'),
    features: await open('features'),
  };
  return {
    name: 'shardstep',
    version: `Node ${process.versions.node}`,
    threads,
    ours: true,
    async train(race, seed) {
      const { residentMs, trainMs, evaluation } = await trainers[race].train(true, seed);
      return { ms: race === 'fastmlp' ? trainMs : residentMs, accuracy: evaluation?.accuracy ?? null };
    },
    async close() {
      for (const trainer of Object.values(trainers)) await trainer.close();
    },
  };
}

export async function openPeer(
  name: 'PyTorch' | 'JAX',
  threads: number,
  python: string,
): Promise<Contestant> {
  const script = `bench/peers/${name.toLowerCase()}_peer.py`;
  const child = await openLineProcess(script, [`${root}data/mnist`, `${threads}`], python);
  const { version } = JSON.parse(child.greeting) as { version: string };
  return {
    name,
    version,
    threads,
    ours: false,
    async train(race, seed) {
      return JSON.parse(await child.ask(`${race} ${seed}`)) as { ms: number; accuracy: number | null };
    },
    close: () => child.close(),
  };
}
