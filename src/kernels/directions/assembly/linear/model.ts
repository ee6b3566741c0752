// The table of sizes, hyperparameters and pointers that the kernels of softmax regression read.
// `src/kernels/directions/linear-model.ts` writes it, explains its fields, and explains strips; a test compares both.
// Legend: block f32 [F][8 images]; x̂ = x · scale + shift[feature]; p = projection of x. Classes beyond `classes` have no
// probability; label 255 marks a place that is no image.

// @ts-ignore: AssemblyScript decorator
@unmanaged
export class LinearModel {
  features: i32;
  components: i32;
  classes: i32;
  smoothing: f32;
  scale: f32;
  momentum: f32;
  nesterov: i32;
  decay: f32;
  weights: usize;
  velocity: usize;
  mean: usize;
  shift: usize;
  projection: usize;
  centres: usize;
  rows: usize;
  projected: usize;
  deltas: usize;
}

/** The number of principal components; a constant in a module without products. */
// @ts-ignore: AssemblyScript decorator
@inline
export function componentsOf(M: LinearModel): i32 {
  return PLAIN ? 0 : M.components;
}

/** Strips of products of K components. */
// @ts-ignore: AssemblyScript decorator
@inline
export function productStrips(components: i32): i32 {
  return ((components >> 3) * ((components >> 3) + 1)) << 2;
}
