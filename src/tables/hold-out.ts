/** Which rows train and which measure: drawn by the seed, from each class in proportion to its size. */
import { placesIn, sharesOf } from '../data/split.js';
import { Rng, Stream, shuffle } from '../numbers/rng.js';
import type { Targets } from './targets.js';

/** Values are drawn from so many ranges of equal numbers of rows. */
const ranges = 10;
/** More combinations of labels are not told apart. */
const mostCombinations = 100;

export interface HeldOut {
  /** Places in `Targets.rows`, in their order. */
  readonly train: Uint32Array;
  readonly held: Uint32Array;
}

/** `share`: of all rows. A class of one row stays in the training part. */
export function holdOut(targets: Targets, share: number, seed: number): HeldOut {
  const strata = strataOf(targets);
  const isAlone = aloneIn(strata);
  const places = placesIn(
    Uint8Array.from(strata, (stratum) => (isAlone(stratum) ? 1 : 0)),
    0,
  );
  const held = Math.min(places.length, Math.round(share * strata.length));
  const chosen = new Uint8Array(strata.length);
  const rng = new Rng(seed, Stream.validation);
  for (const { members, share: count } of sharesOf(
    places.map((place) => strata[place]),
    held,
  )) {
    shuffle(members, rng);
    for (const member of members.subarray(0, count)) chosen[places[member]] = 1;
  }
  return { train: placesIn(chosen, 0), held: placesIn(chosen, 1) };
}

/** The fold, from 0, of each of `rows`: each class is dealt out in turn. */
export function foldsOf(targets: Stratified, folds: number, seed: number): Uint16Array {
  const strata = strataOf(targets);
  const fold = new Uint16Array(strata.length);
  const rng = new Rng(seed, Stream.validation);
  let next = 0;
  for (const { members } of sharesOf(strata, 0)) {
    shuffle(members, rng);
    for (const member of members) fold[member] = next++ % folds;
  }
  return fold;
}

/** What rows are told apart by. */
export interface Stratified extends Pick<Targets, 'values' | 'rows'> {
  readonly schema: Pick<Targets['schema'], 'task' | 'names'>;
}

/** The class, the range of the first value or the combination of labels of each row. */
function strataOf({ schema, values, rows }: Stratified): Uint32Array {
  if (values instanceof Uint32Array) return values;
  const width = schema.names.length;
  if (schema.task === 'values') {
    const order = ascending(values, width);
    const strata = new Uint32Array(rows.length);
    order.forEach((place, rank) => {
      strata[place] = Math.floor((rank * ranges) / rows.length);
    });
    return strata;
  }
  const combinations = new Map<string, number>();
  return Uint32Array.from(rows.keys(), (_, place) => {
    const key = values.subarray(place * width, (place + 1) * width).join('');
    const known = combinations.get(key) ?? Math.min(combinations.size, mostCombinations);
    combinations.set(key, known);
    return known;
  });
}

/**
 * The places of rows by their first value, then by their place. Sorted as whole numbers of 64 bits: a comparison of its own
 * would take a copy of many times the memory.
 */
function ascending(values: Float32Array, width: number): Uint32Array {
  const count = values.length / width;
  const keys = new BigUint64Array(count);
  /** Low half: the place; high half: the value, as a whole number of the same order. */
  const halves = new Uint32Array(keys.buffer);
  const value = new Float32Array(1);
  const bits = new Uint32Array(value.buffer);
  for (let place = 0; place < count; place++) {
    // Not −0, which is the same value.
    value[0] = values[place * width] + 0;
    halves[2 * place] = place;
    halves[2 * place + 1] = bits[0] & 0x80000000 ? ~bits[0] : bits[0] | 0x80000000;
  }
  keys.sort();
  const order = new Uint32Array(count);
  for (let rank = 0; rank < count; rank++) order[rank] = halves[2 * rank];
  return order;
}

function aloneIn(strata: Uint32Array): (stratum: number) => boolean {
  const sizes = new Map<number, number>();
  for (const stratum of strata) sizes.set(stratum, (sizes.get(stratum) ?? 0) + 1);
  return (stratum) => sizes.get(stratum) === 1;
}
