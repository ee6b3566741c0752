/** What a kernel check is: its sizes, its errors, and how checks are run. */
import type { Kernels } from './kernels.js';
import { Scratch } from './scratch.js';

/** Sizes of a check: rows of a batch, depth of a product, width in panels of 16, classes of a softmax. */
export interface CheckSize {
  rows: number;
  depth: number;
  panels: number;
  classes: number;
  seed: number;
}

/** Largest absolute error over the largest magnitude expected; NaN if anything is NaN. */
export function relativeError(got: ArrayLike<number>, expected: ArrayLike<number>): number {
  let error = 0;
  let magnitude = 1e-2; // an expectation that is almost zero is no divisor
  for (let i = 0; i < expected.length; i++) {
    const wanted = Math.abs(expected[i]);
    const difference = Math.abs(got[i] - expected[i]);
    if (difference > error) error = difference;
    else if (!(difference <= error)) return Number.NaN;
    if (wanted > magnitude) magnitude = wanted;
  }
  return error / magnitude;
}

/** The error of several arrays; `expected`: for each index, the values of all arrays there. */
export function slotsError(
  got: readonly { readonly view: ArrayLike<number> }[],
  expected: readonly (readonly number[])[],
): number {
  const errors = got.map(({ view }, k) =>
    relativeError(
      view,
      expected.map((row) => row[k]),
    ),
  );
  return Math.max(...errors);
}

/** The worst of several cases. */
export function maxOver<T>(cases: readonly T[], error: (item: T) => number): number {
  return Math.max(...cases.map(error));
}

export interface CheckResult {
  kernel: keyof Kernels;
  /** Largest absolute error over the largest magnitude of the expected values. */
  error: number;
}

export type Check = (kernels: Kernels, scratch: Scratch, size: CheckSize) => number;

/** Of the self-test at the start. */
export const selfTestSize: CheckSize = { rows: 7, depth: 5, panels: 2, classes: 10, seed: 1 };

/** Runs the checks of these kernels, one at a time. */
export function* checking<Name extends keyof Kernels>(
  names: readonly Name[],
  checks: Readonly<Record<Name, Check>>,
  kernels: Kernels,
  memory: WebAssembly.Memory,
  size = selfTestSize,
): Generator<CheckResult> {
  const errors = new Map<Check, number>();
  for (const kernel of names) {
    // Some check two kernels.
    const check: Check = checks[kernel];
    const error = errors.get(check) ?? check(kernels, new Scratch(memory, size.seed), size);
    errors.set(check, error);
    yield { kernel, error };
  }
}
