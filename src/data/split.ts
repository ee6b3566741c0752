/** The choice of the training samples that are held out for validation or a test. */
import { Rng, Stream, shuffle } from '../numbers/rng.js';
import type { Dataset, Samples } from './dataset.js';
import { pickedTargets, someTargets } from './target.js';
import { sizeOf } from './transforms/transform.js';

export interface Split {
  readonly train: Samples;
  readonly validation: Samples;
}

/** Number of training samples that `data.validation`, a share or a count, holds out: none if the data have a validation part. */
export function heldOut({ train, validation }: Pick<Dataset, 'train' | 'validation'>, asked: number): number {
  if (validation !== null) return 0;
  return asked < 1 ? Math.round(asked * train.count) : asked;
}

/** The last `held` samples, as views. */
export function splitEnd(samples: Samples, held: number): Split {
  const kept = samples.count - held;
  return { train: slice(samples, 0, kept), validation: slice(samples, kept, samples.count) };
}

/**
 * `held` samples drawn from the classes in proportion to their sizes, or from all samples if targets are values; both parts
 * keep the order of the samples.
 */
export function splitStratified(samples: Samples, held: number, seed: number): Split {
  const { targets, count } = samples;
  const chosen = new Uint8Array(count);
  const rng = new Rng(seed, Stream.validation);
  const groups =
    targets instanceof Uint32Array
      ? sharesOf(targets, held)
      : [{ members: Int32Array.from({ length: count }, (_, i) => i), share: held }];
  for (const { members, share } of groups) {
    shuffle(members, rng);
    for (const index of members.subarray(0, share)) chosen[index] = 1;
  }
  return { train: pick(samples, chosen, 0), validation: pick(samples, chosen, 1) };
}

const heldOneIn = 5;

/**
 * A test part from the training samples: the same fifth of each class, or of all values, in every run; null if no class has
 * five samples.
 */
export function holdOutTest<Kind extends Samples>(
  samples: Kind,
): { readonly train: Kind; readonly test: Kind } | null {
  const { targets, count } = samples;
  const seen = new Map<number, number>();
  const groups = targets instanceof Uint32Array ? targets : new Uint32Array(count);
  const chosen = Uint8Array.from(groups, (group) => {
    const place = (seen.get(group) ?? 0) + 1;
    seen.set(group, place);
    return place % heldOneIn === 0 ? 1 : 0;
  });
  return chosen.includes(1) ? { train: pick(samples, chosen, 0), test: pick(samples, chosen, 1) } : null;
}

/** Whole numbers of samples that add up to `held`: rounded down, then one more for the largest remainders. */
export function sharesOf(targets: Uint32Array, held: number): { members: Int32Array; share: number }[] {
  const byClass = new Map<number, number[]>();
  for (let i = 0; i < targets.length; i++) {
    const members = byClass.get(targets[i]);
    if (members === undefined) byClass.set(targets[i], [i]);
    else members.push(i);
  }
  const classes = [...byClass].sort(([a], [b]) => a - b).map(([, members]) => Int32Array.from(members));
  const exact = classes.map((members) => (members.length * held) / targets.length);
  const shares = exact.map(Math.floor);
  const byRemainder = exact
    .map((share, c) => ({ c, rest: share - shares[c] }))
    .sort((a, b) => b.rest - a.rest);
  const missing = held - shares.reduce((sum, share) => sum + share, 0);
  for (const { c } of byRemainder.slice(0, missing)) shares[c] += 1;
  return classes.map((members, c) => ({ members, share: shares[c] }));
}

function slice(samples: Samples, first: number, last: number): Samples {
  const size = sizeOf(samples.shape);
  return {
    ...samples,
    values: samples.values.subarray(first * size, last * size),
    targets: someTargets(samples.targets, targetWidth(samples), first, last),
    count: last - first,
    ...(samples.rows && { rows: samples.rows.subarray(first, last) }),
  };
}

const pick = <Kind extends Samples>(samples: Kind, chosen: Uint8Array, wanted: number): Kind =>
  samplesAt(
    samples,
    Uint32Array.from(chosen.keys()).filter((i) => chosen[i] === wanted),
  );

/** Copies of the samples at these places, of the same kind as `samples`. */
export function samplesAt<Kind extends Samples>(samples: Kind, indices: Uint32Array): Kind {
  const size = sizeOf(samples.shape);
  const length = indices.length * size;
  const values = samples.values instanceof Float32Array ? new Float32Array(length) : new Uint8Array(length);
  indices.forEach((from, to) => {
    values.set(samples.values.subarray(from * size, (from + 1) * size), to * size);
  });
  return {
    ...samples,
    values,
    targets: pickedTargets(samples.targets, targetWidth(samples), indices),
    count: indices.length,
    ...(samples.rows && { rows: indices.map((at) => samples.rows?.[at] ?? 0) }),
  };
}

/** Values of a sample's target. */
const targetWidth = ({ targets, count }: Samples) => (count === 0 ? 1 : targets.length / count);
