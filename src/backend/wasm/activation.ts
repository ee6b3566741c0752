/** The activation of a layer: forward over its finished sums, backward over its deltas. ReLU is fused into the products. */
import { activationCode, type Kernels } from '../../kernels/kernels.js';
import type { Plan, Workspace } from '../../plan/plan.js';
import type { Units } from '../../plan/plan-units.js';
import type { Rows } from '../backend.js';
import { rowBytes } from './layer.js';

export class Activation {
  readonly #kernels: Kernels;
  readonly #kind: keyof typeof activationCode;
  readonly #index: number;
  readonly #width: number;
  /** The outputs of the network stay unchanged. */
  readonly #isLast: boolean;

  constructor({ layers, activation }: Plan, kernels: Kernels, index: number) {
    this.#kernels = kernels;
    this.#kind = activation;
    this.#index = index;
    this.#width = layers[index].width;
    this.#isLast = index === layers.length - 1;
  }

  /** The lower bound of the sums that the products write. */
  get floor(): number {
    return this.#kind === 'relu' && !this.#isLast ? 0 : Number.NEGATIVE_INFINITY;
  }

  /** The place of the layer's sums: GELU keeps them, the other activations overwrite them. */
  sums({ preActivations, activations }: Workspace): number {
    return (preActivations[this.#index] ?? activations[this.#index]).offset;
  }

  forward(workspace: Workspace, rows: Rows, { first, last }: Units): void {
    if (this.#kind === 'relu' || this.#isLast) return;
    const { activations, panelBytes } = workspace;
    const end = Math.min(last, this.#width);
    for (let panel = first / 16; panel * 16 < end; panel++) {
      const offset = panel * panelBytes + rows.first * rowBytes;
      this.#kernels.activate(
        activationCode[this.#kind],
        this.sums(workspace) + offset,
        activations[this.#index].offset + offset,
        (rows.last - rows.first) * 16,
      );
    }
  }

  /** Multiplies `deltas`, which have the layout of the activations, by the slope. */
  backward(workspace: Workspace, deltas: number, rows: Rows, { first, last }: Units): void {
    if (this.#isLast) return;
    const { activations, panelBytes } = workspace;
    const end = Math.min(last, this.#width);
    for (let panel = first / 16; panel * 16 < end; panel++) {
      const offset = panel * panelBytes + rows.first * rowBytes;
      this.#kernels.activateBackward(
        activationCode[this.#kind],
        this.sums(workspace) + offset,
        activations[this.#index].offset + offset,
        deltas + offset,
        (rows.last - rows.first) * 16,
      );
    }
  }
}
