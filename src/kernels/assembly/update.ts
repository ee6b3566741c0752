// Parameter updates, elementwise over a slice. Its length is a multiple of 16 unless a comment states otherwise. SGD
// and Adam are as defined by PyTorch.
import { madd, sumLanes } from './simd';

/** x[i] *= factor. */
export function multiply(x: usize, count: i32, factor: f32): void {
  const f = f32x4.splat(factor);
  for (const end = x + (<usize>count << 2); x < end; x += 32) {
    const low = f32x4.mul(v128.load(x), f), high = f32x4.mul(v128.load(x, 16), f);
    v128.store(x, high, 16);
    v128.store(x, low);
  }
}

/**
 * SGD with momentum (Sutskever et al. 2013, in PyTorch's form): g += weightDecay · w; v = momentum · v + g;
 * w −= learningRate · (nesterov ? g + momentum · v : v).
 */
export function sgd(
  weights: usize, velocity: usize, gradient: usize, count: i32,
  learningRate: f32, momentum: f32, nesterov: i32, weightDecay: f32,
): void {
  const step = f32x4.splat(-learningRate), m = f32x4.splat(momentum), decay = f32x4.splat(weightDecay);
  // One formula for both: w −= lr · (a · g + b · v) with a = 1, b = momentum for Nesterov and 0, 1 otherwise.
  const a = f32x4.splat(nesterov ? 1 : 0), b = f32x4.splat(nesterov ? momentum : 1);
  for (const end = weights + (<usize>count << 2); weights < end; weights += 32, velocity += 32, gradient += 32) {
    const w0 = v128.load(weights), w1 = v128.load(weights, 16);
    const g0 = madd(decay, w0, v128.load(gradient)), g1 = madd(decay, w1, v128.load(gradient, 16));
    const v0 = madd(m, v128.load(velocity), g0), v1 = madd(m, v128.load(velocity, 16), g1);
    v128.store(velocity, v1, 16);
    v128.store(velocity, v0);
    const u0 = madd(a, g0, f32x4.mul(b, v0)), u1 = madd(a, g1, f32x4.mul(b, v1));
    v128.store(weights, madd(step, u1, w1), 16);
    v128.store(weights, madd(step, u0, w0));
  }
}

/**
 * 0 for what is closer to it than 1e-30, which moves no weight: without a gradient, as that of a rare category, means shrink until
 * they are subnormal, and a core takes a hundred times as long for those.
 */
// @ts-ignore: AssemblyScript decorator
@inline
function withoutTiny(v: v128): v128 {
  return v128.and(v, f32x4.gt(f32x4.abs(v), f32x4.splat(1e-30)));
}

/**
 * Adam (Kingma & Ba 2015): g += weightDecay · w; w = keep · w − learningRate · correction1 · m / (√v · correction2 + ε),
 * with correction1 = 1 / (1 − β1^t), correction2 = 1 / √(1 − β2^t). Adam has keep = 1; AdamW (Loshchilov & Hutter 2019)
 * has weightDecay = 0 and keep = 1 − learningRate · its own decay. count: a multiple of 8.
 */
export function adam(
  weights: usize, mean: usize, square: usize, gradient: usize, count: i32,
  learningRate: f32, beta1: f32, beta2: f32, epsilon: f32, weightDecay: f32, correction1: f32, correction2: f32,
  keep: f32,
): void {
  const step = f32x4.splat(-learningRate * correction1), decay = f32x4.splat(weightDecay), e = f32x4.splat(epsilon);
  const b1 = f32x4.splat(beta1), c1 = f32x4.splat(<f32>1 - beta1), b2 = f32x4.splat(beta2), c2 = f32x4.splat(<f32>1 - beta2);
  const root = f32x4.splat(correction2), kept = f32x4.splat(keep);
  for (const end = weights + (<usize>count << 2); weights < end; weights += 32, mean += 32, square += 32, gradient += 32) {
    const w0 = v128.load(weights), w1 = v128.load(weights, 16);
    const g0 = madd(decay, w0, v128.load(gradient)), g1 = madd(decay, w1, v128.load(gradient, 16));
    const m0 = withoutTiny(madd(b1, v128.load(mean), f32x4.mul(c1, g0))), m1 = withoutTiny(madd(b1, v128.load(mean, 16), f32x4.mul(c1, g1)));
    const s0 = withoutTiny(madd(b2, v128.load(square), f32x4.mul(c2, f32x4.mul(g0, g0))));
    const s1 = withoutTiny(madd(b2, v128.load(square, 16), f32x4.mul(c2, f32x4.mul(g1, g1))));
    v128.store(mean, m1, 16);
    v128.store(mean, m0);
    v128.store(square, s1, 16);
    v128.store(square, s0);
    const d0 = madd(f32x4.sqrt(s0), root, e), d1 = madd(f32x4.sqrt(s1), root, e);
    const u0 = madd(step, f32x4.div(m0, d0), f32x4.mul(kept, w0)), u1 = madd(step, f32x4.div(m1, d1), f32x4.mul(kept, w1));
    v128.store(weights, u1, 16);
    v128.store(weights, u0);
  }
}

/**
 * LARS with a rate for each call (You, Gitman & Ginsburg 2017, algorithm 1): v = momentum · v + rate · (g + weightDecay
 * · w); w −= v. Any count.
 */
export function lars(
  weights: usize, velocity: usize, gradient: usize, count: i32, rate: f32, momentum: f32, weightDecay: f32,
): void {
  const r = f32x4.splat(rate), m = f32x4.splat(momentum), decay = f32x4.splat(weightDecay);
  const end = weights + (<usize>count << 2), blocks = weights + (<usize>(count & ~3) << 2);
  for (; weights < blocks; weights += 16, velocity += 16, gradient += 16) {
    const w = v128.load(weights);
    const v = madd(r, madd(decay, w, v128.load(gradient)), f32x4.mul(m, v128.load(velocity)));
    v128.store(velocity, v);
    v128.store(weights, f32x4.sub(w, v));
  }
  for (; weights < end; weights += 4, velocity += 4, gradient += 4) {
    const w = load<f32>(weights);
    const v = rate * (load<f32>(gradient) + weightDecay * w) + momentum * load<f32>(velocity);
    store<f32>(velocity, v);
    store<f32>(weights, w - v);
  }
}

/**
 * The sum of squares of each row of x, f32 [rows][width]: f64, one every `stride` bytes of out. A row's sum does not
 * depend on which other rows are in the call. Any width.
 */
export function rowSquares(x: usize, rows: i32, width: i32, out: usize, stride: i32): void {
  const bytes = <usize>width << 2, blocks = <usize>(width & ~3) << 2;
  for (let row = 0; row < rows; row++, out += stride) {
    let sum = f32x4.splat(0);
    const end = x + bytes;
    for (const last = x + blocks; x < last; x += 16) {
      const v = v128.load(x);
      sum = madd(v, v, sum);
    }
    let total = <f64>sumLanes(sum);
    for (; x < end; x += 4) total += <f64>load<f32>(x) * <f64>load<f32>(x);
    store<f64>(out, total);
  }
}
