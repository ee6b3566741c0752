/** Number of values of a shape: 784 for [28, 28, 1]; 1 for a scalar, whose shape is empty. */
export const sizeOf = (shape: readonly number[]): number =>
  shape.reduce((product, size) => product * size, 1);
