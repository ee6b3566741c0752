/** Gradients against finite differences of a loss in float64. */
import assert from 'node:assert/strict';
import type { Tensor } from '../../dist/model/safetensors.js';
import { Rng } from '../../dist/numbers/rng.js';

/**
 * Plain gradient descent with a rate of 1 has moved the parameters from `weights` to `after`: each by the slope of `lossNow`, which
 * reads `weights`. Some parameters of each tensor are drawn.
 */
export function assertSlopes(
  weights: ReadonlyMap<string, Float64Array>,
  after: ReadonlyMap<string, Tensor>,
  lossNow: () => number,
  draws: number,
): void {
  const pick = new Rng(9);
  for (const [name, values] of weights) {
    const moved = after.get(name)?.data ?? new Float32Array();
    for (let n = 0; n < draws; n++) {
      const i = pick.below(values.length);
      const before = values[i];
      const h = 1e-5;
      values[i] = before + h;
      const up = lossNow();
      values[i] = before - h;
      const slope = (up - lossNow()) / (2 * h);
      values[i] = before;
      const gradient = before - moved[i];
      assert.ok(
        Math.abs(gradient - slope) < 2e-5 + 1e-3 * Math.abs(slope),
        `${name}[${i}]: ${gradient}, slope ${slope}`,
      );
    }
  }
}
