/** The model of the protocol has the operations of the code, in their order: both are run with the same answers. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Rng } from '../dist/numbers/rng.js';
import type { Plan } from '../dist/plan/plan.js';
import { Aborted } from '../dist/worker/aborted.js';
import { Barrier } from '../dist/worker/barrier.js';
import { Control, type RunCommand } from '../dist/worker/control.js';
import { accepted, type Environment, type Recorded, record } from './support/protocol/conform.ts';
import type { Program } from './support/protocol/explore.ts';
import { aborter, barrier, coordinator, Register, Word, worker } from './support/protocol/programs.ts';

const times = 400;
const none = Object.keys(Register).map(() => 0);
const shape = { workers: 3, commands: 1, steps: 1, barriers: 1, isCoordinated: false };

/** Of the control block: an index is a word of the model. The arguments of a command are one, its second: the steps. */
const line = 32;
const ofControl = new Map<number, number>([
  [0, Word.command],
  [2, Word.argument],
  [line, Word.done],
  [2 * line, Word.count],
  [3 * line, Word.generation],
  [4 * line, Word.abort],
  [4 * line + 1, Word.detail],
  [5 * line, Word.ready],
  [8 * line, Word.stopRequest],
  [9 * line, Word.stopAfter],
]);

function control(): Control {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const plan: Pick<Plan, 'threads'> & { regions: object } = {
    threads: 3,
    regions: { control: { offset: 0, bytes: 32 * 128 } },
  };
  return new Control(plan as Plan, memory);
}

/** Each run of `act` follows the program from `entry` to one of `ends`; all ends are met. */
function follows(
  program: Program,
  entry: string,
  ends: readonly string[],
  act: (rng: Rng) => void,
  answer: (rng: Rng) => Environment['answer'],
  registers: readonly number[] = none,
): void {
  const met = new Set<string>();
  for (let seed = 1; seed <= times; seed++) {
    const rng = new Rng(seed);
    // A wait parks soon, later, or not at all.
    const tickMs = [0, 0.01, 0.3, 5][rng.below(4)];
    let ended = '';
    const operations = record(
      () => {
        try {
          act(rng);
        } catch (error) {
          if (!(error instanceof Aborted)) throw error;
          ended = 'aborted';
        }
      },
      { word: (index) => ofControl.get(index) ?? null, answer: answer(rng) },
      () => tickMs,
    );
    const { labels, at } = accepted(program, entry, registers, operations);
    const shown = () =>
      operations
        .slice(Math.max(0, at - 8), at + 2)
        .map((one) => JSON.stringify(one))
        .join('\n');
    const reached = labels.filter(
      (label) => ends.includes(label) && (ended === '') === (label !== 'aborted'),
    );
    assert.ok(reached.length > 0, `seed ${seed}, after operation ${at}, at ${labels}:\n${shown()}`);
    for (const label of reached) met.add(label);
  }
  assert.deepEqual([...met].sort(), [...ends].sort());
}

/** Others release the barrier, or abort, after some loads. */
const others = (rng: Rng): Environment['answer'] => {
  const loads = rng.below(2) === 0 ? rng.below(6) : rng.below(4000);
  const aborts = rng.below(3) === 0;
  const last = rng.below(4) === 0;
  let seen = 0;
  return (op, word) => {
    if (op === 'add') return word === Word.count ? (last ? 2 : rng.below(2)) : 7;
    seen++;
    if (word === Word.abort) return aborts && seen > loads ? 1 : 0;
    return seen > loads && !aborts && seen > 1 ? 8 : 7;
  };
};

test('Barrier.wait', () => {
  const words = new Int32Array(line);
  const program = barrier('barrier', 3, () => 'passed');
  const act = () => new Barrier(words, 2 * line, 3 * line, 4 * line, 3, 1).wait();
  follows(program, 'read barrier', ['passed', 'aborted'], act, others);
});

test('a barrier of the control block', () => {
  const program = barrier('barrier', 3, () => 'passed');
  const act = () => control().barrier(3, 0).wait();
  follows(program, 'read barrier', ['passed', 'aborted'], act, others);
});

test('Barrier.arrive and poll, as the coordinator calls them', () => {
  const three = { ...shape, workers: 2, isCoordinated: true };
  // One poll.
  const program = coordinator(three);
  const act = () => {
    const meeting = control().barrier(3, 0);
    const { generation, last } = meeting.arrive();
    if (!last) meeting.poll(generation, 5);
  };
  const stopped = { 'stop?': undefined, 'checkpoint 0': undefined };
  const once = Object.fromEntries(Object.entries(program).filter(([label]) => !(label in stopped)));
  follows(once, 'read 0', ['stop?', 'checkpoint 0'], act, others);
});

test('Control.abort', () => {
  const program = aborter(2, [Word.command, Word.done, Word.generation, Word.ready]);
  const act = () => control().abort(2, 2);
  follows(program, 'abort', ['passed'], act, (rng) => () => rng.below(3));
});

test('Control.send', () => {
  const command: RunCommand = {
    ...{ first: 0, count: 1, firstSample: 0, epochSamples: 0, extract: false, fit: false },
    evaluate: null,
  };
  const registers = none.with(Register.seen, 1);
  const act = () => control().send(command);
  follows(coordinator(shape), 'send run', ['until done'], act, () => () => 0, registers);
});

test('Control.nextCommand and readCommand', () => {
  const program = worker(shape);
  const act = (rng: Rng) => {
    const one = control();
    assert.equal(one.nextCommand(0, rng.below(2)), 1);
    one.readCommand();
  };
  const answer = (rng: Rng): Environment['answer'] => {
    const usual = others(rng);
    return (op, word) =>
      word === Word.command ? usual(op, Word.generation) - 7 : word === Word.argument ? 1 : usual(op, word);
  };
  follows(program, 'command', ['step', 'aborted'], act, answer);
});

test('Control.reportReady and reportDone', () => {
  const act = () => control().reportReady();
  follows(worker(shape), 'ready', ['command'], act, () => () => 0);
  const done = () => control().reportDone();
  follows(worker(shape), 'done', ['command'], done, (rng) => () => rng.below(3));
});

test('Control.waitForReport', () => {
  const program = coordinator(shape);
  const act = () => control().waitForReport('done', 5);
  const answer = (rng: Rng): Environment['answer'] => {
    const [reports, aborted] = [rng.below(4), rng.below(2)];
    return (_, word) => (word === Word.abort ? aborted : reports);
  };
  follows(program, 'seen done', ['again done'], act, answer);
});

test('operations in another order are not accepted', () => {
  const program = barrier('barrier', 2, () => 'passed');
  const read: Recorded = { op: 'load', word: Word.generation, value: 0, result: 0 };
  const arrive: Recorded = { op: 'add', word: Word.count, value: 1, result: 1 };
  const reset: Recorded = { op: 'store', word: Word.count, value: 0, result: 0 };
  const release: Recorded = { op: 'add', word: Word.generation, value: 1, result: 0 };
  const wake: Recorded = { op: 'notify', word: Word.generation, value: 0, result: 0 };
  const labels = (...operations: Recorded[]) => accepted(program, 'read barrier', none, operations).labels;
  assert.deepEqual(labels(read, arrive, reset, release, wake), ['passed']);
  assert.deepEqual(labels(read, arrive, release, reset, wake), []);
  assert.deepEqual(labels(arrive, read), []);
});
