// Softmax cross entropy with label smoothing (Szegedy et al. 2016, in PyTorch's form), forward and backward. Logits are
// panels of 16 classes, f32 [panel][rows][16]; usually there is one panel, which stays in registers.
// Logarithms are computed of products of many rows' sums: Σ log sᵢ = log Π sᵢ.
import { exp4 } from './exponential';
import { sumLanes } from './simd';

/** From this value, the product of sums is turned into a logarithm, so that another factor cannot make it infinite. */
const largeProduct: f64 = 1e200;

/** The numbers of the lanes that start with class `first`. */
// @ts-ignore: AssemblyScript decorator
@inline
function lanes(first: i32): v128 {
  return i32x4.add(i32x4(0, 1, 2, 3), i32x4.splat(first));
}

/** A mask of the lanes whose class exists: lane + first < classes. */
// @ts-ignore: AssemblyScript decorator
@inline
function existing(first: i32, classes: i32): v128 {
  return i32x4.lt_s(lanes(first), i32x4.splat(classes));
}

/**
 * A probability with a logarithm below this counts as this one: 10⁻²⁶. It is far below a float32's precision, and far
 * enough above 10⁻³⁸ that its products in the backward pass are not subnormal numbers, which are slow.
 */
const lowestLog: f32 = -60;

const lowestAt = memory.data<f32>([lowestLog, lowestLog, lowestLog, lowestLog]);

/** e^(x − m) of the existing lanes, 0 elsewhere; a NaN stays one. */
// @ts-ignore: AssemblyScript decorator
@inline
function exponential(x: v128, m: v128, valid: v128): v128 {
  return v128.and(exp4(f32x4.pmax(f32x4.sub(x, m), v128.load(lowestAt))), valid);
}

// @ts-ignore: AssemblyScript decorator
@inline
function largestLane(v: v128): f32 {
  const pair = f32x4.pmax(v, v128.shuffle<f32>(v, v, 2, 3, 0, 1));
  return f32x4.extract_lane(f32x4.pmax(pair, v128.shuffle<f32>(pair, pair, 1, 0, 3, 2)), 0);
}

/**
 * logits, `panel` bytes from panel to panel, are overwritten by the gradient of the loss with respect to them, times
 * scale (1 / batch for a mean): scale · (softmax − target), target = (1 − ε) one-hot + ε / classes. Columns from
 * `classes` up to the padded width become 0. labels: i32 [samples], order: i32 [rows].
 * Adds the sum of the rows' losses to the f64 at lossSum, and returns how many rows are right (the first of
 * several equal logits counts, as in PyTorch's argmax; a NaN row is wrong).
 */
export function softmaxCrossEntropy(
  logits: usize, panel: i32, rows: i32, classes: i32,
  labels: usize, order: usize, smoothing: f32, scale: f32, lossSum: usize,
): i32 {
  if (classes <= 12) return onePanel(false, logits, rows, classes, labels, order, smoothing, scale, lossSum);
  if (classes <= 16) return onePanel(true, logits, rows, classes, labels, order, smoothing, scale, lossSum);
  return manyPanels(logits, panel, rows, classes, labels, order, smoothing, scale, lossSum);
}

/** `full`, a constant: whether the last four columns hold classes. */
// @ts-ignore: AssemblyScript decorator
@inline
function onePanel(
  full: bool, logits: usize, rows: i32, classes: i32, labels: usize, order: usize, smoothing: f32, scale: f32, lossSum: usize,
): i32 {
  const none = f32x4.splat(0), lowest = f32x4.splat(-Infinity), uniform = smoothing / <f32>classes, peak = <f32>1 - smoothing;
  const v0 = existing(0, classes), v1 = existing(4, classes), v2 = existing(8, classes), v3 = existing(12, classes);
  const even = f32x4.splat(scale * uniform);
  let correct = 0, total: f64 = 0, product: f64 = 1;
  for (const end = logits + (<usize>rows << 6); logits < end; logits += 64, order += 4) {
    const label = load<i32>(labels + (<usize>load<i32>(order) << 2)), place = logits + (<usize>label << 2), own = load<f32>(place);
    const x0 = v128.bitselect(v128.load(logits), lowest, v0), x1 = v128.bitselect(v128.load(logits, 16), lowest, v1);
    const x2 = v128.bitselect(v128.load(logits, 32), lowest, v2);
    const x3 = full ? v128.bitselect(v128.load(logits, 48), lowest, v3) : lowest;
    const max = largestLane(f32x4.pmax(f32x4.pmax(x0, x1), full ? f32x4.pmax(x2, x3) : x2)), m = f32x4.splat(max);
    const largest = i32x4.bitmask(f32x4.eq(x0, m)) | i32x4.bitmask(f32x4.eq(x1, m)) << 4
      | i32x4.bitmask(f32x4.eq(x2, m)) << 8 | (full ? i32x4.bitmask(f32x4.eq(x3, m)) << 12 : 0);
    const e0 = exponential(x0, m, v0), e1 = exponential(x1, m, v1), e2 = exponential(x2, m, v2);
    const e3 = full ? exponential(x3, m, v3) : none;
    const sum = sumLanes(f32x4.add(f32x4.add(e0, e1), full ? f32x4.add(e2, e3) : e2));
    // A NaN among the logits makes the sum a NaN, for any maximum.
    correct += i32(ctz(largest) == label) & i32(sum == sum);
    if (uniform != 0) {
      const a = f32x4.add(v128.and(x0, v0), v128.and(x1, v1)), b = v128.and(x2, v2);
      total -= <f64>uniform * <f64>sumLanes(f32x4.add(a, full ? f32x4.add(b, v128.and(x3, v3)) : b));
    }
    total += <f64>max - <f64>peak * <f64>own;
    product *= sum;
    if (product > largeProduct) {
      total += Math.log(product);
      product = 1;
    }
    const factor = f32x4.splat(scale / sum);
    v128.store(logits, v128.and(f32x4.sub(f32x4.mul(e1, factor), even), v1), 16);
    v128.store(logits, v128.and(f32x4.sub(f32x4.mul(e0, factor), even), v0));
    v128.store(logits, full ? v128.and(f32x4.sub(f32x4.mul(e3, factor), even), v3) : none, 48);
    v128.store(logits, v128.and(f32x4.sub(f32x4.mul(e2, factor), even), v2), 32);
    store<f32>(place, load<f32>(place) - scale * peak);
  }
  store<f64>(lossSum, load<f64>(lossSum) + total + Math.log(product));
  return correct;
}

function manyPanels(
  logits: usize, panel: i32, rows: i32, classes: i32,
  labels: usize, order: usize, smoothing: f32, scale: f32, lossSum: usize,
): i32 {
  const uniform = smoothing / <f32>classes, peak = <f32>1 - smoothing;
  let correct = 0, total: f64 = 0;
  for (let row = 0; row < rows; row++, logits += 64) {
    const label = load<i32>(labels + (<usize>load<i32>(order + (<usize>row << 2)) << 2));
    let max: f32 = -Infinity, largest = -1, logitSum: f32 = 0, seen: f32 = 0;
    for (let c = 0; c < classes; c++) {
      const x = load<f32>(place(logits, panel, c));
      logitSum += x;
      seen += x - x;
      if (x > max) {
        max = x;
        largest = c;
      }
    }
    const target = place(logits, panel, label), own = load<f32>(target), m = f32x4.splat(max);
    // Not a NaN anywhere: x − x is 0 or NaN.
    correct += i32(largest == label) & i32(seen == seen);
    let sum4 = f32x4.splat(0);
    for (let c = 0; c < classes; c += 4) {
      const p = place(logits, panel, c), e = exponential(v128.load(p), m, existing(c, classes));
      v128.store(p, e);
      sum4 = f32x4.add(sum4, e);
    }
    const sum = sumLanes(sum4), factor = f32x4.splat(scale / sum), even = f32x4.splat(scale * uniform);
    total += Math.log(<f64>sum) + <f64>max - <f64>peak * <f64>own - <f64>uniform * <f64>logitSum;
    for (let c = 0; c < classes; c += 4) {
      const p = place(logits, panel, c);
      v128.store(p, v128.and(f32x4.sub(f32x4.mul(v128.load(p), factor), even), existing(c, classes)));
    }
    store<f32>(target, load<f32>(target) - scale * peak);
  }
  store<f64>(lossSum, load<f64>(lossSum) + total);
  return correct;
}

// @ts-ignore: AssemblyScript decorator
@inline
function place(logits: usize, panel: i32, c: i32): usize {
  return logits + <usize>((c >> 4) * panel + ((c & 15) << 2));
}
