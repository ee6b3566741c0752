/** Targets of samples in memory that are values: a Float32Array, one sample's values after the other's. */
import { sizeOf } from '../numbers/size.js';
import { UserError } from '../user-error.js';
import { type Inputs, refused } from './memory-inputs.js';
import { checkLabels } from './memory-targets.js';
import type { Target } from './target.js';
import type { Shape } from './transforms/transform.js';

interface Given {
  readonly inputs: Inputs;
  readonly targets: Float32Array;
}

/** `names`: of the values; null: target, or target 1, target 2 … */
export function valueTarget(
  { inputs, targets }: Given,
  shape: Shape | null,
  names: readonly string[] | null,
): Extract<Target, { readonly kind: 'value' }> {
  if (names !== null) checkLabels(names);
  const count = Array.isArray(inputs)
    ? inputs.length
    : shape === null
      ? targets.length
      : inputs.length / sizeOf(shape);
  const width = names?.length ?? (count > 0 ? targets.length / count : 1);
  if (!Number.isInteger(width) || width === 0)
    throw refused('data.targets', `a multiple of the ${count} samples`, `${targets.length} values`);
  const own = width === 1 ? ['target'] : Array.from({ length: width }, (_, k) => `target ${k + 1}`);
  return { kind: 'value', width, names: names ?? own };
}

/** Samples that have these targets. `name`: of the part's targets, in messages. */
export function countOfValues(name: string, targets: unknown, width: number): number {
  if (Array.isArray(targets) && targets.length === 0) return 0;
  if (!(targets instanceof Float32Array))
    throw UserError.refusal(name, 'a Float32Array, as data.targets is', targets);
  if (targets.length % width !== 0)
    throw refused(name, `a multiple of ${width} values, as each sample has`, `${targets.length} values`);
  const at = targets.findIndex((value) => !Number.isFinite(value));
  if (at >= 0) throw UserError.refusal(`${name}[${at}]`, 'a finite number', targets[at]);
  return targets.length / width;
}

/** A view of this realm. */
export const ownValues = (targets: unknown): Float32Array =>
  targets instanceof Float32Array
    ? new Float32Array(targets.buffer, targets.byteOffset, targets.length)
    : new Float32Array();
