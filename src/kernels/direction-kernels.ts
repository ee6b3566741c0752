/**
 * What the modules `directions-<grid>` export: features of images, and softmax regression on blocks of eight feature
 * vectors. They are emitted by `scripts/kernels`, where shapes and orderings are documented at each function.
 */
export interface DirectionKernels {
  scratchBytes(): number;
  initialise(scratch: number): void;
  extract(images: number, order: number, blocks: number, out: number, scratch: number): void;
  blockStatistics(x: number, blocks: number, features: number, lanes: number, out: number): void;
  combineStatistics(
    chunks: number,
    count: number,
    stride: number,
    features: number,
    images: number,
    mean: number,
    shift: number,
  ): number;
  propagate(
    x: number,
    labels: number,
    blocks: number,
    features: number,
    weights: number,
    scale: number,
    shift: number,
    classes: number,
    rowScale: number,
    smoothing: number,
    columns: number,
    deltas: number,
    rows: number,
    sums: number,
  ): void;
  gradient(
    rows: number,
    deltas: number,
    blocks: number,
    features: number,
    first: number,
    last: number,
    bias: number,
    out: number,
  ): void;
  train(
    x: number,
    labels: number,
    features: number,
    weights: number,
    velocity: number,
    scale: number,
    shift: number,
    classes: number,
    batches: number,
    steps: number,
    batchBlocks: number,
    images: number,
    rates: number,
    momentum: number,
    nesterov: number,
    decay: number,
    smoothing: number,
    columns: number,
    deltas: number,
    rows: number,
    metrics: number,
    stride: number,
  ): void;
  foldWeights(
    features: number,
    weights: number,
    scale: number,
    shift: number,
    classes: number,
    out: number,
  ): void;
  evaluate(
    x: number,
    labels: number,
    blocks: number,
    features: number,
    folded: number,
    scratch: number,
    sums: number,
  ): void;
}

/** Classes that the kernels are unrolled over: as many as a task may have. */
export const mostClasses = 10;
/** Floats of a strip, eight features' weights for every class, and of the bias after the last strip. */
export const stripFloats = 80;
export const biasFloats = 16;

export function stripVectorFloats(features: number): number {
  return (features / 8) * stripFloats + biasFloats;
}

/** Where the weight of a feature for a class lies in a strip vector. */
export function stripIndex(feature: number, label: number): number {
  return Math.floor(feature / 8) * stripFloats + label * 8 + (feature % 8);
}

export const directionModule = (grid: number): string => `directions-${grid}`;

export function instantiateDirections(
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
): DirectionKernels {
  // The module is ours and its exports are checked by the self-test, so the shape is known here.
  return new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as DirectionKernels;
}
