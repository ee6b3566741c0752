/**
 * Random words by their place instead of by their turn: a hash of a seed and of counters. So a word does not depend on how
 * many were drawn before it, or by whom. Integer arithmetic of 32 bits alone.
 */

/** A bijection of u32 in which every bit of x changes about half of the result (lowbias32; Wellons 2018). */
export function mix(x: number): number {
  let h = x >>> 0;
  h = Math.imul(h ^ (h >>> 16), 0x7feb352d);
  h = Math.imul(h ^ (h >>> 15), 0x846ca68b);
  return (h ^ (h >>> 16)) >>> 0;
}

/** Two words of a seed, a step and a layer. */
export function layerWords(seed: number, step: number, layer: number): readonly [number, number] {
  const word = (start: number) => mix(mix(mix((seed ^ start) >>> 0) + step) + Math.imul(layer, 0x9e3779b9));
  return [word(0x9e3779b9), word(0x85ebca6b)];
}

/** Uniform in [−2^31, 2^31): the word of a sample's place and a unit, from those of the layer. */
export function unitWord([a, b]: readonly [number, number], place: number, unit: number): number {
  const first = mix(place + a);
  const second = mix(place ^ b);
  let h = (Math.imul(unit + 1, 0x9e3779b9) + first) >>> 0;
  h = Math.imul(h ^ (h >>> 16), 0x7feb352d) ^ second;
  return Math.imul(h ^ (h >>> 15), 0x846ca68b);
}
