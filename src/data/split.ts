/** The choice of the training samples that are held out for validation or a test. */
import { Rng, Stream, shuffle } from '../numbers/rng.js';
import type { Dataset, Samples } from './dataset.js';
import { pickedTargets, someTargets } from './target.js';
import { valuesOnDemand } from './transforms/rows-on-demand.js';
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

/**
 * `held` samples drawn from the classes in proportion to their sizes, as a test part; a class of one sample stays in the
 * training part.
 */
export function holdOutClasses<Kind extends Samples & { readonly targets: Uint32Array }>(
  samples: Kind,
  held: number,
  seed: number,
): { readonly train: Kind; readonly test: Kind } {
  const { targets, count } = samples;
  const sizes = new Map<number, number>();
  for (const target of targets) sizes.set(target, (sizes.get(target) ?? 0) + 1);
  const places = Uint32Array.from(targets.keys()).filter((at) => (sizes.get(targets[at]) ?? 0) > 1);
  const chosen = new Uint8Array(count);
  const rng = new Rng(seed, Stream.validation);
  const classes = places.map((at) => targets[at]);
  for (const { members, share } of sharesOf(classes, Math.min(held, places.length))) {
    shuffle(members, rng);
    for (const member of members.subarray(0, share)) chosen[places[member]] = 1;
  }
  return { train: pick(samples, chosen, 0), test: pick(samples, chosen, 1) };
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
  // Lists that grow would take several times the memory.
  const sizes = new Map<number, number>();
  for (let i = 0; i < targets.length; i++) sizes.set(targets[i], (sizes.get(targets[i]) ?? 0) + 1);
  const byClass = [...sizes]
    .sort(([a], [b]) => a - b)
    .map(([target, size]) => ({ target, members: new Int32Array(size), filled: 0 }));
  const own = new Map(byClass.map((each) => [each.target, each]));
  for (let i = 0; i < targets.length; i++) {
    const each = own.get(targets[i]);
    if (each !== undefined) each.members[each.filled++] = i;
  }
  const classes = byClass.map(({ members }) => members);
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
  if (samples.rows !== undefined) {
    const indices = new Uint32Array(last - first);
    for (let i = 0; i < indices.length; i++) indices[i] = first + i;
    return pickedRows(samples, indices);
  }
  const size = sizeOf(samples.shape);
  return {
    ...samples,
    values: samples.values.subarray(first * size, last * size),
    targets: someTargets(samples.targets, targetWidth(samples), first, last),
    count: last - first,
    ...(samples.fileRows && { fileRows: samples.fileRows.subarray(first, last) }),
  };
}

const pick = <Kind extends Samples>(samples: Kind, chosen: Uint8Array, wanted: number): Kind =>
  samplesAt(samples, placesIn(chosen, wanted));

/** The samples at these places, which ascend, of the same kind as `samples`. */
export function samplesAt<Kind extends Samples>(samples: Kind, indices: Uint32Array): Kind {
  if (samples.rows !== undefined) return pickedRows(samples, indices);
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
    ...ownRows(samples, indices),
  };
}

/** Without a copy of the rows. */
function pickedRows<Kind extends Samples>(samples: Kind, indices: Uint32Array): Kind {
  const { rows, table, targets } = samples;
  if (rows === undefined) throw new Error('samples that are in memory, where rows on demand are expected');
  const picked = pickedTargets(targets, targetWidth(samples), indices);
  const own = table === undefined ? { targets: picked } : { targets: picked, table };
  const others = { ...own, ...ownRows(samples, indices) };
  return valuesOnDemand(rows.picked(indices), others) as Samples as Kind;
}

function ownRows({ fileRows }: Samples, indices: Uint32Array): Pick<Samples, 'fileRows'> {
  return fileRows === undefined ? {} : { fileRows: indices.map((at) => fileRows[at]) };
}

/** The places of a value, in their order. */
export function placesIn(chosen: Uint8Array, wanted: number): Uint32Array {
  let count = 0;
  for (let i = 0; i < chosen.length; i++) if (chosen[i] === wanted) count += 1;
  const places = new Uint32Array(count);
  let at = 0;
  for (let i = 0; i < chosen.length; i++) if (chosen[i] === wanted) places[at++] = i;
  return places;
}

/** Values of a sample's target. */
const targetWidth = ({ targets, count }: Samples) => (count === 0 ? 1 : targets.length / count);
