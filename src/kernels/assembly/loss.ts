// Softmax cross entropy with label smoothing (Szegedy et al. 2016, in PyTorch's form), forward and backward.
import { exp4, sumLanes } from './simd';

/** A mask of the lanes whose class exists: lane + first < classes. */
// @ts-ignore: AssemblyScript decorator
@inline
function existing(first: i32, classes: i32): v128 {
  return i32x4.lt_s(i32x4.add(i32x4(0, 1, 2, 3), i32x4.splat(first)), i32x4.splat(classes));
}

/**
 * logits: f32 [rows][stride / 4], overwritten by the gradient of the loss with respect to them, times scale
 * (1 / batch for a mean): scale · (softmax − target), target = (1 − ε) one-hot + ε / classes. Columns from
 * `classes` up to the padded width become 0. labels: u8 [samples], order: i32 [rows].
 * Adds the sum of the rows' losses to the f64 at lossSum, and returns how many rows are right (the first of
 * several equal logits counts, as in PyTorch's argmax; a NaN row is wrong).
 */
export function softmaxCrossEntropy(
  logits: usize, stride: i32, rows: i32, classes: i32,
  labels: usize, order: usize, smoothing: f32, scale: f32, lossSum: usize,
): i32 {
  const width = (classes + 3) & ~3, lowest = f32x4.splat(-Infinity), clip = f32x4.splat(-87), zero = f32x4.splat(0);
  const uniform = smoothing / <f32>classes, peak = <f32>1 - smoothing;
  let correct = 0, total: f64 = 0;
  for (let row = 0; row < rows; row++, logits += stride) {
    const label = <i32>load<u8>(labels + <usize>load<i32>(order + (<usize>row << 2)));
    let max4 = lowest, sum4 = zero;
    for (let c = 0; c < width; c += 4) {
      const valid = existing(c, classes), x = v128.load(logits + (<usize>c << 2));
      max4 = f32x4.max(max4, v128.bitselect(x, lowest, valid));
      sum4 = f32x4.add(sum4, v128.and(x, valid));
    }
    const max = Mathf.max(
      Mathf.max(f32x4.extract_lane(max4, 0), f32x4.extract_lane(max4, 1)),
      Mathf.max(f32x4.extract_lane(max4, 2), f32x4.extract_lane(max4, 3)),
    );
    const own = load<f32>(logits + (<usize>label << 2));
    if (own == max) {
      let first = 0;
      while (load<f32>(logits + (<usize>first << 2)) != max) first++;
      correct += i32(first == label);
    }
    const logitSum = sumLanes(sum4), m = f32x4.splat(max);
    sum4 = zero;
    for (let c = 0; c < width; c += 4) {
      const p = logits + (<usize>c << 2);
      const e = v128.and(exp4(f32x4.max(f32x4.sub(v128.load(p), m), clip)), existing(c, classes));
      v128.store(p, e);
      sum4 = f32x4.add(sum4, e);
    }
    const sum = sumLanes(sum4);
    total += Math.log(<f64>sum) + <f64>max - <f64>peak * <f64>own - <f64>uniform * <f64>logitSum;
    const factor = f32x4.splat(scale / sum), even = f32x4.splat(scale * uniform);
    for (let c = 0; c < width; c += 4) {
      const p = logits + (<usize>c << 2);
      v128.store(p, v128.and(f32x4.sub(f32x4.mul(v128.load(p), factor), even), existing(c, classes)));
    }
    const target = logits + (<usize>label << 2);
    store<f32>(target, load<f32>(target) - scale * peak);
  }
  store<f64>(lossSum, load<f64>(lossSum) + total);
  return correct;
}
