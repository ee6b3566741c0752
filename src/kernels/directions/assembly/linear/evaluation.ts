// Accuracy, loss and logits from weights folded for raw direction features.
import { madd, sumLanes } from '../../../assembly/simd';
import { logitsOfBlock, logitsOfPair, project } from './logits';
import { LinearModel, componentsOf, productStrips } from './model';
import { judge } from './softmax';

/**
 * Weights for raw direction features, in the same layout: w · scale, and bias + Σ w · shift; those of products are
 * unchanged. A class that does not exist never has the largest logit.
 */
export function foldWeights(M: LinearModel, out: usize): void {
  const features = M.features, classes = M.classes, scale = M.scale, weights = M.weights, shift = M.shift;
  const s = f32x4.splat(scale), products = <usize>features * 40, bias = products + <usize>(productStrips(componentsOf(M)) * 320);
  for (let k: usize = 0; k < 10; k++) {
    let sum = f32x4.splat(0);
    for (let f: usize = 0; f < <usize>features; f += 8) {
      for (let h: usize = 0; h < 32; h += 16) {
        const at = f * 40 + (k << 5) + h, w = v128.load(weights + at);
        v128.store(out + at, f32x4.mul(w, s));
        sum = madd(w, v128.load(shift + (f << 2) + h), sum);
      }
    }
    const at = bias + (k << 2);
    store<f32>(out + at, <i32>k < classes ? load<f32>(weights + at) + sumLanes(sum) : <f32>-1e30);
  }
  memory.copy(out + products, weights + products, bias - products);
}

/** Logits of one or, if `paired`, two raw blocks. */
// @ts-ignore: AssemblyScript decorator
@inline
function rawLogits(M: LinearModel, x: usize, paired: bool, folded: usize, room: usize): void {
  const features = M.features, components = componentsOf(M), bytes = <usize>features << 5, products = room + 640;
  if (components) project(x, paired ? bytes : 0, features, components, M.projection, products);
  if (paired) logitsOfPair(x, bytes, products, features, components, folded, M.centres, room);
  else logitsOfBlock(x, products, features, components, folded, M.centres, room);
}

/** Logits of one or two raw blocks by folded weights, at room f32 [10][2 blocks][8]; room: 640 + 64 K bytes. */
export function logits(M: LinearModel, x: usize, blocks: i32, folded: usize, room: usize): void {
  rawLogits(M, x, blocks > 1, folded, room);
}

/** sums f64 [2] += {loss, hits} of raw blocks by folded weights; room: 640 + 64 K bytes. */
export function evaluate(M: LinearModel, x: usize, labels: usize, blocks: i32, folded: usize, room: usize, sums: usize): void {
  const bytes = <usize>M.features << 5;
  for (let b = 0; b < blocks; b += 2, x += 2 * bytes, labels += 16) {
    const paired = b + 1 < blocks;
    rawLogits(M, x, paired, folded, room);
    judge(room, labels, sums);
    if (paired) judge(room + 32, labels + 8, sums);
  }
}
