/** Models of the barrier alone and of a session, with their invariants. */
import type { Instruction, Model, Program, ThreadModel, View } from './explore.ts';
import {
  aborter,
  coordinator,
  interrupter,
  killer,
  Register,
  type SessionShape,
  Word,
  waiter,
  worker,
} from './programs.ts';

const waitedFor = [Word.command, Word.done, Word.generation, Word.ready];
const registers = (rank = 0): number[] =>
  Object.keys(Register).map((_, i) => (i === Register.rank ? rank : 0));
const thread = (program: Program, rank = 0): ThreadModel => ({ program, registers: registers(rank) });
const words = Object.keys(Word).map(() => 0);
const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/** No party is past barrier n before all have arrived at it: none passes twice, none runs ahead. */
const together =
  (parties: readonly number[]) =>
  ({ register }: View): boolean => {
    const arrived = Math.min(...parties.map((party) => register(party, Register.arrived)));
    return parties.every((party) => register(party, Register.passed) <= arrived);
  };

/** The reason and the detail of an abort are of the same abort, the first. */
const oneReason =
  (aborters: readonly number[]) =>
  ({ word, at }: View): boolean =>
    word(Word.detail) === 0 ||
    word(Word.detail) === word(Word.abort) ||
    aborters.some((i) => at(i) === 'detail');

/** `parties` threads at one barrier, so many times; `aborts`: so many threads abort them, at any moment. */
export function barrierModel(parties: number, rounds: number, aborts = 0): Model {
  const program = waiter(parties, rounds);
  const waiters = numbers(parties);
  return {
    words,
    threads: [
      ...waiters.map(() => thread(program)),
      ...numbers(aborts).map((i) => thread(aborter(i + 1, [Word.generation]))),
    ],
    alike: parties,
    // A wake-up of an abort may come just before a thread goes to sleep: its sleep is bounded. A release cannot be missed.
    timeouts: aborts > 0,
    invariants: {
      'no one passes twice': together(waiters),
      'no one aborts without a reason': ({ word, at }) =>
        word(Word.abort) !== 0 || waiters.every((i) => at(i) !== 'aborted'),
      'only the first reason is kept': oneReason(numbers(aborts).map((i) => parties + i)),
    },
    ends: aborts > 0 ? ['passed', 'aborted'] : ['passed'],
  };
}

export type Disturbance = 'none' | 'stop' | 'interrupt' | 'abort' | 'kill';

export function sessionModel(shape: SessionShape, disturbance: Disturbance): Model {
  const { workers, commands, steps } = shape;
  const program = worker(shape);
  // Rank 0, which is special, is last of them.
  const ranks = numbers(workers);
  const leader = workers;
  const parties = shape.isCoordinated ? [...ranks, leader] : ranks;
  const disturbers: Record<Disturbance, Program[]> = {
    none: [],
    stop: [interrupter(waitedFor, false)],
    interrupt: [interrupter(waitedFor, true)],
    abort: [aborter(1, waitedFor)],
    kill: [killer(waitedFor)],
  };
  const mayAbort = disturbance !== 'none' && disturbance !== 'stop';
  return {
    words,
    threads: [
      ...ranks.map((i) => thread(program, i === workers - 1 ? 0 : 1)),
      thread(coordinator(shape)),
      ...disturbers[disturbance].map((one) => thread(one)),
    ],
    // Rank 0 announces stops; the killer ends the first.
    alike: disturbance === 'kill' ? 0 : workers - 1,
    timeouts: mayAbort,
    invariants: {
      'no one passes twice': together(parties),
      'a command is executed once, with its own argument': ({ register }) =>
        ranks.every((i) => {
          const [seen, argument, executed] = [Register.seen, Register.argument, Register.executed].map(
            (name) => register(i, name),
          );
          return (argument === 0 || argument === seen) && executed <= seen && seen <= executed + 1;
        }),
      'the coordinator goes on after all ranks are done': ({ register, at }) =>
        ranks.every(
          (i) => register(i, Register.executed) >= register(leader, Register.executed) || at(i) === 'killed',
        ),
      'no step begins after an abort': ({ register }) => ranks.every((i) => register(i, Register.late) === 0),
      'every rank stops after the same step': ({ register, word }) => {
        const stopped = ranks.map((i) => register(i, Register.stopped)).filter((step) => step !== 0);
        return new Set(stopped).size <= 1 && stopped.every((step) => step === word(Word.stopAfter));
      },
      'a worker that leaves has executed every command': ({ register, at }) =>
        disturbance !== 'none' ||
        ranks.every((i) => at(i) !== 'left' || register(i, Register.executed) === commands),
      'no one aborts without a reason': ({ word, at }) =>
        word(Word.abort) !== 0 || ranks.every((i) => at(i) !== 'aborted'),
      'no step too many': ({ register }) => ranks.every((i) => register(i, Register.step) <= steps),
    },
    ends: mayAbort ? ['passed', 'aborted', 'left', 'killed'] : ['passed', 'left'],
  };
}

/** The same model with one instruction changed wherever its label begins with `label`. */
export function mutated(
  model: Model,
  label: string,
  change: (instruction: Instruction, labels: (name: string) => string) => Instruction,
): Model {
  const changed = new Map<Program, Program>();
  let found = 0;
  for (const { program } of model.threads) {
    if (changed.has(program)) continue;
    const entries = Object.entries(program).map(([name, instruction]): [string, Instruction] => {
      if (name !== label && !name.startsWith(`${label} `)) return [name, instruction];
      found++;
      const suffix = name.slice(label.length);
      return [name, change(instruction, (other) => `${other}${suffix}`)];
    });
    changed.set(program, Object.fromEntries(entries));
  }
  if (found === 0) throw new Error(`no instruction ${label}`);
  return {
    ...model,
    threads: model.threads.map(({ program, registers: values }) => ({
      program: changed.get(program) ?? program,
      registers: values,
    })),
  };
}
