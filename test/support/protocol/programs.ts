/**
 * The threads of a session as lists of atomic operations, in the order of the code: `worker/barrier.ts`, `worker/control.ts`,
 * the loops of `worker/index.ts` and `worker/step-loop.ts`, and the coordinator's of `coordinator/session.ts`. A choice of
 * two labels is the clock's: a wait spins on, or looks at the abort word, or parks. `protocol-conforms.test.ts` compares
 * the lists with the operations of the code.
 */
import type { Instruction, Operation, Program, View } from './explore.ts';

export const Word = {
  count: 0,
  generation: 1,
  abort: 2,
  detail: 3,
  command: 4,
  argument: 5,
  done: 6,
  ready: 7,
  stopRequest: 8,
  stopAfter: 9,
} as const;

/** Registers of every thread; those from `passed` on are for invariants only. */
export const Register = {
  generation: 0,
  /** The number of the last command seen, or sent. */
  seen: 1,
  step: 2,
  rank: 3,
  /** The argument of the command that is executed; of the coordinator: the number of reports that it has read. */
  argument: 4,
  arrived: 5,
  passed: 6,
  executed: 7,
  /** 1 once a step was begun although the abort word was set. */
  late: 8,
  /** The step after which this rank stopped, plus 1. */
  stopped: 9,
} as const;
const R = Register;

const load =
  (word: number): (() => Operation) =>
  () => ({ op: 'load', word });
const notify =
  (word: number): (() => Operation) =>
  () => ({ op: 'notify', word });
const add =
  (word: number): (() => Operation) =>
  () => ({ op: 'add', word, value: 1 });
const store =
  (word: number, value: (r: readonly number[]) => number): Instruction['does'] =>
  (r) => ({ op: 'store', word, value: value(r) });
const to = (label: string) => () => label;

/** `Barrier.arrive`; labels end in `name`, so that a program may have several. */
export function arrival(name: string, parties: number, last: string, notLast: string): Program {
  const at = (label: string) => `${label} ${name}`;
  return {
    [at('read')]: {
      does: load(Word.generation),
      next: (r, value) => {
        r[R.generation] = value;
        return at('arrive');
      },
    },
    [at('arrive')]: {
      does: add(Word.count),
      next: (r, value) => {
        r[R.arrived]++;
        return value === parties - 1 ? at('reset') : notLast;
      },
    },
    [at('reset')]: { does: store(Word.count, () => 0), next: to(at('release')) },
    [at('release')]: { does: add(Word.generation), next: to(at('wake')) },
    [at('wake')]: { does: notify(Word.generation), next: to(last) },
  };
}

/** `Barrier.wait` with `Barrier.park`, entered at `read NAME`. `after`: what follows the barrier. */
export function barrier(name: string, parties: number, after: Instruction['next'], spins = true): Program {
  const at = (label: string) => `${label} ${name}`;
  const pass: Instruction['next'] = (r, value, word) => {
    r[R.passed]++;
    r[R.generation] = 0;
    return after(r, value, word);
  };
  const arrive = arrival(name, parties, '', at(spins ? 'spin' : 'park'));
  const asleep: Instruction['does'] = (r) => ({
    op: 'wait',
    word: Word.generation,
    expected: r[R.generation],
  });
  const spinning: Program = {
    [at('spin')]: {
      does: load(Word.generation),
      next: (r, value, word) => (value === r[R.generation] ? [at('spin'), at('look')] : pass(r, value, word)),
    },
    [at('look')]: {
      does: load(Word.abort),
      next: (_, value) => (value === 0 ? [at('spin'), at('park')] : 'aborted'),
    },
  };
  return {
    ...arrive,
    [at('wake')]: { ...arrive[at('wake')], next: pass },
    ...(spins ? spinning : {}),
    [at('park')]: {
      does: load(Word.generation),
      next: (r, value, word) => (value === r[R.generation] ? at('parked look') : pass(r, value, word)),
    },
    [at('parked look')]: {
      does: load(Word.abort),
      next: (_, value) => (value === 0 ? at('sleep') : 'aborted'),
    },
    [at('sleep')]: { does: asleep, next: to(at('park')) },
  };
}

/** A thread that waits `rounds` times at one barrier. */
export const waiter = (parties: number, rounds: number): Program =>
  barrier('barrier', parties, (r) => (r[R.passed] < rounds ? 'read barrier' : 'passed'));

/** `Control.abort`: then every sleeper is woken, at each of the words in turn. */
export function aborter(reason: number, waitedFor: readonly number[], before: Program = {}): Program {
  return {
    ...before,
    abort: {
      does: () => ({ op: 'swap', word: Word.abort, expected: 0, value: reason }),
      next: (_, value) => (value === 0 ? 'detail' : 'notify 0'),
    },
    detail: { does: store(Word.detail, () => reason), next: to('notify 0') },
    ...Object.fromEntries(
      waitedFor.map((word, i) => [
        `notify ${i}`,
        { does: notify(word), next: to(i + 1 < waitedFor.length ? `notify ${i + 1}` : 'passed') },
      ]),
    ),
  };
}

/** A worker is terminated, wherever it is; the coordinator, which hears of its end, aborts the others. */
export const killer = (waitedFor: readonly number[]): Program =>
  aborter(2, waitedFor, { kill: { does: () => ({ op: 'kill', thread: 0 }), next: to('abort') } });

/** `Session.#interrupt`, with the abort of its timer. */
export const interrupter = (waitedFor: readonly number[], aborts: boolean): Program => ({
  request: { does: store(Word.stopRequest, () => 1), next: aborts ? to('abort') : to('passed') },
  ...(aborts ? aborter(1, waitedFor) : {}),
});

export interface SessionShape {
  readonly workers: number;
  readonly commands: number;
  /** Of a command. */
  readonly steps: number;
  /** Of a step. */
  readonly barriers: number;
  /** Whether the coordinator joins the barriers. */
  readonly isCoordinated: boolean;
}

/** `runRank` and `StepLoop.#stepsTogether`. A command's argument is its number; 0: leave. */
export function worker({ workers, steps, barriers, isCoordinated }: SessionShape): Program {
  const parties = workers + Number(isCoordinated);
  const step: Program = Object.assign(
    {},
    ...Array.from({ length: barriers }, (_, i) =>
      barrier(`${i}`, parties, () => (i + 1 < barriers ? `read ${i + 1}` : 'stop?'), false),
    ),
  );
  return {
    ready: { does: add(Word.ready), next: to('wake ready') },
    'wake ready': { does: notify(Word.ready), next: to('command') },
    // Control.nextCommand
    command: {
      does: load(Word.command),
      next: (r, value) => (value === r[R.seen] ? 'command look' : 'argument'),
    },
    'command look': {
      does: load(Word.abort),
      next: (_, value) => (value === 0 ? ['command', 'command sleep'] : 'aborted'),
    },
    'command sleep': {
      does: (r) => ({ op: 'wait', word: Word.command, expected: r[R.seen] }),
      next: to('command'),
    },
    // Control.readCommand
    argument: {
      does: load(Word.argument),
      next: (r, value) => {
        r[R.seen]++;
        r[R.argument] = value;
        r[R.step] = 0;
        return value === 0 ? 'left' : 'step';
      },
    },
    // StepLoop.#stepsTogether
    step: {
      does: load(Word.abort),
      next: (r, value, word) => {
        if (value !== 0) return 'aborted';
        if (word(Word.abort) !== 0) r[R.late] = 1;
        r[R.step]++;
        return r[R.rank] === 0 ? 'stop requested?' : 'read 0';
      },
    },
    'stop requested?': {
      does: load(Word.stopRequest),
      next: (_, value) => (value === 1 ? 'announce' : 'read 0'),
    },
    announce: { does: store(Word.stopAfter, (r) => r[R.step]), next: to('read 0') },
    ...step,
    'stop?': {
      does: load(Word.stopAfter),
      next: (r, value) => {
        if (value === r[R.step]) r[R.stopped] = value;
        return value === r[R.step] || r[R.step] === steps ? 'done' : 'step';
      },
    },
    // Control.reportDone
    done: {
      does: add(Word.done),
      next: (r, value) => {
        r[R.executed]++;
        return value === workers - 1 ? 'wake done' : 'command';
      },
    },
    'wake done': { does: notify(Word.done), next: to('command') },
  };
}

/** `Session.#until`: waits for all reports of a word; a set abort word ends it after all workers have left. */
function until(name: string, word: number, workers: number, after: Instruction['next']): Program {
  const at = (label: string) => `${label} ${name}`;
  const reached =
    (isFirst: boolean): Instruction['next'] =>
    (_, value) =>
      value === workers ? at('last look') : isFirst ? at('seen') : at('checkpoint');
  return {
    [at('until')]: { does: load(word), next: reached(true) },
    [at('seen')]: {
      does: load(word),
      next: (r, value) => {
        r[R.argument] = value;
        return value === workers ? at('again') : at('look');
      },
    },
    [at('look')]: { does: load(Word.abort), next: (_, value) => (value === 0 ? at('sleep') : at('again')) },
    [at('sleep')]: { does: (r) => ({ op: 'wait', word, expected: r[R.argument] }), next: to(at('again')) },
    [at('again')]: { does: load(word), next: reached(false) },
    [at('checkpoint')]: { does: load(Word.abort), next: (_, value) => (value === 0 ? at('until') : 'join') },
    [at('last look')]: {
      does: load(Word.abort),
      next: (r, value, word) => {
        r[R.argument] = 0;
        return value === 0 ? after(r, value, word) : 'join';
      },
    },
  };
}

/** `Session.open`, so many `run`, `close`. */
export function coordinator({ workers, commands, steps, barriers, isCoordinated }: SessionShape): Program {
  const parties = workers + 1;
  const send = (name: string, argument: (r: readonly number[]) => number, after: string): Program => ({
    [`send ${name}`]: { does: store(Word.argument, argument), next: to(`clear ${name}`) },
    [`clear ${name}`]: { does: store(Word.done, () => 0), next: to(`publish ${name}`) },
    [`publish ${name}`]: { does: add(Word.command), next: to(`wake ${name}`) },
    [`wake ${name}`]: { does: notify(Word.command), next: to(after) },
  });
  const begin: Instruction['next'] = (r) => {
    r[R.seen]++;
    r[R.step] = 1;
    return 'send run';
  };
  // Session.#combine: arrives, and polls with bounded sleeps.
  const meetings: Program = Object.assign(
    {},
    ...Array.from({ length: isCoordinated ? barriers : 0 }, (_, i) => {
      const after = i + 1 < barriers ? `read ${i + 1}` : 'stop?';
      const met: Instruction['next'] = (r) => {
        r[R.passed]++;
        r[R.generation] = 0;
        return after;
      };
      const arrive = arrival(`${i}`, parties, '', `poll ${i}`);
      return {
        ...arrive,
        [`wake ${i}`]: { ...arrive[`wake ${i}`], next: met },
        [`poll ${i}`]: {
          does: load(Word.generation),
          next: (r: number[], value: number) => (value === r[R.generation] ? `sleep ${i}` : `polled ${i}`),
        },
        [`sleep ${i}`]: {
          does: (r: readonly number[]): Operation => ({
            op: 'wait',
            word: Word.generation,
            expected: r[R.generation],
          }),
          next: to(`polled ${i}`),
        },
        [`polled ${i}`]: {
          does: load(Word.generation),
          next: (r: number[], value: number, word: View['word']) =>
            value === r[R.generation] ? `checkpoint ${i}` : met(r, value, word),
        },
        [`checkpoint ${i}`]: {
          does: load(Word.abort),
          next: (_: number[], value: number) => (value === 0 ? `poll ${i}` : 'join'),
        },
      };
    }),
  );
  return {
    ...until('ready', Word.ready, workers, begin),
    ...send('run', (r) => r[R.seen], isCoordinated ? 'read 0' : 'until done'),
    ...meetings,
    ...(isCoordinated && {
      'stop?': {
        does: load(Word.stopAfter),
        next: (r: number[], value: number) => {
          if (value === r[R.step] || r[R.step] === steps) return 'until done';
          r[R.step]++;
          return 'read 0';
        },
      },
    }),
    ...until('done', Word.done, workers, (r) => {
      r[R.executed]++;
      return 'stopped?';
    }),
    'stopped?': {
      does: load(Word.stopAfter),
      next: (r, value, word) => (value === 0 && r[R.executed] < commands ? begin(r, 0, word) : 'close'),
    },
    // Session.close
    close: { does: load(Word.abort), next: (_, value) => (value === 0 ? 'send leave' : 'join') },
    ...send('leave', () => 0, 'join'),
    join: { does: () => ({ op: 'join', threads: workers }), next: to('passed') },
  };
}
