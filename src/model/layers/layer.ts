/** A layer of a network: its description before it is laid out, and the places of its parameters afterwards. */
import type { Rng } from '../../numbers/rng.js';
import type { Steps } from '../../numbers/steps.js';
import type { InitKind } from '../initialise.js';
import type { Op } from '../op.js';
import type { Tensor } from '../safetensors.js';

/** The form in which a layer is laid out. */
export interface Site {
  /** The layer's name in files: its index in PyTorch's nn.Sequential, which counts the activations between. */
  readonly name: string;
  /** First float in the parameter vector, a multiple of 16. */
  readonly offset: number;
  /** `sparse rows`: panels for inputs that are sparse rows; `matrix`: for backends that need weights as one matrix. */
  readonly form: 'dense rows' | 'sparse rows' | 'matrix';
}

/** The places of a layer: plain data, sent to the workers with the plan. */
export interface LayerLayout {
  readonly kind: 'dense' | 'linear';
  readonly name: string;
  readonly inputs: number;
  readonly outputs: number;
  /** 16 or 64; for layers laid out as matrices: outputs. */
  readonly panelWidth: number;
  /** 0 for a layer without parameters. */
  readonly panels: number;
  /** Floats in a row of this layer's activations, at least `outputs`. */
  readonly width: number;
  /** First float of the layer in the parameter vector. */
  readonly offset: number;
  /** Floats from one panel to the next, a multiple of 16. */
  readonly panelFloats: number;
}

export interface Layer {
  readonly inputs: number;
  readonly outputs: number;
  layout(site: Site): LayerLayout;
  /**
   * Initial tensors by their names within the layer, in the order of drawing. `isOutput`: the last layer of a network
   * with hidden layers.
   */
  initial(kind: InitKind, isOutput: boolean, rng: Rng): Steps<Map<string, Tensor>>;
}

/** Looks up a tensor of the layer by its name within it. @throws UserError if it is missing or has another shape. */
export type TensorSource = (name: string, shape: number[]) => Float32Array;

/** Converts between the parameter vector and a laid-out layer's named tensors, in PyTorch's shapes. */
export interface LayerTensors {
  read(layout: LayerLayout, vector: Float32Array): Map<string, Tensor>;
  /** The vector must hold zeros before. */
  write(layout: LayerLayout, vector: Float32Array, source: TensorSource): void;
  describe(layout: LayerLayout, source: TensorSource): Op[];
}
