/**
 * An explicit-state model checker for threads that share words of memory. A thread is a list of instructions, each with
 * exactly one atomic operation; all interleavings of them are explored, breadth first, so that a counterexample is a
 * shortest one.
 */

/** `wait` sleeps if the word has the expected value; null: without the check. `join`: once the first threads have ended. */
export type Operation =
  | { readonly op: 'load' | 'notify'; readonly word: number }
  | { readonly op: 'add' | 'store'; readonly word: number; readonly value: number }
  | { readonly op: 'swap'; readonly word: number; readonly expected: number; readonly value: number }
  | { readonly op: 'wait'; readonly word: number; readonly expected: number | null }
  | { readonly op: 'join'; readonly threads: number }
  | { readonly op: 'kill'; readonly thread: number };

export interface Instruction {
  readonly does: (registers: readonly number[]) => Operation;
  /**
   * What follows, given the result: the former value of the word (0 for those without one). May change registers. Of
   * several labels each is tried. A label that the program does not have ends the thread. `word` is for invariants only.
   */
  readonly next: (
    registers: number[],
    result: number,
    word: (index: number) => number,
  ) => string | readonly string[];
}

/** The first instruction is the entry. */
export type Program = Readonly<Record<string, Instruction>>;

export interface ThreadModel {
  readonly program: Program;
  readonly registers: readonly number[];
}

export interface View {
  readonly word: (index: number) => number;
  /** The label that a thread is at, or has ended with. */
  readonly at: (thread: number) => string;
  readonly register: (thread: number, index: number) => number;
}

export interface Model {
  /** Initial values. */
  readonly words: readonly number[];
  readonly threads: readonly ThreadModel[];
  /** So many of the first threads have the same program and registers: their permutations are one state. */
  readonly alike?: number;
  /** Whether a sleep may end without a notification, at any moment. */
  readonly timeouts: boolean;
  /** Each must hold in every state. */
  readonly invariants: Readonly<Record<string, (view: View) => boolean>>;
  /** Allowed ends; in any other the thread counts as left behind. */
  readonly ends: readonly string[];
}

export interface Verdict {
  readonly states: number;
  /** The first invariant that fails, or `no one is left behind`; null if all hold. */
  readonly violated: string | null;
  /** The shortest way to it: thread, label and operation of each step. */
  readonly trace: readonly string[];
}

/** Beyond any model of the tests: a model with an unbounded counter ends here. */
const mostStates = 4_000_000;

interface Compiled {
  readonly labels: readonly string[];
  readonly code: readonly (Instruction | undefined)[];
  readonly numberOf: (label: string) => number;
}

function compile(program: Program): Compiled {
  const labels = Object.keys(program);
  const numbers = new Map(labels.map((label, i) => [label, i]));
  const code: (Instruction | undefined)[] = Object.values(program);
  const numberOf = (label: string) => {
    const known = numbers.get(label);
    if (known !== undefined) return known;
    numbers.set(label, labels.length);
    return labels.push(label) - 1;
  };
  return { labels, code, numberOf };
}

/** Everyone's end can be reached from every state, and every invariant holds in each. */
export function explore(model: Model): Verdict {
  const { words, threads, alike = 0, timeouts, invariants, ends } = model;
  const programs = new Map<Program, Compiled>();
  for (const { program } of threads) if (!programs.has(program)) programs.set(program, compile(program));
  const compiled = threads.map(({ program }) => programs.get(program) as Compiled);
  // A state: the words; then of each thread its label, the word it sleeps on + 1 or 0, its registers.
  const places: number[] = [];
  const first: number[] = [...words];
  for (const { registers } of threads) {
    places.push(first.length);
    first.push(0, 0, ...registers);
  }
  places.push(first.length);
  const endOf = (thread: number) => places[thread + 1];

  const sorted = (state: number[]): number[] => {
    if (alike < 2) return state;
    const blocks = Array.from({ length: alike }, (_, t) => state.slice(places[t], endOf(t)));
    blocks.sort((a, b) => {
      for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return a[i] - b[i];
      return 0;
    });
    for (const [t, block] of blocks.entries())
      for (let i = 0; i < block.length; i++) state[places[t] + i] = block[i];
    return state;
  };
  // Values from −8 on.
  const keyOf = (state: number[]) => String.fromCharCode(...state.map((value) => value + 8));

  const ids = new Map<string, number>();
  const states: number[][] = [];
  const parents: number[] = [];
  const steps: string[] = [];
  const successors: number[][] = [];
  const add = (state: number[], parent: number, step: string): number => {
    const ordered = sorted(state);
    const key = keyOf(ordered);
    const known = ids.get(key);
    if (known !== undefined) return known;
    const id = states.length;
    ids.set(key, id);
    states.push(ordered);
    parents.push(parent);
    steps.push(step);
    return id;
  };
  const verdict = (violated: string | null, at: number): Verdict => {
    const trace: string[] = [];
    for (let id = at; violated !== null && id > 0; id = parents[id]) trace.unshift(steps[id]);
    return { states: states.length, violated, trace };
  };

  let current: number[] = first;
  const view: View = {
    word: (index) => current[index],
    at: (thread) => compiled[thread].labels[current[places[thread]]],
    register: (thread, index) => current[places[thread] + 2 + index],
  };
  const hasEnded = (state: number[], thread: number) =>
    compiled[thread].code[state[places[thread]]] === undefined;
  const allowed = (state: number[], thread: number) =>
    ends.includes(compiled[thread].labels[state[places[thread]]]);

  /** The thread goes on after its operation, which gave `result`. */
  const follow = (id: number, state: number[], thread: number, result: number, step: string) => {
    const place = places[thread];
    const { code, numberOf } = compiled[thread];
    const instruction = code[state[place]] as Instruction;
    const registers = state.slice(place + 2, endOf(thread));
    const next = instruction.next(registers, result, (index) => state[index]);
    for (const label of typeof next === 'string' ? [next] : next) {
      const after = state.slice();
      after[place] = numberOf(label);
      after[place + 1] = 0;
      for (let i = 0; i < registers.length; i++) after[place + 2 + i] = registers[i];
      successors[id].push(add(after, id, step));
    }
  };

  const act = (id: number, before: number[], thread: number) => {
    const place = places[thread];
    const { code, labels } = compiled[thread];
    const instruction = code[before[place]];
    if (instruction === undefined) return;
    const name = `${thread} ${labels[before[place]]}`;
    if (before[place + 1] !== 0) {
      if (timeouts) follow(id, before, thread, 0, `${name}: time-out`);
      return;
    }
    const operation = instruction.does(before.slice(place + 2, endOf(thread)));
    const step = `${name}: ${operation.op}`;
    const state = before.slice();
    switch (operation.op) {
      case 'load':
        return follow(id, state, thread, state[operation.word], `${step} ${state[operation.word]}`);
      case 'store':
        state[operation.word] = operation.value;
        return follow(id, state, thread, 0, `${step} ${operation.value}`);
      case 'add':
        state[operation.word] += operation.value;
        return follow(id, state, thread, before[operation.word], `${step} to ${state[operation.word]}`);
      case 'swap':
        if (before[operation.word] === operation.expected) state[operation.word] = operation.value;
        return follow(id, state, thread, before[operation.word], step);
      case 'wait':
        if (operation.expected !== null && before[operation.word] !== operation.expected)
          return follow(id, state, thread, 0, `${step}: not equal`);
        state[place + 1] = operation.word + 1;
        successors[id].push(add(state, id, step));
        return;
      case 'notify': {
        // Every sleeper at the word goes on; what follows its sleep has one label.
        for (const [other, { program }] of threads.entries()) {
          if (state[places[other] + 1] !== operation.word + 1) continue;
          const registers = state.slice(places[other] + 2, endOf(other));
          const asleep = compiled[other].labels[state[places[other]]];
          const next = program[asleep].next(registers, 0, (index) => state[index]);
          if (typeof next !== 'string') throw new Error(`${asleep}: a sleep is followed by one label`);
          state[places[other]] = compiled[other].numberOf(next);
          state[places[other] + 1] = 0;
          for (let i = 0; i < registers.length; i++) state[places[other] + 2 + i] = registers[i];
        }
        return follow(id, state, thread, 0, step);
      }
      case 'join':
        for (let other = 0; other < operation.threads; other++) if (!hasEnded(before, other)) return;
        return follow(id, state, thread, 0, step);
      case 'kill':
        if (!hasEnded(state, operation.thread)) {
          state[places[operation.thread]] = compiled[operation.thread].numberOf('killed');
          state[places[operation.thread] + 1] = 0;
        }
        return follow(id, state, thread, 0, step);
    }
  };

  add(first.slice(), 0, '');
  for (let id = 0; id < states.length; id++) {
    if (id > mostStates) throw new Error(`more than ${mostStates} states`);
    current = states[id];
    for (const [name, holds] of Object.entries(invariants)) if (!holds(view)) return verdict(name, id);
    successors.push([]);
    for (let thread = 0; thread < threads.length; thread++) act(id, states[id], thread);
  }
  return verdict(...leftBehind(states, successors, (state) => threads.every((_, t) => allowed(state, t))));
}

/** A state from which no end of all threads can be reached, if there is one: backwards from the ends. */
function leftBehind(
  states: readonly number[][],
  successors: readonly number[][],
  isEnd: (state: number[]) => boolean,
): [string | null, number] {
  const predecessors: number[][] = states.map(() => []);
  for (const [from, reached] of successors.entries()) for (const to of reached) predecessors[to].push(from);
  const reaches = new Uint8Array(states.length);
  const open = [...states.keys()].filter((id) => isEnd(states[id]));
  for (const id of open) reaches[id] = 1;
  for (let id = open.pop(); id !== undefined; id = open.pop())
    for (const before of predecessors[id])
      if (reaches[before] === 0) {
        reaches[before] = 1;
        open.push(before);
      }
  const lost = reaches.indexOf(0);
  return lost < 0 ? [null, 0] : ['no one is left behind', lost];
}
