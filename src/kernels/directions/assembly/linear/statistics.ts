// Sums of direction features by chunk, for any order of the chunks, and the transform from all of them.
import { madd, sumLanes } from '../../../assembly/simd';
import { sumDoubles } from './arithmetic';
import { LinearModel } from './model';

/**
 * Sums of one chunk, out f32 [F + 1][8]: of each feature, then of all squares. Images beyond `lanes` of the last block do not
 * count.
 */
export function blockStatistics(x: usize, blocks: i32, features: i32, lanes: i32, out: usize): void {
  const zero = f32x4.splat(0), bytes = <usize>features << 5, four = i32x4.splat(lanes);
  let ql = zero, qh = zero;
  memory.fill(out, 0, bytes);
  for (let b = 0; b < blocks; b++, x += bytes) {
    const short = b == blocks - 1 && lanes < 8;
    const ml = short ? i32x4.gt_s(four, i32x4(0, 1, 2, 3)) : i32x4.splat(-1), mh = short ? i32x4.gt_s(four, i32x4(4, 5, 6, 7)) : i32x4.splat(-1);
    for (let f: usize = 0; f < bytes; f += 32) {
      const o = out + f, p = x + f, l = v128.and(ml, v128.load(p)), h = v128.and(mh, v128.load(p, 16));
      const sl = f32x4.add(v128.load(o), l), sh = f32x4.add(v128.load(o, 16), h);
      ql = madd(l, l, ql); qh = madd(h, h, qh);
      v128.store(o, sh, 16); v128.store(o, sl);
    }
  }
  v128.store(out + bytes, qh, 16); v128.store(out + bytes, ql);
}

/**
 * From all chunks' sums, `stride` bytes apart and in their order: the table's mean, shift = −mean · scale, and scale = 1 /
 * the one standard deviation after every feature's mean is subtracted.
 */
export function combineStatistics(M: LinearModel, chunks: usize, count: i32, stride: usize, images: i32): void {
  const features = M.features, mean = M.mean, shift = M.shift;
  let explained: f64 = 0, squares: f64 = 0;
  for (let f = 0; f < features; f++) {
    let sum: f64 = 0;
    for (let c = 0; c < count; c++) {
      const p = chunks + <usize>c * stride + (<usize>f << 5);
      sum += <f64>sumLanes(v128.load(p)) + <f64>sumLanes(v128.load(p, 16));
    }
    const m = sum / <f64>images;
    explained += m * m;
    store<f32>(mean + (<usize>f << 2), <f32>m);
  }
  for (let c = 0; c < count; c++) {
    const p = chunks + <usize>c * stride + (<usize>features << 5);
    squares += sumDoubles(v128.load(p)) + sumDoubles(v128.load(p, 16));
  }
  const variance = (squares / <f64>images - explained) / <f64>features;
  const scale = <f32>(1 / Math.sqrt(max<f64>(variance, 1e-12)));
  for (let f: usize = 0; f < <usize>features; f++) store<f32>(shift + (f << 2), -load<f32>(mean + (f << 2)) * scale);
  M.scale = scale;
}
