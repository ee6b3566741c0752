/** Targets of samples in memory as a loss takes them. */
import { widthOf } from '../data/target.js';
import type { Plan } from '../plan/plan.js';

export class TargetReader {
  readonly #isClass: boolean;
  readonly #words: Int32Array;
  readonly #floats: Float32Array;
  readonly #target: Float64Array;

  constructor({ target }: Pick<Plan, 'target'>, memory: WebAssembly.Memory) {
    this.#isClass = target.kind === 'class';
    this.#words = new Int32Array(memory.buffer);
    this.#floats = new Float32Array(memory.buffer);
    this.#target = new Float64Array(widthOf(target));
  }

  /** `targets`: byte offset of a part's. Valid until the next call. */
  of(targets: number, sample: number): Float64Array {
    const target = this.#target;
    const { length } = target;
    const first = targets / 4 + sample * length;
    if (this.#isClass) target[0] = this.#words[first];
    else for (let k = 0; k < length; k++) target[k] = this.#floats[first + k];
    return target;
  }
}
