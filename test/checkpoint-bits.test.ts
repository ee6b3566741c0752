/**
 * A run that is captured goes on to the same bits, in the same session and in another one, for everything on which the rest
 * of a run may depend: strategies, optimisers, packings, features, what follows from a step.
 */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { type Checkpoint, capture, restore } from '../dist/coordinator/checkpoint.js';
import { Interrupted } from '../dist/coordinator/interruption.js';
import { follow, type RunObserver } from '../dist/coordinator/run-loop.js';
import type { Session } from '../dist/coordinator/session.js';
import { initialState, type TrainingState } from '../dist/coordinator/state.js';
import { trainingCourse } from '../dist/coordinator/training-run.js';
import type { Dataset, Samples } from '../dist/data/dataset.js';
import { someMnist } from './support/pairs.ts';
import { configure, openSession } from './support/training.ts';

/** 7 steps an epoch, the last of them partial; 17 steps. */
const small = [
  ...['model.hidden=[20]', 'data.take=400', 'train.batch=64', 'optimizer.lr=0.05', 'stop.every=4'],
  ...['train.epochs=4', 'train.steps=17', 'parallel.threads=2'],
];
const deep = ['model.hidden=[24,16]'];
const directions = ['data.features.kind=directions', 'data.features.quadratic=8', 'model.hidden=[]'];
const apart = ['parallel.sync=local-sgd', 'parallel.localSteps=3'];
const adam = 'optimizer={name: adam, lr: 0.01}';

interface Case {
  readonly words: readonly string[];
  readonly threads?: number;
  /** Threads of the session that goes on. */
  readonly resumedBy?: number;
  /** Two values of each image as targets. */
  readonly hasValues?: boolean;
}

const cases: Readonly<Record<string, Case>> = {
  average: { words: [...deep, 'parallel.sync=average'] },
  'sharded, Adam': { words: [...deep, 'parallel.sync=sharded', adam] },
  owner: { words: [...deep, 'parallel.sync=owner'], resumedBy: 3 },
  'owner, dropout': { words: [...deep, 'parallel.sync=owner', 'train.dropout=[0.3,0.5]'], resumedBy: 3 },
  'units, dropout, sigmoid': {
    words: ['model.hidden=[150]', 'parallel.sync=units', 'train.dropout=0.4', 'model.activation=sigmoid'],
    resumedBy: 1,
  },
  'local-sgd, dropout': { words: [...deep, ...apart, 'train.dropout=0.4'] },
  'owner, AdamW, clipped, 2 threads and then 1': {
    words: ['optimizer={name: adamw, lr: 0.01, clip: 0.1}', 'parallel.sync=owner'],
    threads: 2,
    resumedBy: 1,
  },
  'owner, Adam, 1 thread and then 2': { words: [adam, 'parallel.sync=owner'], threads: 1, resumedBy: 2 },
  'owner, LARS': { words: [...deep, 'optimizer={name: lars}', 'parallel.sync=owner'], resumedBy: 1 },
  'owner, dense rows': {
    words: [...deep, 'data.normalise=standardise', 'parallel.sync=owner'],
    resumedBy: 1,
  },
  'owner, balanced': {
    words: ['model.hidden=[256]', 'train.batch=200', 'parallel.sync=owner'],
    resumedBy: 1,
  },
  units: { words: ['model.hidden=[150]', 'parallel.sync=units'], resumedBy: 3 },
  'units, Adam, GELU': {
    words: ['model.hidden=[150]', 'parallel.sync=units', adam, 'model.activation=gelu'],
    resumedBy: 1,
  },
  'local-sgd': { words: [...deep, ...apart] },
  'local-sgd, Adam': { words: [...deep, ...apart, adam] },
  'post-local SGD': { words: [...deep, ...apart, 'parallel.localAfter=0.4'], threads: 3 },
  'hogwild, 1 thread': { words: [...deep, 'parallel.sync=hogwild', adam], threads: 1 },
  'plain TypeScript': { words: ['backend=js', 'data.pool=2', 'parallel.sync=owner'], resumedBy: 1 },
  'direction features': { words: directions, resumedBy: 3 },
  'direction features, trained by one': {
    words: [...directions, 'train.batch=8', 'stop.every=9'],
    resumedBy: 1,
  },
  'direction features, hidden layer': {
    words: ['data.features.kind=directions', 'parallel.sync=owner'],
    resumedBy: 1,
  },
  'tail average': { words: ['train.tailAverage=0.8', 'train.tailEvery=2'] },
  'best weights and patience': {
    words: [
      'stop.restoreBest=true',
      'optimizer.lr=0.7',
      'stop.every=2',
      'stop.patience=20',
      'stop.minDelta=0.5',
    ],
  },
  'noise scale': { words: ['log.noiseScale=true', 'parallel.sync=sharded'] },
  'chosen rows': { words: ['train.selective.beta=1', 'parallel.sync=owner'], resumedBy: 1 },
  'regression, Huber, best by RMSE': {
    words: [
      ...['data.set=memory', 'loss.name=huber', 'stop.metric=rmse', 'stop.restoreBest=true', 'stop.every=2'],
      ...['stop.patience=20', 'optimizer.lr=0.3', 'parallel.sync=owner'],
    ],
    hasValues: true,
    resumedBy: 3,
  },
  'regression, squared error, 1 thread and then 2': {
    words: ['data.set=memory', 'loss.name=squared-error', 'parallel.sync=owner'],
    hasValues: true,
    threads: 1,
    resumedBy: 2,
  },
  'weighted classes, best by F1': {
    words: ['loss.classWeights=balanced', 'stop.metric=f1', 'stop.restoreBest=true', 'stop.every=2'],
  },
  'no order drawn': { words: ['data.shuffle=false', 'train.dropLast=true'] },
};

let ofClasses: Dataset;
let ofValues: Dataset;
before(async () => {
  ofClasses = await someMnist(500, 120);
  const values = (part: Samples): Samples => ({
    ...part,
    targets: Float32Array.from(
      [...part.targets].flatMap((label, i) => [label ** 2, part.values[i * 784 + 400]]),
    ),
  });
  const target = { kind: 'value', width: 2, names: ['square', 'pixel'] } as const;
  const { train, test } = ofClasses;
  ofValues = { ...ofClasses, name: 'memory', train: values(train), test: values(test), target };
});

const untimed = ({ tail, ...state }: TrainingState) => ({
  ...{ ...state, elapsedMs: 0, evaluateMs: 0, featuresMs: 0 },
  tail: tail && { ...tail, sums: [...tail.sums] },
});

const vectorsOf = (session: Session) =>
  new Map([...session.lasting].map(([name, vector]) => [name, vector.slice()]));

for (const [what, { words: own, threads = 2, resumedBy = threads, hasValues = false }] of Object.entries(
  cases,
))
  test(`${what}: captured after any step, it goes on to the same bits`, async () => {
    const words = [...small, ...own];
    const dataset = hasValues ? ofValues : ofClasses;
    const config = await configure(...words);
    const first = await openSession(dataset, threads, words);
    try {
      const course = trainingCourse(first.session, config, 3);
      const reports: string[] = [];
      const recorded: Partial<RunObserver> = {
        step: ({ step, epoch }, { loss }) => reports.push(`${step} of ${epoch}: ${loss.toPrecision(6)}`),
        evaluation: ({ step }, { accuracy }) => reports.push(`${step}: ${accuracy}`),
        epoch: ({ epoch }, loss) => reports.push(`epoch ${epoch}: ${loss.toPrecision(6)}`),
        noiseScale: ({ step }) => reports.push(`noise after ${step}`),
      };
      await first.trainer.start(3);
      const whole = await follow(first.session, course, initialState(3), recorded);
      const expected = { reports: reports.splice(0), vectors: vectorsOf(first.session) };
      const sameRun = (rest: typeof whole, session: Session, from: string) => {
        assert.deepEqual(reports.splice(0), expected.reports, from);
        assert.deepEqual(untimed(rest.state), untimed(whole.state), from);
        if (resumedBy === threads) assert.deepEqual(vectorsOf(session), expected.vectors, from);
        assert.deepEqual(
          session.lasting.get('parameters')?.slice(),
          expected.vectors.get('parameters'),
          from,
        );
      };

      // Commands of any lengths, with a copy after each.
      const copies: { readonly copy: Checkpoint; readonly reported: number }[] = [];
      const cut: Partial<RunObserver> = {
        ...recorded,
        atMost: ({ step }) => 1 + (step % 3),
        between: (state) => copies.push({ copy: capture(first.session, state), reported: reports.length }),
      };
      await first.trainer.start(3);
      sameRun(await follow(first.session, course, initialState(3), cut), first.session, 'shorter commands');
      const resume = async ({ copy, reported }: (typeof copies)[number], session: Session) => {
        reports.push(...expected.reports.slice(0, reported));
        if (session.plan.directions === null) session.order.fill(0);
        const start = restore(session, copy);
        const rest = trainingCourse(session, config, 3);
        sameRun(await follow(session, rest, start, recorded), session, `after step ${copy.state.step}`);
      };
      assert.ok(copies.length >= 5, `${copies.length} copies`);
      await first.trainer.start(4);
      for (const at of copies) await resume(at, first.session);
      await first.session.close();

      const other = await openSession(dataset, resumedBy, words);
      try {
        await other.trainer.start(5);
        for (const at of [...copies].reverse()) await resume(at, other.session);
      } finally {
        await other.session.close();
      }
    } finally {
      await first.session.close().catch(() => {});
    }
  });

test('interrupted at a step, at the end of an epoch and in a begun one too: what follows from the step is done later', async () => {
  const words = [...small, 'train.tailAverage=0.7', 'log.noiseScale=true', 'parallel.sync=sharded'];
  const config = await configure(...words);
  const whole = await openSession(ofClasses, 2, words);
  const reports: string[] = [];
  const recorded: Partial<RunObserver> = {
    step: ({ step }, { loss }) => reports.push(`${step}: ${loss}`),
    evaluation: ({ step }, { accuracy }) => reports.push(`${step} evaluated: ${accuracy}`),
    epoch: ({ epoch }, loss) => reports.push(`epoch ${epoch}: ${loss}`),
    noiseScale: ({ step }) => reports.push(`noise after ${step}`),
  };
  await whole.trainer.start(3);
  const expected = await follow(
    whole.session,
    trainingCourse(whole.session, config, 3),
    initialState(3),
    recorded,
  );
  const all = { reports: reports.splice(0), vectors: vectorsOf(whole.session) };
  await whole.session.close();

  // The first, the last two, those of evaluations (every 4) and of the ends of epochs (every 7), and their neighbours.
  for (const at of [1, 4, 6, 7, 8, 9, 13, 14, 15, 16, 17])
    for (const when of ['in its last step', 'before the next command'] as const) {
      const interruption = new AbortController();
      const { trainer, session } = await openSession(ofClasses, 2, words, interruption.signal);
      let left: Checkpoint | null = null;
      const observer: Partial<RunObserver> = {
        ...recorded,
        atMost: () => 1,
        between: ({ step }) => {
          if (step === at && when === 'before the next command') interruption.abort();
        },
        stopped: (_, state) => {
          left = capture(session, state);
        },
      };
      const run = session.run.bind(session);
      // As if all ranks had announced that they stop after the command's last step.
      session.run = async (work, tick) => {
        const done = await run(work, tick);
        if (when !== 'in its last step' || work.first + work.rates.length !== at) return done;
        session.finishedSteps = () => done.metrics;
        throw new Interrupted();
      };
      await trainer.start(3);
      try {
        await follow(session, trainingCourse(session, config, 3), initialState(3), observer);
      } catch {}
      await session.close();
      if (left === null) {
        assert.ok(at === 17 && when === 'before the next command', `${when}, ${at}: not interrupted`);
        reports.splice(0);
        continue;
      }
      const { state } = left as Checkpoint;
      // The log is cut before a step of which something is pending.
      const cut = reports.findIndex((line) => state.pending !== null && line.startsWith(`${state.step}: `));
      if (cut >= 0) reports.splice(cut);
      const other = await openSession(ofClasses, 2, words);
      await other.trainer.start(9);
      const start = restore(other.session, left as Checkpoint);
      const rest = await follow(other.session, trainingCourse(other.session, config, 3), start, recorded);
      const from = `${when}, ${at}: step ${state.step}`;
      assert.deepEqual(reports.splice(0), all.reports, from);
      assert.deepEqual(untimed(rest.state), untimed(expected.state), from);
      assert.deepEqual(vectorsOf(other.session), all.vectors, from);
      await other.session.close();
    }
});
