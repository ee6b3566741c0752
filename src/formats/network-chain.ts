/** A network of another program: what its file says of it, before it becomes a model of ours. */

export type Activation = 'relu' | 'tanh' | 'gelu' | 'sigmoid';

/** y = weight · x + bias; weight f32 [outputs][inputs]. */
export interface ChainLayer {
  /** Names the layer in messages. */
  readonly name: string;
  readonly inputs: number;
  readonly outputs: number;
  readonly weight: Float32Array;
  readonly bias: Float32Array;
}

export interface NetworkChain {
  readonly layers: readonly ChainLayer[];
  /** Between the layers; null: the file does not say. */
  readonly activation: Activation | null;
  /** Sizes of a sample; null: the file does not say. */
  readonly shape: readonly number[] | null;
  /** The network's input is x · scale − shift, both [inputs]; null: it is x. */
  readonly scaling: { readonly scale: Float64Array; readonly shift: Float64Array } | null;
  /** What a user should know of the reading, one line each. */
  readonly notes: readonly string[];
}
