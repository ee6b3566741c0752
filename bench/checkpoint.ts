/**
 * The cost of a checkpoint each second, and of copies in memory, two a second or less often, within one run: how much longer the steps
 * beside them take than those just before and after. The same in the middle between two of them, where there is none, shows how exact that is.
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Copies } from '../dist/coordinator/recovery.js';
import { initialState } from '../dist/coordinator/state.js';
import { runLength } from '../dist/plan/run-length.js';
import type { RunFacts } from '../dist/run/checkpoint-file.js';
import { lastName } from '../dist/run/checkpoint-names.js';
import { Checkpoints } from '../dist/run/checkpoints.js';
import { type Happening, lostIn, meanInterval, timesOf, type Window } from './checkpoint/lost-time.ts';
import { partsOf } from './checkpoint/parts.ts';
import { openTrainer, printed, shown, singleAndAll, spread, type Trainer } from './harness.ts';
import { type BarId, judge, writeRecord } from './record.ts';

const works = [
  { name: '784-256-128-10', words: [], ids: { file: 'checkpoint-small', copy: 'copy-small' } },
  {
    name: '784-1024-512-10',
    words: ['model.hidden=[1024,512]'],
    ids: { file: 'checkpoint-large', copy: 'copy-large' },
  },
] as const;

const count = Number(process.argv.slice(3).find((word) => /^\d+$/.test(word)) ?? 50);
const ways = {
  file: { window: [-20, 230] },
  copy: { window: [-20, 130] },
} as const satisfies Record<string, { window: Window }>;

const factsOf = ({ config }: Trainer): RunFacts => ({
  ...{ name: 'bench', config, version: '', kernels: null, threads: 0, sync: '', data: {} },
  ...{ startedAt: '', command: '', resumed: [] },
});

/** As the train command makes them, without the records of a run. */
const files =
  (trainer: Trainer, folder: string): Happening =>
  (happened) => {
    const { config, plan, session } = trainer;
    const length = runLength(config, plan.parts.train.count);
    const task = { config, folder, facts: factsOf(trainer), length, flush: happened, records: [] };
    const warn = (_: string, line: string) => console.log(line);
    const made = Checkpoints.of({ ...task, warn, from: null, bestAccuracy: null }, session);
    if (made === null) throw new Error('checkpoint.every is off');
    return made.observer;
  };

/** As a run keeps them in case it loses a worker. */
const copies =
  ({ session }: Trainer): Happening =>
  (happened) => {
    const made = new Copies(session, initialState(1));
    return {
      atMost: () => made.atMost,
      between(state) {
        const { kept } = made;
        made.copyIfDue(state);
        if (made.kept !== kept) happened();
      },
    };
  };

export default async function bench(): Promise<void> {
  const threads = (await singleAndAll()).at(-1) ?? 1;
  const samples: Record<string, readonly number[]> = {};
  const bars: ReturnType<typeof judge>[] = [];
  const costs = [['network', 'MB', 'what', 'ms lost', 'without', '% of the run']];
  const parts = [['network', 'part', 'ms', 'ms of processor time']];
  for (const { name, words, ids } of works) {
    const folder = mkdtempSync(path.join(tmpdir(), 'shardstep-bench-'));
    const all = [...words, 'stop.target=null', 'train.epochs=100000', 'checkpoint.every=1s'];
    const trainer = await openTrainer('fastmlp', all, threads);
    try {
      for (const [part, { ms, cpuMs }] of await partsOf(trainer, factsOf(trainer), folder)) {
        parts.push([name, part, shown(spread(ms)), shown(spread(cpuMs))]);
        samples[`${name}: ${part}, ms`] = ms;
        samples[`${name}: ${part}, ms of processor time`] = cpuMs;
      }
      const happenings = { file: files(trainer, folder), copy: copies(trainer) };
      for (const [way, { window }] of Object.entries(ways)) {
        const times = await timesOf(trainer, count, happenings[way as keyof typeof ways]);
        const everyMs = meanInterval(times);
        const { lost, control } = lostIn(times, everyMs, window);
        const id: BarId = ids[way as keyof typeof ways];
        const shares = lost.map((ms) => (100 * ms) / everyMs);
        bars.push(judge(id, shares));
        samples[`${name}, ${way}: ms lost`] = lost;
        samples[`${name}, ${way}: ms lost without`] = control;
        const megabytes = way === 'file' ? (statSync(path.join(folder, lastName)).size / 1e6).toFixed(1) : '';
        const what =
          way === 'file' ? 'a checkpoint each second' : `a copy each ${(everyMs / 1000).toFixed(2)} s`;
        const cells = [lost, control, shares].map((each) => shown(spread(each), 2));
        costs.push([name, megabytes, what, ...cells]);
      }
    } finally {
      await trainer.close();
      rmSync(folder, { recursive: true });
    }
  }
  await writeRecord('checkpoint', {
    bars,
    tables: [
      printed({
        title: 'What steps lose by a checkpoint, and by a copy in memory',
        note:
          `${threads} threads, ${count} of each in one run, median (min–max): the time of the steps beside it less that of as many steps around ` +
          'them. Without: the same in the middle between two.',
        rows: costs,
      }),
      printed({
        title: 'The parts of a checkpoint',
        note: 'In a process that does nothing else, median (min–max). Workers wait only for the copy.',
        rows: parts,
      }),
    ],
    samples,
  });
}
