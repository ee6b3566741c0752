// Parameter updates, elementwise over a slice whose length is a multiple of 16. Definitions are PyTorch's.
import { madd } from './simd';

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
 * Adam (Kingma & Ba 2015) with L2 weight decay. correction1 = 1 / (1 − β1^t), correction2 = 1 / √(1 − β2^t):
 * w −= learningRate · correction1 · m / (√v · correction2 + ε).
 */
export function adam(
  weights: usize, mean: usize, square: usize, gradient: usize, count: i32,
  learningRate: f32, beta1: f32, beta2: f32, epsilon: f32, weightDecay: f32, correction1: f32, correction2: f32,
): void {
  const step = f32x4.splat(-learningRate * correction1), decay = f32x4.splat(weightDecay), e = f32x4.splat(epsilon);
  const b1 = f32x4.splat(beta1), c1 = f32x4.splat(<f32>1 - beta1), b2 = f32x4.splat(beta2), c2 = f32x4.splat(<f32>1 - beta2);
  const root = f32x4.splat(correction2);
  for (const end = weights + (<usize>count << 2); weights < end; weights += 16, mean += 16, square += 16, gradient += 16) {
    const w = v128.load(weights);
    const g = madd(decay, w, v128.load(gradient));
    const m = madd(b1, v128.load(mean), f32x4.mul(c1, g));
    const s = madd(b2, v128.load(square), f32x4.mul(c2, f32x4.mul(g, g)));
    v128.store(mean, m);
    v128.store(square, s);
    const denominator = madd(f32x4.sqrt(s), root, e);
    v128.store(weights, madd(step, f32x4.div(m, denominator), w));
  }
}
