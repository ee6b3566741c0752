/** Sizes of the kernel checks and how far a kernel is off. */

/** Sizes of a check: rows of a batch, depth of a product, width in panels of 16, classes of a softmax. */
export interface CheckSize {
  rows: number;
  depth: number;
  panels: number;
  classes: number;
  seed: number;
}

/** Greatest absolute error over the greatest magnitude expected; NaN when anything is NaN. */
export function relativeError(got: ArrayLike<number>, expected: ArrayLike<number>): number {
  let error = 0;
  let magnitude = 1e-2; // expectations that are all but zero are not divided by themselves
  for (let i = 0; i < expected.length; i++) {
    const difference = Math.abs(Number(got[i]) - Number(expected[i]));
    if (Number.isNaN(difference)) return Number.NaN;
    error = Math.max(error, difference);
    magnitude = Math.max(magnitude, Math.abs(Number(expected[i])));
  }
  return error / magnitude;
}

/** Of several arrays; `expected`: by place, what each of them holds there. */
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
