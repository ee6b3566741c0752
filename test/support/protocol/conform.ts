/**
 * Runs the real code of one thread with replaced `Atomics`: the test decides what each operation answers, as the other
 * threads would. The operations are then compared with a program of the model.
 */
import type { Instruction, Program } from './explore.ts';

export interface Recorded {
  readonly op: string;
  readonly word: number;
  /** Of `add` and `store` the operand, of `wait` the expected value, of `swap` the new value; else 0. */
  readonly value: number;
  readonly result: number;
}

export interface Environment {
  /** Of an index of the words: the word of the model; null: not modelled. */
  readonly word: (index: number) => number | null;
  /** What a load, an addition or an exchange at a word of the model answers. */
  readonly answer: (op: string, word: number) => number;
}

/** Calls `act` and returns its operations on modelled words. The clock is one that `tick` advances with each reading. */
export function record(act: () => void, { word, answer }: Environment, tick: () => number): Recorded[] {
  const recorded: Recorded[] = [];
  const note = (op: string, index: number, value: number): number => {
    const modelled = word(index);
    if (modelled === null) return 0;
    const result = op === 'load' || op === 'add' || op === 'swap' ? answer(op, modelled) : 0;
    recorded.push({ op, word: modelled, value, result });
    return result;
  };
  const fake = {
    load: (_: Int32Array, index: number) => note('load', index, 0),
    store: (_: Int32Array, index: number, value: number) => note('store', index, value),
    add: (_: Int32Array, index: number, value: number) => note('add', index, value),
    compareExchange: (_: Int32Array, index: number, __: number, value: number) => note('swap', index, value),
    notify: (_: Int32Array, index: number) => note('notify', index, 0),
    wait: (_: Int32Array, index: number, expected: number, timeoutMs: number) => {
      if (!(timeoutMs <= 50)) throw new Error(`a sleep of up to ${timeoutMs} ms`);
      note('wait', index, expected);
      return 'timed-out';
    },
  };
  const { Atomics: atomics, performance: clock } = globalThis;
  let now = 0;
  const set = (values: object) => {
    for (const [name, value] of Object.entries(values))
      Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  };
  try {
    set({
      Atomics: fake,
      performance: {
        now: () => {
          now += tick();
          return now;
        },
      },
    });
    act();
  } finally {
    set({ Atomics: atomics, performance: clock });
  }
  return recorded;
}

/**
 * Where the program can be after these operations, from `entry`: labels, without duplicates. Empty: an operation is not
 * the program's; `at` counts those that were.
 */
export function accepted(
  program: Program,
  entry: string,
  registers: readonly number[],
  operations: readonly Recorded[],
): { readonly labels: readonly string[]; readonly at: number } {
  let places: { label: string; registers: readonly number[] }[] = [{ label: entry, registers }];
  for (const [at, operation] of operations.entries()) {
    const next: typeof places = [];
    for (const place of places) {
      const instruction: Instruction | undefined = program[place.label];
      if (instruction === undefined) continue;
      if (!isSame(instruction.does(place.registers), operation)) continue;
      const changed = [...place.registers];
      const labels = instruction.next(changed, operation.result, () => 0);
      for (const label of typeof labels === 'string' ? [labels] : labels)
        next.push({ label, registers: changed });
    }
    if (next.length === 0) return { labels: [], at };
    places = next;
  }
  return { labels: [...new Set(places.map(({ label }) => label))], at: operations.length };
}

function isSame(operation: ReturnType<Instruction['does']>, { op, word, value }: Recorded): boolean {
  if (operation.op !== op || !('word' in operation) || operation.word !== word) return false;
  if (operation.op === 'wait') return operation.expected === value;
  return 'value' in operation ? operation.value === value : true;
}
