// Where the numbers of a network in online training are: one header, then one record for each layer of weights.
// src/brain/places.ts has the same offsets for the caller.

export const enum Net {
  /** i32, layers of weights. */
  layers = 0,
  /** i32, enum Activation. */
  activation = 4,
  /** f64: slope of leaky ReLU below 0. */
  alpha = 8,
  rate = 16,
  momentum = 24,
  /** Pointers: f32 [sample][width of the records' rows]. */
  samples = 32,
  targets = 36,
  /** Bytes of a row of samples, of targets. */
  sampleBytes = 40,
  targetBytes = 44,
  /** f64: mean error of the last pass. */
  error = 48,
  /** i32: samples trained on so far (exact kernel). */
  step = 56,
  /** i32: 1 for Adam (exact kernel only). */
  adam = 60,
  beta1 = 64,
  beta2 = 72,
  epsilon = 80,
  /**
   * Pointers of the wide kernel, for a block of 32 samples. Sums of the first layer: f32 [32][row of outputs]; its deltas, and
   * behind them those times what momentum leaves of them: f32 [2][32][row]; what of each sample is not 0, as offset of the
   * row in a panel (i32) and input (f32): [32][inputs], and their numbers: i32 [32].
   */
  sums = 88,
  deltas = 92,
  entries = 96,
  counts = 100,
  /** For each input the samples in which it is not 0, as pointer to the deltas (u32) and input (f32): [inputs][32], and their numbers: u8 [inputs]. */
  lists = 104,
  lengths = 108,
  /** u8 [inputs]: 1 if a row has changes that are not 0. */
  live = 112,
  /** f32 [block of the samples][32][32], see products. */
  products = 116,
  first = 128,
}

export const enum Layer {
  inputs = 0,
  outputs = 4,
  /** Bytes from a row of weights to the next. */
  rowBytes = 8,
  weights = 12,
  /** The last change of each weight, for momentum; Adam: its mean. */
  changes = 16,
  biases = 20,
  values = 24,
  deltas = 28,
  /** Adam: mean squares of the weights, mean and mean squares of the biases. */
  squares = 36,
  biasMeans = 40,
  biasSquares = 44,
  bytes = 64,
}

export const enum Activation { Sigmoid = 0, Relu = 1, LeakyRelu = 2, Tanh = 3 }
