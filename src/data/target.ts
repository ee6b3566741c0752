/** What samples are to be mapped to: a class, or values. */

export type Target =
  /** `labels`: the name of each class, by its number. */
  | { readonly kind: 'class'; readonly labels: readonly string[] }
  /** `names`: one for each value of a sample. `areLabels`: the data say that each holds or not. */
  | {
      readonly kind: 'value';
      readonly width: number;
      readonly names: readonly string[];
      readonly areLabels?: boolean;
    };

/** What losses need of it. */
export type TargetFacts =
  /** `weights`: of the loss, one for each class; null: all equal. */
  | { readonly kind: 'class'; readonly classes: number; readonly weights: readonly number[] | null }
  | { readonly kind: 'value'; readonly width: number };

/** Classes: u32 [count]; values: f32 [count][width]. */
export type TargetValues = Uint32Array | Float32Array;

export const classTarget = (labels: readonly string[]): Target => ({ kind: 'class', labels });

/** Of a class, or of a value. */
export const namesOf = (target: Target): readonly string[] =>
  target.kind === 'class' ? target.labels : target.names;

/** Values of a sample's target. */
export const widthOf = (target: Target | TargetFacts): number => (target.kind === 'class' ? 1 : target.width);

export const factsOf = (target: Target, weights: readonly number[] | null = null): TargetFacts =>
  target.kind === 'class'
    ? { kind: 'class', classes: target.labels.length, weights }
    : { kind: 'value', width: target.width };

/** For code that only classes reach. */
export function classesIn(targets: TargetValues): Uint32Array {
  if (targets instanceof Uint32Array) return targets;
  throw new Error('targets that are values, where classes are expected');
}

/** For code that only values reach. */
export function valuesIn(targets: TargetValues): Float32Array {
  if (targets instanceof Float32Array) return targets;
  throw new Error('targets that are classes, where values are expected');
}

/** For code that only classes reach. */
export function labelsOf(target: Target): readonly string[] {
  if (target.kind === 'class') return target.labels;
  throw new Error('a target of values, where classes are expected');
}

/** Samples [first, last). */
export const someTargets = (targets: TargetValues, width: number, first: number, last: number) =>
  targets.subarray(first * width, last * width);

/** Samples at these places. */
export function pickedTargets(targets: TargetValues, width: number, places: ArrayLike<number>): TargetValues {
  const picked = new (targets instanceof Uint32Array ? Uint32Array : Float32Array)(places.length * width);
  if (width === 1) {
    for (let to = 0; to < places.length; to++) picked[to] = targets[places[to]];
    return picked;
  }
  for (let to = 0; to < places.length; to++)
    picked.set(someTargets(targets, width, places[to], places[to] + 1), to * width);
  return picked;
}
