/**
 * The protocol of barrier, commands, stops and aborts: every interleaving of its atomic operations for 2 to 4 threads.
 * `npm run check:protocol` explores larger models, and every disturbance of each. `protocol-conforms.test.ts` ties the model to the code.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explore, type Instruction, type Model } from './support/protocol/explore.ts';
import { barrierModel, type Disturbance, mutated, sessionModel } from './support/protocol/models.ts';
import { Register, Word } from './support/protocol/programs.ts';

const two = { workers: 2, commands: 2, steps: 1, barriers: 1, isCoordinated: false };
const twoSteps = { ...two, commands: 1, steps: 2, barriers: 2 };
const coordinated = { ...two, commands: 1, isCoordinated: true };

function holds(model: Model, least: number): void {
  const { violated, trace, states } = explore(model);
  assert.equal(violated, null, trace.join('\n'));
  // Fewer: a part of the model is not reached.
  assert.ok(states >= least, `${states} states`);
}

test('a barrier of 2 to 4 threads: no one passes twice, no one is left behind, no wake-up is lost', () => {
  holds(barrierModel(2, 3), 200);
  holds(barrierModel(3, 3), 1000);
  holds(barrierModel(4, 2), 2500);
});

test('an abort at any moment, or two: every thread leaves, the first reason is kept', () => {
  holds(barrierModel(2, 3, 2), 4000);
  holds(barrierModel(3, 2, 1), 3000);
});

test('a session: a command is executed once by each worker, whatever ends the session', () => {
  for (const disturbance of ['none', 'stop'] satisfies Disturbance[])
    holds(sessionModel(two, disturbance), 3000);
  holds(sessionModel({ ...two, commands: 1 }, 'kill'), 10_000);
});

test('a stop that is requested at any moment: every rank stops after the same step', () => {
  holds(sessionModel(twoSteps, 'stop'), 10_000);
});

test('steps that the coordinator joins', () => {
  for (const disturbance of ['none', 'stop', 'abort'] satisfies Disturbance[])
    holds(sessionModel(coordinated, disturbance), 3000);
});

type Change = Parameters<typeof mutated>[2];

const instead =
  (does: Instruction['does']): Change =>
  (old) => ({ ...old, does });

/** Goes to another instruction of the same barrier wherever it would go to `from`. */
const redirected =
  (from: string, to: string): Change =>
  (old, named) => ({
    ...old,
    next: (r, result, word) => {
      const next = old.next(r, result, word);
      const other = (label: string) => (label === named(from) ? named(to) : label);
      return typeof next === 'string' ? other(next) : next.map(other);
    },
  });

const waits = barrierModel(2, 2);
const lost = 'no one is left behind';

/** A fault, the model with it, the invariant that it violates. */
const faults: readonly (readonly [string, Model, string])[] = [
  [
    'a sleep without a check of the expected value',
    mutated(
      waits,
      'sleep',
      instead(() => ({ op: 'wait', word: Word.generation, expected: null })),
    ),
    lost,
  ],
  [
    'a notification before the generation changes',
    mutated(
      mutated(
        waits,
        'release',
        instead(() => ({ op: 'notify', word: Word.generation })),
      ),
      'wake',
      instead(() => ({ op: 'add', word: Word.generation, value: 1 })),
    ),
    lost,
  ],
  [
    'no notification',
    mutated(
      waits,
      'wake',
      instead(() => ({ op: 'load', word: Word.generation })),
    ),
    lost,
  ],
  [
    'a generation that is read after the arrival is counted',
    mutated(
      mutated(waits, 'read', (old, named) => ({
        does: () => ({ op: 'add', word: Word.count, value: 1 }),
        next: (r, result) => {
          r[Register.arrived]++;
          r[Register.argument] = result;
          void old;
          return named('arrive');
        },
      })),
      'arrive',
      (_, named) => ({
        does: () => ({ op: 'load', word: Word.generation }),
        next: (r, result) => {
          r[Register.generation] = result;
          return r[Register.argument] === 1 ? named('reset') : named('spin');
        },
      }),
    ),
    lost,
  ],
  [
    'the count reset after the release',
    mutated(
      mutated(
        waits,
        'reset',
        instead(() => ({ op: 'add', word: Word.generation, value: 1 })),
      ),
      'release',
      instead(() => ({ op: 'store', word: Word.count, value: 0 })),
    ),
    lost,
  ],
  [
    'an arrival that is counted by a load and a store',
    mutated(
      mutated(waits, 'arrive', (_, named) => ({
        does: () => ({ op: 'load', word: Word.count }),
        next: (r, result) => {
          r[Register.argument] = result;
          r[Register.arrived]++;
          return named(result === 1 ? 'reset' : 'parked look');
        },
      })),
      'parked look',
      (_, named) => ({
        does: (r) => ({ op: 'store', word: Word.count, value: r[Register.argument] + 1 }),
        next: () => named('sleep'),
      }),
    ),
    lost,
  ],
  [
    'a last arrival one too early',
    mutated(barrierModel(3, 2), 'arrive', (old) => ({
      ...old,
      next: (r, result, word) => old.next(r, result + 1, word),
    })),
    'no one passes twice',
  ],
  [
    'a sleep that ends counts as a release',
    mutated(barrierModel(2, 2, 1), 'sleep', () => ({
      does: (r) => ({ op: 'wait', word: Word.generation, expected: r[Register.generation] }),
      next: (r) => {
        r[Register.passed]++;
        return 'passed';
      },
    })),
    'no one passes twice',
  ],
  [
    'the abort word not read after a wake-up',
    mutated(barrierModel(2, 2, 1), 'park', redirected('parked look', 'sleep')),
    lost,
  ],
  ['sleeps without a time-out, and aborts', { ...barrierModel(2, 2, 1), timeouts: false }, lost],
  [
    'an abort that overwrites the reason of another',
    mutated(barrierModel(2, 1, 2), 'abort', (old) => ({
      does: (r) => {
        const operation = old.does(r);
        assert.equal(operation.op, 'swap');
        return { op: 'store', word: Word.abort, value: operation.value };
      },
      next: (_, __, word) => (word(Word.detail) === 0 ? 'detail' : 'notify 0'),
    })),
    'only the first reason is kept',
  ],
  [
    'a command published before its argument',
    mutated(
      mutated(
        sessionModel(two, 'none'),
        'send',
        instead(() => ({ op: 'add', word: Word.command, value: 1 })),
      ),
      'publish',
      instead((r) => ({ op: 'store', word: Word.argument, value: r[Register.seen] })),
    ),
    'a worker that leaves has executed every command',
  ],
  [
    'reports cleared after the command is published',
    mutated(
      mutated(
        sessionModel(two, 'none'),
        'clear',
        instead(() => ({ op: 'add', word: Word.command, value: 1 })),
      ),
      'publish',
      instead(() => ({ op: 'store', word: Word.done, value: 0 })),
    ),
    lost,
  ],
  [
    'a worker that does not count the commands it has seen',
    mutated(sessionModel(two, 'none'), 'argument', (old) => ({
      ...old,
      next: (r, result, word) => {
        const next = old.next(r, result, word);
        r[Register.seen]--;
        return next;
      },
    })),
    'a command is executed once, with its own argument',
  ],
  [
    'a coordinator that goes on after the first report',
    mutated(sessionModel(two, 'none'), 'until done', (old) => ({
      ...old,
      next: (r, result, word) => old.next(r, result === 1 ? 2 : result, word),
    })),
    'the coordinator goes on after all ranks are done',
  ],
  [
    'a report without a notification',
    mutated(
      sessionModel(two, 'none'),
      'wake done',
      instead(() => ({ op: 'load', word: Word.done })),
    ),
    lost,
  ],
  [
    'a step that begins without a look at the abort word',
    mutated(
      sessionModel(two, 'abort'),
      'step',
      instead(() => ({ op: 'load', word: Word.stopAfter })),
    ),
    'no step begins after an abort',
  ],
  [
    'a stop that each rank reads from the request itself',
    mutated(sessionModel(twoSteps, 'stop'), 'stop?', (old) => ({
      does: () => ({ op: 'load', word: Word.stopRequest }),
      next: (r, result, word) => old.next(r, result === 1 ? r[Register.step] : 0, word),
    })),
    'every rank stops after the same step',
  ],
];

for (const [fault, model, invariant] of faults)
  test(`the checker sees: ${fault}`, () => assert.equal(explore(model).violated, invariant));
