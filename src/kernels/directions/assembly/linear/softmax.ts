// From logits to loss and hits, and in a training step to the gradients of the logits.
import { exp4 } from '../../../assembly/simd';
import { log4, sumDoubles } from './arithmetic';

/**
 * Of the eight images whose logits are at t f32 [10][2 blocks][8], overwritten: sums f64 [2] += {loss, hits}; a hit is the
 * first of equal logits, as in argmax. If it `trains`, the gradients of the logits too, deltas f32 [10][8]. The floor
 * keeps their probabilities above the subnormal numbers.
 */
// @ts-ignore: AssemblyScript decorator
@inline
function outcome(trains: bool, t: usize, labels: usize, classes: i32, smoothing: f32, rowScale: f32, deltas: usize, sums: usize): void {
  const zero = f32x4.splat(0), floor = f32x4.splat(-60), none = i32x4.splat(255);
  const label = v128.load_ext<u8>(labels), yl = i32x4.extend_low_i16x8_u(label), yh = i32x4.extend_high_i16x8_u(label);
  let ml = v128.load(t), mh = v128.load(t, 16);
  for (let k = 1, p = t + 64; k < classes; k++, p += 64) {
    ml = f32x4.pmax(ml, v128.load(p)); mh = f32x4.pmax(mh, v128.load(p, 16));
  }
  // s: sum of the exponentials, which replace the logits; right: the label's logit; total: sum of the logits; taken: the
  // largest logit has been seen.
  let sl = zero, sh = zero, rightl = zero, righth = zero, totall = zero, totalh = zero, hitl = zero, hith = zero, takenl = zero, takenh = zero;
  for (let k = 0, p = t; k < classes; k++, p += 64) {
    const c = i32x4.splat(k);
    const al = v128.load(p), ownl = i32x4.eq(yl, c), topl = f32x4.ge(al, ml), el = exp4(f32x4.pmax(floor, f32x4.sub(al, ml)));
    const ah = v128.load(p, 16), ownh = i32x4.eq(yh, c), toph = f32x4.ge(ah, mh), eh = exp4(f32x4.pmax(floor, f32x4.sub(ah, mh)));
    v128.store(p, eh, 16); v128.store(p, el);
    sl = f32x4.add(sl, el); rightl = v128.or(rightl, v128.and(ownl, al));
    sh = f32x4.add(sh, eh); righth = v128.or(righth, v128.and(ownh, ah));
    if (trains) {
      totall = f32x4.add(totall, al); totalh = f32x4.add(totalh, ah);
    }
    hitl = v128.or(hitl, v128.andnot(v128.and(ownl, topl), takenl)); takenl = v128.or(takenl, topl);
    hith = v128.or(hith, v128.andnot(v128.and(ownh, toph), takenh)); takenh = v128.or(takenh, toph);
  }
  const reall = i32x4.ne(yl, none), realh = i32x4.ne(yh, none);
  let lossl = f32x4.add(ml, log4(sl)), lossh = f32x4.add(mh, log4(sh));
  if (trains) {
    const spread = f32x4.splat(smoothing / <f32>classes), hot = f32x4.splat(1 - smoothing);
    lossl = f32x4.sub(f32x4.sub(lossl, f32x4.mul(hot, rightl)), f32x4.mul(spread, totall));
    lossh = f32x4.sub(f32x4.sub(lossh, f32x4.mul(hot, righth)), f32x4.mul(spread, totalh));
    const one = f32x4.splat(1), row = f32x4.splat(rowScale), il = f32x4.div(one, sl), ih = f32x4.div(one, sh), scalel = v128.and(reall, row), scaleh = v128.and(realh, row);
    for (let k = 0, p = t; k < classes; k++, p += 64, deltas += 32) {
      const c = i32x4.splat(k);
      const gl = f32x4.mul(scalel, f32x4.sub(f32x4.sub(f32x4.mul(il, v128.load(p)), spread), v128.and(hot, i32x4.eq(yl, c))));
      const gh = f32x4.mul(scaleh, f32x4.sub(f32x4.sub(f32x4.mul(ih, v128.load(p, 16)), spread), v128.and(hot, i32x4.eq(yh, c))));
      v128.store(deltas, gh, 16); v128.store(deltas, gl);
    }
    memory.fill(deltas, 0, <usize>(10 - classes) << 5);
  } else {
    lossl = f32x4.sub(lossl, rightl); lossh = f32x4.sub(lossh, righth);
  }
  store<f64>(sums, load<f64>(sums) + sumDoubles(v128.and(reall, lossl)) + sumDoubles(v128.and(realh, lossh)));
  store<f64>(sums, load<f64>(sums, 8) + <f64>(popcnt<i32>(i32x4.bitmask(hitl)) + popcnt<i32>(i32x4.bitmask(hith))), 8);
}

/** A training step's: gradients of rowScale · loss with smoothed labels. */
export function softmax(t: usize, labels: usize, classes: i32, smoothing: f32, rowScale: f32, deltas: usize, sums: usize): void {
  outcome(true, t, labels, classes, smoothing, rowScale, deltas, sums);
}

/** An evaluation's: the loss without smoothing; logits of classes that do not exist are very small. */
export function judge(t: usize, labels: usize, sums: usize): void {
  outcome(false, t, labels, 10, 0, 0, 0, sums);
}
