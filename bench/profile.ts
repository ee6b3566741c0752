/**
 * The cost of `profile`, and the share of a run that its phases cover: recipes with and without stamps in turn, in warm
 * worker pools. A run without stamps uses the same objects as one without profiling, so there is no third case.
 */
import { minimum } from '../dist/numbers/statistics.js';
import { phaseTable } from '../dist/profile/phase-table.js';
import { profilePlan } from '../dist/profile/profile-plan.js';
import { totalsOf } from '../dist/profile/totals.js';
import { alternate, openTrainer, printed, ratios, shown, singleAndAll, spread } from './harness.ts';
import { type BarId, judge, writeRecord } from './record.ts';

const recipes: readonly { readonly file: string; readonly bar: BarId; readonly rounds: number }[] = [
  { file: 'fastmlp', bar: 'profile-overhead-fastmlp', rounds: 15 },
  { file: 'pixels-97', bar: 'profile-overhead-pixels-97', rounds: 60 },
  { file: 'mnist-97', bar: 'profile-overhead-mnist-97', rounds: 200 },
];

/** Runs whose phases are added up. */
const analysed = 5;

const title = 'Profiled and not, in turn';
const note =
  'Milliseconds of a run by the resident clock, median (min–max). Over: with stamps over without, round by round. ' +
  'Accounted: share of the run in the phases, median (min–max).';
const heading = ['recipe, threads', 'without stamps', 'with stamps', 'over', 'accounted, %', 'stamps a step'];

interface Compared {
  readonly row: string[];
  readonly over: readonly number[];
  readonly accounted: readonly number[];
  readonly samples: Readonly<Record<string, readonly number[]>>;
}

/** One recipe on one thread count. */
async function compare(file: string, threads: number, rounds: number): Promise<Compared> {
  const [plain, profiled] = [
    await openTrainer(file, [], threads),
    await openTrainer(file, [], threads, undefined, profilePlan(null)),
  ];
  const accounted: number[] = [];
  let stamps = 0;
  const taken = await alternate(
    [
      { name: 'without', run: async () => (await plain.train(true)).residentMs },
      { name: 'with', run: async () => (await profiled.train(true)).residentMs },
    ],
    { rounds },
  );
  // Not between the timed runs: the garbage of the analysis would be collected in one of them.
  for (let run = 0; run < analysed; run++) {
    const { residentMs } = await profiled.train(true);
    if (profiled.profile === null) throw new Error('a profiled session has no stamps');
    const totals = totalsOf(profiled.plan, profiled.profile);
    const roof = { gflops: 1, bandwidthGBs: 1 };
    accounted.push(100 * phaseTable({ totals, work: new Map(), wallMs: residentMs, roof }).accounted);
    stamps = totals.steps.length === 0 ? 0 : totals.stampsInSteps / totals.steps.length;
  }
  await plain.close();
  await profiled.close();
  const [without, withStamps] = ['without', 'with'].map((name) => taken.get(name)?.samples ?? []);
  const over = ratios(withStamps, without);
  const name = `${file}, ${threads}`;
  const row = [
    name,
    shown(spread(without)),
    shown(spread(withStamps)),
    shown(spread(over), 3),
    shown(spread(accounted), 2),
    stamps.toFixed(0),
  ];
  return {
    row,
    over,
    accounted,
    samples: { [`${name}: ms without`]: without, [`${name}: ms with`]: withStamps },
  };
}

export default async function bench(): Promise<void> {
  const counts = await singleAndAll();
  const bars = [];
  const rows = [heading];
  const worst: number[] = [];
  let samples: Record<string, readonly number[]> = {};
  for (const { file, bar, rounds } of recipes) {
    for (const threads of counts) {
      const compared = await compare(file, threads, rounds);
      rows.push(compared.row);
      worst.push(minimum(compared.accounted));
      samples = { ...samples, ...compared.samples };
      if (threads === counts.at(-1)) bars.push(judge(bar, compared.over));
    }
  }
  bars.push(judge('profile-accounted', minimum(worst)));
  await writeRecord('profile', { bars, tables: [printed({ title, note, rows })], samples });
}
