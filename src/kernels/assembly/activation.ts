// Activations over whole rows, `count` a multiple of 16. ReLU's forward pass is fused into the products.
import { exp4 } from './exponential';
import { madd } from './simd';

export const enum Activation { Relu = 0, Tanh = 1, Gelu = 2, Sigmoid = 3 }

/** tanh x = 1 − 2 / (e^{2x} + 1); beyond ±9 it is ±1 in float32. NaN stays NaN. */
// @ts-ignore: AssemblyScript decorator
@inline
function tanh4(x: v128): v128 {
  const one = f32x4.splat(1), clipped = f32x4.pmin(f32x4.pmax(x, f32x4.splat(-9)), f32x4.splat(9));
  return f32x4.sub(one, f32x4.div(f32x4.splat(2), f32x4.add(exp4(f32x4.add(clipped, clipped)), one)));
}

/** 1 / (1 + e^{−x}); below −87 it is that of −87, 1.6e-38. NaN stays NaN. */
// @ts-ignore: AssemblyScript decorator
@inline
function sigmoid4(x: v128): v128 {
  const one = f32x4.splat(1), clipped = f32x4.pmin(f32x4.pmax(x, f32x4.splat(-87)), f32x4.splat(87));
  return f32x4.div(one, f32x4.add(one, exp4(f32x4.neg(clipped))));
}

/** √(2/π) · (z + 0.044715 z³), the inner term of GELU's tanh form (Hendrycks & Gimpel 2016). */
// @ts-ignore: AssemblyScript decorator
@inline
function geluInner(z: v128): v128 {
  const cube = f32x4.mul(f32x4.mul(z, z), z);
  return f32x4.mul(f32x4.splat(0.7978845608), madd(cube, f32x4.splat(0.044715), z));
}

/** a[i] = f(z[i]); z and a may be the same buffer (for GELU the backward pass still needs z: keep both). */
export function activate(kind: Activation, z: usize, a: usize, count: i32): void {
  const half = f32x4.splat(0.5), one = f32x4.splat(1);
  for (const end = z + (<usize>count << 2); z < end; z += 16, a += 16) {
    const x = v128.load(z);
    if (kind == Activation.Tanh) v128.store(a, tanh4(x));
    else if (kind == Activation.Gelu) v128.store(a, f32x4.mul(f32x4.mul(half, x), f32x4.add(one, tanh4(geluInner(x)))));
    else if (kind == Activation.Sigmoid) v128.store(a, sigmoid4(x));
    else v128.store(a, f32x4.pmax(x, f32x4.splat(0)));
  }
}

/** d[i] *= f′: from the activation a for ReLU, tanh and sigmoid, from the pre-activation z for GELU. */
export function activateBackward(kind: Activation, z: usize, a: usize, d: usize, count: i32): void {
  const zero = f32x4.splat(0), half = f32x4.splat(0.5), one = f32x4.splat(1);
  const end = d + (<usize>count << 2);
  if (kind == Activation.Relu) {
    for (; d < end; d += 32, a += 32) {
      const low = v128.and(v128.load(d), f32x4.gt(v128.load(a), zero));
      const high = v128.and(v128.load(d, 16), f32x4.gt(v128.load(a, 16), zero));
      v128.store(d, high, 16);
      v128.store(d, low);
    }
  } else if (kind == Activation.Tanh) {
    for (; d < end; d += 16, a += 16) {
      const t = v128.load(a);
      v128.store(d, f32x4.mul(v128.load(d), f32x4.sub(one, f32x4.mul(t, t))));
    }
  } else if (kind == Activation.Sigmoid) {
    for (; d < end; d += 16, a += 16) {
      const s = v128.load(a);
      v128.store(d, f32x4.mul(v128.load(d), f32x4.mul(s, f32x4.sub(one, s))));
    }
  } else {
    for (; d < end; d += 16, z += 16) {
      const x = v128.load(z), t = tanh4(geluInner(x));
      const inner = f32x4.mul(f32x4.splat(0.7978845608), madd(f32x4.mul(x, x), f32x4.splat(0.134145), one));
      const slope = f32x4.mul(f32x4.mul(half, x), f32x4.mul(f32x4.sub(one, f32x4.mul(t, t)), inner));
      v128.store(d, f32x4.mul(v128.load(d), madd(half, f32x4.add(one, t), slope)));
    }
  }
}
