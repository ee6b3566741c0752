/** Weights in 8 bits, symmetric, with one scale for each output: weight[o][i] ≈ values[o][i] · scales[o]. */
export interface QuantisedRows {
  /** i8 [outputs][inputs], from −127 to 127. */
  readonly values: Int8Array;
  /** f32 [outputs]: the largest magnitude of a row over 127; 0 for a row of zeros. */
  readonly scales: Float32Array;
}

/** `weight`: f32 [outputs][inputs], finite. */
export function quantiseRows(weight: Float32Array, outputs: number, inputs: number): QuantisedRows {
  if (weight.length !== outputs * inputs)
    throw new RangeError(`weight: expected ${outputs}×${inputs} values, got ${weight.length}`);
  const values = new Int8Array(weight.length);
  const scales = new Float32Array(outputs);
  for (let o = 0; o < outputs; o++) {
    const row = weight.subarray(o * inputs, (o + 1) * inputs);
    let most = 0;
    for (const value of row) most = Math.max(most, Math.abs(value));
    scales[o] = most / 127;
    // Rows of subnormal numbers have a scale that rounds to 0.
    if (scales[o] === 0) continue;
    for (let i = 0; i < inputs; i++)
      values[o * inputs + i] = Math.max(-127, Math.min(127, Math.round(row[i] / scales[o])));
  }
  return { values, scales };
}

/** Share of the samples that weights in 8 bits may lose unless another limit is given. */
export const mostLost = 0.001;
