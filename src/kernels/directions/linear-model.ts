/**
 * The table in memory that the kernels of softmax regression on feature blocks read: sizes, hyperparameters and
 * pointers. `assembly/linear/model.ts` has the same fields in the same order.
 *
 * F direction features of an image, a multiple of 8; K principal components whose products are inputs too, a multiple
 * of 8 or 0. Inputs are in strips of eight: F / 8 strips of direction features, then for each component i those of p_i
 * · p_j, j in [8⌊i/8⌋, K). Places with j < i repeat p_j · p_i, and their weights are never read.
 */
export const linearModelFields = {
  features: 'i32',
  components: 'i32',
  classes: 'i32',
  smoothing: 'f32',
  /** One over the standard deviation of all direction features; written when the transform is fitted. */
  scale: 'f32',
  momentum: 'f32',
  nesterov: 'i32',
  decay: 'f32',
  /** f32 [strips][10 classes][8], then the bias f32 [16]; the same for the momentum. */
  weights: 'usize',
  velocity: 'usize',
  /** f32 [F]: means; −mean · scale. */
  mean: 'usize',
  shift: 'usize',
  /** f32 [K / 8][F][8], then f32 [K]: the map from raw direction features to components, and its offset. */
  projection: 'usize',
  /** f32 [product strips][8]: minus the mean of each product. */
  centres: 'usize',
  /** The batch: f32 [images][F] standardised, f32 [images][K] components, f32 [blocks][10][8] gradients of the logits. */
  rows: 'usize',
  projected: 'usize',
  deltas: 'usize',
} as const;

export type LinearField = keyof typeof linearModelFields;

export const linearFieldOffset = (name: LinearField): number =>
  4 * Object.keys(linearModelFields).indexOf(name);

export const linearModelBytes = 4 * Object.keys(linearModelFields).length;

/** Strips of products of K components. */
export const productStrips = (components: number): number => (components / 8) * (components / 8 + 1) * 4;

/** Distinct products of K components. */
export const productCount = (components: number): number => (components * (components + 1)) / 2;

/** Writes some fields of the table at `offset`. */
export function writeLinearModel(
  memory: WebAssembly.Memory,
  offset: number,
  values: Readonly<Partial<Record<LinearField, number>>>,
): void {
  const view = new DataView(memory.buffer, offset, linearModelBytes);
  for (const [name, value] of Object.entries(values) as [LinearField, number][]) {
    if (linearModelFields[name] === 'f32') view.setFloat32(linearFieldOffset(name), value, true);
    else view.setInt32(linearFieldOffset(name), value, true);
  }
}
