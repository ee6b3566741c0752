/**
 * The activation of a layer, with dropout: forward over its finished sums, backward over its deltas. ReLU is fused into
 * the products.
 */
import { activationCode, type Kernels } from '../../kernels/kernels.js';
import type { MaskOrigin } from '../../optim/dropout.js';
import type { Plan, Workspace } from '../../plan/plan.js';
import type { Units } from '../../plan/plan-units.js';
import type { Rows } from '../backend.js';
import { rowBytes } from './layer.js';
import { Masks } from './masks.js';

export class Activation {
  readonly #kernels: Kernels;
  readonly #kind: keyof typeof activationCode;
  readonly #index: number;
  readonly #width: number;
  /** The outputs of the network stay unchanged. */
  readonly #isLast: boolean;
  readonly #masks: Masks | null;

  constructor(
    { layers, activation, dropout }: Plan,
    kernels: Kernels,
    memory: WebAssembly.Memory,
    index: number,
  ) {
    this.#kernels = kernels;
    this.#kind = activation;
    this.#index = index;
    this.#width = layers[index].width;
    this.#isLast = index === layers.length - 1;
    const drops = !this.#isLast && dropout !== null && dropout.rates[index].scale > 1;
    this.#masks = drops ? new Masks(dropout, kernels, memory, index) : null;
  }

  /** The lower bound of the sums that the products write. */
  get floor(): number {
    return this.#kind === 'relu' && !this.#isLast ? 0 : Number.NEGATIVE_INFINITY;
  }

  /** The place of the layer's sums: GELU keeps them, the other activations overwrite them. */
  sums({ preActivations, activations }: Workspace): number {
    return (preActivations[this.#index] ?? activations[this.#index]).offset;
  }

  forward(workspace: Workspace, rows: Rows, origin: MaskOrigin | null, { first, last }: Units): void {
    const masks = origin === null ? null : this.#masks;
    if (this.#isLast || (this.#kind === 'relu' && masks === null)) return;
    const sums = this.sums(workspace);
    const out = workspace.activations[this.#index].offset;
    // The slopes of tanh and sigmoid need the values before dropout: they take the place of the sums.
    const values = masks === null || this.#kind === 'gelu' ? out : sums;
    const end = Math.min(last, this.#width);
    for (let panel = first / 16; panel * 16 < end; panel++) {
      const offset = panel * workspace.panelBytes;
      const row = offset + rows.first * rowBytes;
      if (this.#kind !== 'relu')
        this.#kernels.activate(
          activationCode[this.#kind],
          sums + row,
          values + row,
          (rows.last - rows.first) * 16,
        );
      if (masks !== null && origin !== null)
        masks.apply(values + offset, out + offset, rows, origin, panel * 16);
    }
  }

  /** Multiplies `deltas`, which have the layout of the activations, by the slope and by the factors of dropout. */
  backward(workspace: Workspace, deltas: number, rows: Rows, { first, last }: Units): void {
    if (this.#isLast) return;
    const sums = this.sums(workspace);
    const out = workspace.activations[this.#index].offset;
    const values = this.#masks === null ? out : sums;
    const count = (rows.last - rows.first) * 16;
    const end = Math.min(last, this.#width);
    for (let panel = first / 16; panel * 16 < end; panel++) {
      const offset = panel * workspace.panelBytes;
      const row = offset + rows.first * rowBytes;
      this.#masks?.applyBackward(out + row, deltas + row, count);
      this.#kernels.activateBackward(
        activationCode[this.#kind],
        sums + row,
        values + row,
        deltas + row,
        count,
      );
    }
  }
}
