/** Sizes of the kernel checks, and the error of a kernel. */

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
    const difference = Math.abs(Number(got[i]) - Number(expected[i]));
    if (Number.isNaN(difference)) return Number.NaN;
    error = Math.max(error, difference);
    magnitude = Math.max(magnitude, Math.abs(Number(expected[i])));
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
