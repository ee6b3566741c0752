// exp4 of simd.ts, bit for bit, with its constants in memory: V8 makes a splat again, by three instructions, at each use.
// Only for the engine: other modules have no constants of their own in the shared memory.
import { power } from './simd';

/** log2 e, 1.5·2^23, then the polynomial's coefficients, that of f^6 first; four times each. */
const constantsAt = memory.data<f32>([
  1.44269504, 1.44269504, 1.44269504, 1.44269504, 12582912, 12582912, 12582912, 12582912,
  1.540353e-4, 1.540353e-4, 1.540353e-4, 1.540353e-4, 1.3333558e-3, 1.3333558e-3, 1.3333558e-3, 1.3333558e-3,
  9.6181291e-3, 9.6181291e-3, 9.6181291e-3, 9.6181291e-3, 5.5504109e-2, 5.5504109e-2, 5.5504109e-2, 5.5504109e-2,
  2.4022651e-1, 2.4022651e-1, 2.4022651e-1, 2.4022651e-1, 6.9314718e-1, 6.9314718e-1, 6.9314718e-1, 6.9314718e-1,
  1, 1, 1, 1,
]);

/** e^x for x in [-87, 88]. */
// @ts-ignore: AssemblyScript decorator
@inline
export function exp4(x: v128): v128 {
  const c = constantsAt, log2e = v128.load(c), magic = v128.load(c, 16);
  const c6 = v128.load(c, 32), c5 = v128.load(c, 48), c4 = v128.load(c, 64);
  const c3 = v128.load(c, 80), c2 = v128.load(c, 96), c1 = v128.load(c, 112), c0 = v128.load(c, 128);
  return power(x, log2e, magic, c6, c5, c4, c3, c2, c1, c0);
}
