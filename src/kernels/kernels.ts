/**
 * The exports of the WebAssembly module. Every pointer is a byte offset into the shared memory, every stride is in
 * bytes; shapes and orderings are documented at each function in `assembly/`.
 */
export interface Kernels {
  packRows(
    pixels: number,
    rows: number,
    width: number,
    rangeEnds: number,
    ranges: number,
    shift: number,
    scale: number,
    entries: number,
    starts: number,
  ): void;
  poolImages(
    images: number,
    count: number,
    imageBytes: number,
    corner: number,
    line: number,
    rows: number,
    columns: number,
    out: number,
  ): void;
  countBytes: Counting;
  countShorts: Counting;
  packShorts: Kernels['packRows'];
  locateRows(starts: number, order: number, rows: number, ranges: number, bounds: number): number;
  gatherRows(
    values: number,
    order: number,
    rows: number,
    width: number,
    scale: number,
    shift: number,
    out: number,
    panel: number,
  ): void;
  gatherFloats(values: number, order: number, rows: number, width: number, out: number, panel: number): void;
  expandRows(
    values: number,
    order: number,
    rows: number,
    stride: number,
    blocks: number,
    out: number,
    panel: number,
  ): void;
  expandEntries(
    values: number,
    order: number,
    rows: number,
    stride: number,
    blocks: number,
    ends: number,
    ranges: number,
    shift: number,
    entries: number,
    bounds: number,
  ): void;
  sumRanges(
    weights: number,
    blocks: number,
    first: number,
    last: number,
    bias: number,
    width: number,
    out: number,
  ): void;
  sumRangeGradients(gradient: number, blocks: number, first: number, last: number, width: number): void;
  centredBias(weights: number, features: number, width: number, shift: number, out: number): void;
  sparseForward16: SparseForward;
  sparseForward64: SparseForward;
  sparseGradient16: SparseGradient;
  sparseGradient64: SparseGradient;
  turnRows(
    bounds: number,
    ranges: number,
    rows: number,
    first: number,
    features: number,
    columns: number,
    out: number,
  ): void;
  sparseGather64(
    columns: number,
    first: number,
    last: number,
    d: number,
    dPanel: number,
    gradient: number,
    sums: number,
    shift: number,
  ): void;
  packActive(a: number, rows: number, width: number, aPanel: number, entries: number, bounds: number): void;
  activeForward64(
    bounds: number,
    rows: number,
    weights: number,
    panelBytes: number,
    bias: number,
    z: number,
    zPanel: number,
    floor: number,
  ): void;
  matmul16(
    rows: number,
    depth: number,
    a: number,
    aPanel: number,
    b: number,
    c: number,
    cRow: number,
    init: number,
    floor: number,
  ): void;
  outer16(
    rows: number,
    a: number,
    aPanel: number,
    first: number,
    last: number,
    d: number,
    c: number,
    cRow: number,
  ): void;
  activate(kind: number, z: number, a: number, count: number): void;
  activateBackward(kind: number, z: number, a: number, d: number, count: number): void;
  dropout(
    x: number,
    out: number,
    rows: number,
    place: number,
    unit: number,
    a: number,
    b: number,
    threshold: number,
    scale: number,
  ): void;
  dropoutBackward(a: number, d: number, count: number, scale: number): void;
  softmaxCrossEntropy(
    logits: number,
    panel: number,
    rows: number,
    classes: number,
    labels: number,
    order: number,
    smoothing: number,
    scale: number,
    lossSum: number,
  ): number;
  columnSum(d: number, rows: number, out: number): void;
  addInto(target: number, source: number, count: number): void;
  negativeOuter(shift: number, rows: number, v: number, width: number, out: number): void;
  transposeRows(
    panel: number,
    first: number,
    last: number,
    output: number,
    outputs: number,
    layerOutputs: number,
    transposed: number,
  ): void;
  multiply(x: number, count: number, factor: number): void;
  sgd(
    weights: number,
    velocity: number,
    gradient: number,
    count: number,
    learningRate: number,
    momentum: number,
    nesterov: number,
    weightDecay: number,
  ): void;
  adam(
    weights: number,
    mean: number,
    square: number,
    gradient: number,
    count: number,
    learningRate: number,
    beta1: number,
    beta2: number,
    epsilon: number,
    weightDecay: number,
    correction1: number,
    correction2: number,
    keep: number,
  ): void;
  lars(
    weights: number,
    velocity: number,
    gradient: number,
    count: number,
    rate: number,
    momentum: number,
    weightDecay: number,
  ): void;
  rowSquares(x: number, rows: number, width: number, out: number, stride: number): void;
}

export type Counting = (
  values: number,
  rows: number,
  width: number,
  sums: number,
  nonZeros: number,
) => number;

export type SparseForward = (
  bounds: number,
  ranges: number,
  rows: number,
  weights: number,
  bias: number,
  z: number,
  zPanel: number,
  floor: number,
) => void;

export type SparseGradient = (
  bounds: number,
  ranges: number,
  range: number,
  rows: number,
  d: number,
  dPanel: number,
  gradient: number,
) => void;

/** The numbers that `activate` and `activateBackward` take. */
export const activationCode = { relu: 0, tanh: 1, gelu: 2, sigmoid: 3 } as const;

/** What a trained network calls, all there is in the kernels' module of a loaded model. */
export const inferenceKernels = [
  ...(['packRows', 'locateRows', 'gatherRows', 'gatherFloats', 'expandRows', 'centredBias'] as const),
  ...(['expandEntries', 'sumRanges'] as const),
  ...(['sparseForward16', 'sparseForward64', 'packActive', 'activeForward64'] as const),
  ...(['matmul16', 'activate', 'addInto'] as const),
] satisfies readonly (keyof Kernels)[];

export type InferenceKernel = (typeof inferenceKernels)[number];

/** Links a compiled kernel module to a shared memory; each thread makes its own instance. */
export function instantiateKernels(module: WebAssembly.Module, memory: WebAssembly.Memory): Kernels {
  // The module belongs to this package and its exports are checked by the self-test, so the shape is known here.
  return new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as Kernels;
}
