/** The masks of one layer's units in a step: see optim/dropout.ts. */
import type { Kernels } from '../../kernels/kernels.js';
import { layerWords } from '../../numbers/counter-hash.js';
import type { DropoutRate, MaskOrigin } from '../../optim/dropout.js';
import type { DropoutPlan } from '../../plan/plan-dropout.js';
import type { Rows } from '../backend.js';
import { rowBytes } from './layer.js';

export class Masks {
  readonly #kernels: Kernels;
  readonly #layer: number;
  readonly #rate: DropoutRate;
  readonly #seed: Uint32Array;
  /** That `words` are of. */
  #drawn = { seed: -1, step: -1 };
  #words: readonly [number, number] = [0, 0];

  constructor({ rates, seed }: DropoutPlan, kernels: Kernels, memory: WebAssembly.Memory, layer: number) {
    this.#kernels = kernels;
    this.#layer = layer;
    this.#rate = rates[layer];
    this.#seed = new Uint32Array(memory.buffer, seed.offset, 1);
  }

  /** Rows of the panel of units from `unit` on, from byte offset `from` to byte offset `to`; both are of row 0. */
  apply(from: number, to: number, rows: Rows, { step, firstSample }: MaskOrigin, unit: number): void {
    const [seed] = this.#seed;
    if (step !== this.#drawn.step || seed !== this.#drawn.seed) {
      this.#words = layerWords(seed, step, this.#layer);
      this.#drawn = { seed, step };
    }
    const [a, b] = this.#words;
    const offset = rows.first * rowBytes;
    this.#kernels.dropout(
      from + offset,
      to + offset,
      rows.last - rows.first,
      firstSample + rows.first,
      unit,
      a,
      b,
      this.#rate.below,
      this.#rate.scale,
    );
  }

  /** Deltas of `count` values, at byte offset `deltas`; `values`: where `apply` has written these. */
  applyBackward(values: number, deltas: number, count: number): void {
    this.#kernels.dropoutBackward(values, deltas, count, this.#rate.scale);
  }
}
