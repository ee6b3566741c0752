/**
 * The exports of the modules `directions-<grid>`: direction features of images, and softmax regression on blocks of
 * eight feature vectors. `assembly/` documents shapes and orderings at each function; `model` is a
 * table of `linear-model.ts`.
 */
export interface DirectionKernels {
  scratchBytes(): number;
  initialise(scratch: number, size: number, aspect: number, full: number, sobel: number, pool: number): void;
  extract(images: number, order: number, blocks: number, out: number, scratch: number): void;
  blockStatistics(x: number, blocks: number, features: number, lanes: number, out: number): void;
  combineStatistics(model: number, chunks: number, count: number, stride: number, images: number): void;
  fittingBytes(features: number, components: number, images: number): number;
  fitComponents(model: number, x: number, images: number, room: number): void;
  propagate(
    model: number,
    x: number,
    labels: number,
    blocks: number,
    first: number,
    rowScale: number,
    room: number,
    sums: number,
  ): void;
  gradient(
    model: number,
    image: number,
    blocks: number,
    first: number,
    last: number,
    bias: number,
    out: number,
  ): void;
  train(
    model: number,
    x: number,
    labels: number,
    batches: number,
    steps: number,
    batchBlocks: number,
    images: number,
    rates: number,
    room: number,
    metrics: number,
    stride: number,
  ): void;
  /** Rows in the layout of the engine's layers. */
  standardise(model: number, x: number, blocks: number, room: number, out: number, panel: number): void;
  foldWeights(model: number, out: number): void;
  logits(model: number, x: number, blocks: number, folded: number, room: number): void;
  evaluate(
    model: number,
    x: number,
    labels: number,
    blocks: number,
    folded: number,
    room: number,
    sums: number,
  ): void;
}

/** Number of classes over which the kernels are unrolled: the most that a task may have. */
export const mostClasses = 10;
/** Floats of a strip, the weights of eight inputs for every class, and of the bias after the last strip. */
export const stripFloats = 80;
export const biasFloats = 16;

export function stripVectorFloats(strips: number): number {
  return strips * stripFloats + biasFloats;
}

/** The place, for a class, of the weight of place `place` of the strips, eight to a strip. */
export function stripIndex(place: number, label: number): number {
  return Math.floor(place / 8) * stripFloats + label * 8 + (place % 8);
}

/**
 * The places of the inputs in the strips, in order: direction features, then products p_i · p_j with i ≤ j, row by row.
 */
export function inputPlaces(features: number, components: number): number[] {
  const places = Array.from({ length: features }, (_, f) => f);
  let strip = features / 8;
  for (let i = 0; i < components; i++) {
    const first = i - (i % 8);
    for (let j = i; j < components; j++) places.push(strip * 8 + j - first);
    strip += (components - first) / 8;
  }
  return places;
}

export const directionModule = (grid: number): string => `directions-${grid}`;

export function instantiateDirections(
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
): DirectionKernels {
  // The module belongs to this package and its exports are checked by the self-test, so the shape is known here.
  return new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as DirectionKernels;
}
