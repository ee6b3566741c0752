/**
 * Contests in sequence, with the contestants in turn within each; a short sample comes after a run that is not counted.
 */
import type { BarId } from '../../scripts/performance/bars.ts';
import type { Table } from '../../scripts/performance/record-format.ts';
import { alternate, printed, ratios, shown, spread } from '../harness.ts';
import { type Contestant, type Race, races } from './contestants.ts';

interface RaceWords {
  readonly title: string;
  readonly note: string;
  readonly rounds: number;
  /** Short runs need an uncounted run before each sample: the others' turns have emptied the caches. */
  readonly short: boolean;
  /** Number of images trained on. */
  readonly images: number;
  readonly bar?: BarId;
}

const turns =
  'In turn, short runs each after one that is not counted; median (min–max). Ratio: over the fastest peer at its best thread count, round by round, for our best thread count.';

const words: Readonly<Record<Race, RaceWords>> = {
  sprint: {
    title: 'An epoch of 196-128-10 with its evaluation',
    note: `configs/peers-sprint.yaml: pooled pixels, batch 256, images in memory → accuracy on the 10,000 test images. ${turns}`,
    rounds: 21,
    short: true,
    images: 59904,
    bar: 'engine-epoch-over-peers',
  },
  fastmlp: {
    title: 'Training 784-256-128-10',
    note: `configs/fastmlp.yaml: batch 512, one epoch from its start to its last step, shuffling included, without evaluation. ${turns}`,
    rounds: 11,
    short: false,
    images: 59904,
    bar: 'engine-fastmlp-over-peers',
  },
  features: {
    title: 'Our sprint recipe given to the peers',
    note: `configs/mnist-97.yaml: direction features of 2,000 training images, softmax regression at batch 8, features and accuracy of the 10,000 test images; the peers compute the features in vectorised numpy and train with their own means. ${turns}`,
    rounds: 9,
    short: true,
    images: 2000,
  },
};

export interface SideBySide {
  readonly tables: readonly Table[];
  readonly samples: Record<string, readonly number[]>;
  /** Our best over the peers' best: of times, or of images a second; empty without peers. */
  readonly ratios: ReadonlyMap<BarId, readonly number[]>;
}

export async function raceAll(contestants: readonly Contestant[]): Promise<SideBySide> {
  const tables: Table[] = [];
  const samples: Record<string, readonly number[]> = {};
  const reached = new Map<BarId, readonly number[]>();
  for (const race of races) {
    const { title, note, images, bar } = words[race];
    const runs = await run(race, contestants);
    const ours = fastest(runs.filter(({ who }) => who.ours));
    const peer = fastest(runs.filter(({ who }) => !who.ours));
    const rows = runs.map(({ who, ms, accuracies }) => [
      `${who.name} ${who.version}`,
      `${who.threads}`,
      shown(spread(ms)),
      Math.round((images / spread(ms).median) * 1000).toLocaleString('en-US'),
      (100 * spread(accuracies).median).toFixed(2),
      peer === undefined ? '' : (spread(ms).median / spread(peer.ms).median).toFixed(2),
    ]);
    const heading = ['program', 'threads', 'ms', 'images/s', 'accuracy', 'time over the fastest peer'];
    tables.push(printed({ title, note, rows: [heading, ...rows] }));
    for (const { who, ms } of runs) samples[`ms, ${race}: ${who.name}, threads ${who.threads}`] = ms;
    if (bar !== undefined && ours !== undefined && peer !== undefined)
      reached.set(bar, race === 'fastmlp' ? ratios(peer.ms, ours.ms) : ratios(ours.ms, peer.ms));
  }
  return { tables, samples, ratios: reached };
}

interface Run {
  readonly who: Contestant;
  readonly ms: readonly number[];
  readonly accuracies: readonly number[];
}

async function run(race: Race, contestants: readonly Contestant[]): Promise<Run[]> {
  const { rounds, short } = words[race];
  const runs = contestants.map((who) => ({
    who,
    name: `${who.name} ${who.threads}`,
    accuracies: [] as number[],
  }));
  const taken = await alternate(
    runs.map(({ who, name, accuracies }) => ({
      name,
      async run() {
        const seed = accuracies.length + 1;
        if (short) await who.train(race, seed);
        const { ms, accuracy } = await who.train(race, seed);
        accuracies.push(accuracy ?? Number.NaN);
        return ms;
      },
    })),
    { rounds },
  );
  return runs.map(({ who, name, accuracies }) => ({ who, accuracies, ms: taken.get(name)?.samples ?? [] }));
}

function fastest(runs: readonly Run[]): Run | undefined {
  return runs.toSorted((a, b) => spread(a.ms).median - spread(b.ms).median)[0];
}
