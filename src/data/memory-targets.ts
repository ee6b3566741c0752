/** Targets of samples in memory: numbers of classes, or their names. */
import { UserError } from '../user-error.js';

/** Classes: all numbers, or all words. */
export type ClassTargets = readonly (number | string)[] | Uint8Array | Uint16Array | Uint32Array | Int32Array;

/** Or values: [count][width], one sample's after the other's. */
export type Targets = ClassTargets | Float32Array;

export interface Classes {
  readonly labels: readonly string[];
  /** Places of the labels; null if targets are numbers. */
  readonly places: ReadonlyMap<string, number> | null;
}

/** As many as a layer may have outputs. */
const mostClasses = 65_536;

/**
 * The classes of all parts; names in sorted order. `given`: their labels.
 * @throws UserError (usage) for targets that are neither numbers from 0 up nor words, or go beyond the labels.
 */
export function classesOf(
  parts: readonly (readonly [string, ClassTargets])[],
  given: readonly string[] | null,
): Classes {
  if (given !== null) checkLabels(given);
  const first = parts.find(([, targets]) => targets.length > 0)?.[1][0];
  const areWords = typeof first === 'string';
  for (const [name, targets] of parts) checkTargets(name, targets, areWords);
  if (areWords) {
    const found = new Set(parts.flatMap(([, targets]) => [...(targets as readonly string[])]));
    const labels = given ?? [...found].sort();
    return { labels, places: new Map(labels.map((label, place) => [label, place])) };
  }
  let largest = -1;
  for (const [, targets] of parts)
    for (const target of targets as readonly number[]) if (target > largest) largest = target;
  return { labels: given ?? Array.from({ length: largest + 1 }, (_, index) => String(index)), places: null };
}

/** The number of each target's class. @throws UserError (usage) for a class without a label. */
export function numbered(name: string, targets: ClassTargets, { labels, places }: Classes): Uint32Array {
  const numbers = new Uint32Array(targets.length);
  for (let i = 0; i < targets.length; i++) {
    const target = targets[i];
    const place = typeof target === 'string' ? places?.get(target) : target;
    if (place === undefined || place >= labels.length) {
      const expected =
        typeof target === 'string'
          ? 'one of data.labels'
          : `an integer below ${labels.length}, the number of data.labels`;
      throw UserError.refusal(`${name}[${i}]`, expected, target);
    }
    numbers[i] = place;
  }
  return numbers;
}

export function checkLabels(labels: unknown): asserts labels is readonly string[] {
  if (!Array.isArray(labels) || labels.length === 0)
    throw UserError.refusal('data.labels', 'the names of the classes', labels);
  const seen = new Set<unknown>();
  for (const [i, label] of labels.entries()) {
    if (typeof label !== 'string') throw UserError.refusal(`data.labels[${i}]`, 'a string', label);
    if (seen.has(label))
      throw UserError.refusal(`data.labels[${i}]`, 'a name that no other class has', label);
    seen.add(label);
  }
}

function checkTargets(name: string, targets: ClassTargets, areWords: boolean): void {
  for (let i = 0; i < targets.length; i++) {
    const target: unknown = targets[i];
    const isFine = areWords
      ? typeof target === 'string'
      : typeof target === 'number' && Number.isInteger(target) && target >= 0 && target < mostClasses;
    if (isFine) continue;
    const expected = areWords
      ? 'a string, as the first target is'
      : `the number of a class, an integer from 0 to ${mostClasses - 1}${typeof target === 'string' ? ', as the first target is' : ', or its name'}${isValue(target) ? ', or for a regression a Float32Array of all values' : ''}`;
    throw UserError.refusal(`${name}[${i}]`, expected, target);
  }
}

/** A number that is no class, or several: the caller wants a regression. */
const isValue = (target: unknown): boolean =>
  Array.isArray(target) ||
  (typeof target === 'number' && Number.isFinite(target) && !Number.isInteger(target));
