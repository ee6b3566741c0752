// Gradients of a batch, and steps of momentum SGD by one thread.
import { madd, sumLanes } from '../../../assembly/simd';
import { propagate } from './forward';
import { LinearModel, componentsOf, productStrips } from './model';
import { overStrips } from './strips';

/** Sum of a class's deltas over the batch, in a fixed order. */
// @ts-ignore: AssemblyScript decorator
@inline
function biasGradient(deltas: usize, blocks: i32, k: usize): f32 {
  let sum = f32x4.splat(0);
  for (let b = 0, d = deltas + (k << 5); b < blocks; b++, d += 320) sum = f32x4.add(sum, f32x4.add(v128.load(d), v128.load(d, 16)));
  return sumLanes(sum);
}

/**
 * Overwrites strips [first, last) of a gradient in the layout of the weights, and its bias if requested, over images from
 * `image`.
 */
export function gradient(M: LinearModel, image: i32, blocks: i32, first: i32, last: i32, bias: i32, out: usize): void {
  const deltas = M.deltas + <usize>image * 40, rows = M.rows + <usize>(image * M.features << 2), projected = M.projected + <usize>(image * componentsOf(M) << 2);
  overStrips(false, M, rows, projected, deltas, blocks, first, last, out, 0);
  if (bias) for (let k: usize = 0; k < 16; k++) store<f32>(out + <usize>(last * 320) + (k << 2), k < 10 ? biasGradient(deltas, blocks, k) : 0);
}

/** Gradient and one step of SGD for all strips and the bias. Weight decay adds decay · w to g. */
function step(M: LinearModel, blocks: i32, rate: f32): void {
  const momentum = M.momentum, nesterov = M.nesterov, deltas = M.deltas;
  const mu = f32x4.splat(momentum), eta = f32x4.splat(-rate), lambda = f32x4.splat(M.decay), now = f32x4.splat(nesterov ? 1 : 0), past = f32x4.splat(nesterov ? momentum : 1);
  const last = (M.features >> 3) + productStrips(componentsOf(M));
  overStrips(true, M, M.rows, M.projected, deltas, blocks, 0, last, 0, rate);
  const w = M.weights + <usize>(last * 320), v = M.velocity + <usize>(last * 320);
  for (let k: usize = 0; k < 10; k++) {
    const o = k << 2, before = v128.load_splat<f32>(w + o), g = madd(lambda, before, f32x4.splat(biasGradient(deltas, blocks, k))), moved = madd(mu, v128.load_splat<f32>(v + o), g);
    v128.store_lane<f32>(v + o, moved, 0);
    v128.store_lane<f32>(w + o, madd(eta, madd(now, g, f32x4.mul(past, moved)), before), 0);
  }
}

/**
 * `steps` whole steps by one thread. batches i32 [steps]: batch n is blocks [n · batchBlocks, …) of the run's `images`,
 * the last one may be short; rates f64 [steps]; metrics: f64 {loss sum, hits} every `stride` bytes.
 */
export function train(M: LinearModel, x: usize, labels: usize, batches: usize, steps: i32, batchBlocks: i32, images: i32, rates: usize, room: usize, metrics: usize, stride: usize): void {
  for (let i = 0; i < steps; i++, batches += 4, rates += 8, metrics += stride) {
    const block = load<i32>(batches) * batchBlocks, count = min(batchBlocks << 3, images - (block << 3)), blocks = (count + 7) >> 3;
    store<f64>(metrics, 0); store<f64>(metrics, 0, 8);
    propagate(M, x + (<usize>(block * M.features) << 5), labels + (<usize>block << 3), blocks, 0, <f32>1 / <f32>count, room, metrics);
    step(M, blocks, <f32>load<f64>(rates));
  }
}
