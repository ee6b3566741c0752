// Gradients of strips of weights from a batch's rows and deltas: ten classes × eight inputs in registers. Either they are
// stored, or a step of momentum SGD is taken while they are at hand.
import { madd } from '../../../assembly/simd';
import { At0, At128, At160, At192, At224, At256, At288, At32, At64, At96 } from '../offsets';
import { LinearModel, componentsOf } from './model';

/**
 * v = momentum · v + g + decay · w, w −= rate · (nesterov ? g + momentum · v : v) of the eight weights `At` bytes from w;
 * rounded like the engine's sgd.
 */
// @ts-ignore: AssemblyScript decorator
@inline
function descend<At>(w: usize, v: usize, gl: v128, gh: v128, mu: v128, eta: v128, lambda: v128, now: v128, past: v128): void {
  const wl = v128.load(w, offsetof<At>()), wh = v128.load(w, offsetof<At>() + 16), bl = v128.load(v, offsetof<At>()), bh = v128.load(v, offsetof<At>() + 16);
  const dl = madd(lambda, wl, gl), dh = madd(lambda, wh, gh), vl = madd(mu, bl, dl), vh = madd(mu, bh, dh);
  const nl = madd(eta, madd(now, dl, f32x4.mul(past, vl)), wl), nh = madd(eta, madd(now, dh, f32x4.mul(past, vh)), wh);
  v128.store(v, vh, offsetof<At>() + 16); v128.store(v, vl, offsetof<At>());
  v128.store(w, nh, offsetof<At>() + 16); v128.store(w, nl, offsetof<At>());
}

/** Ends a strip: its gradient goes to `out`, or is applied to the weights at w with the momentum at v. */
// @ts-ignore: AssemblyScript decorator
@inline
function endStrip(
  steps: bool, out: usize, w: usize, v: usize, mu: v128, eta: v128, lambda: v128, now: v128, past: v128,
  g0l: v128, g0h: v128, g1l: v128, g1h: v128, g2l: v128, g2h: v128, g3l: v128, g3h: v128, g4l: v128, g4h: v128,
  g5l: v128, g5h: v128, g6l: v128, g6h: v128, g7l: v128, g7h: v128, g8l: v128, g8h: v128, g9l: v128, g9h: v128,
): void {
  if (steps) {
    descend<At0>(w, v, g0l, g0h, mu, eta, lambda, now, past);
    descend<At32>(w, v, g1l, g1h, mu, eta, lambda, now, past);
    descend<At64>(w, v, g2l, g2h, mu, eta, lambda, now, past);
    descend<At96>(w, v, g3l, g3h, mu, eta, lambda, now, past);
    descend<At128>(w, v, g4l, g4h, mu, eta, lambda, now, past);
    descend<At160>(w, v, g5l, g5h, mu, eta, lambda, now, past);
    descend<At192>(w, v, g6l, g6h, mu, eta, lambda, now, past);
    descend<At224>(w, v, g7l, g7h, mu, eta, lambda, now, past);
    descend<At256>(w, v, g8l, g8h, mu, eta, lambda, now, past);
    descend<At288>(w, v, g9l, g9h, mu, eta, lambda, now, past);
  } else {
    v128.store(out, g0h, 16); v128.store(out, g0l); v128.store(out, g1h, 48); v128.store(out, g1l, 32);
    v128.store(out, g2h, 80); v128.store(out, g2l, 64); v128.store(out, g3h, 112); v128.store(out, g3l, 96);
    v128.store(out, g4h, 144); v128.store(out, g4l, 128); v128.store(out, g5h, 176); v128.store(out, g5l, 160);
    v128.store(out, g6h, 208); v128.store(out, g6l, 192); v128.store(out, g7h, 240); v128.store(out, g7l, 224);
    v128.store(out, g8h, 272); v128.store(out, g8l, 256); v128.store(out, g9h, 304); v128.store(out, g9l, 288);
  }
}

/**
 * Strips [first, last), those of direction features before those of products, over `blocks` blocks of a batch. rows,
 * projected, deltas: of their first image. If it `steps`, the weights change; if not, the gradients go to `out` in the
 * layout of the weights.
 */
// @ts-ignore: AssemblyScript decorator
@inline
export function overStrips(steps: bool, M: LinearModel, rows: usize, projected: usize, deltas: usize, blocks: i32, first: i32, last: i32, out: usize, rate: f32): void {
  const features = M.features, components = componentsOf(M), weights = M.weights, velocity = M.velocity;
  const momentum = M.momentum, nesterov = M.nesterov;
  const mu = f32x4.splat(momentum), eta = f32x4.splat(-rate), lambda = f32x4.splat(M.decay), now = f32x4.splat(nesterov ? 1 : 0), past = f32x4.splat(nesterov ? momentum : 1);
  const zero = f32x4.splat(0), line = <usize>features << 2, turn = <usize>components << 2, features8 = features >> 3;
  for (let strip = first; strip < min(last, features8); strip++) {
    let g0l = zero, g0h = zero, g1l = zero, g1h = zero, g2l = zero, g2h = zero, g3l = zero, g3h = zero, g4l = zero, g4h = zero;
    let g5l = zero, g5h = zero, g6l = zero, g6h = zero, g7l = zero, g7h = zero, g8l = zero, g8h = zero, g9l = zero, g9h = zero;
    let x = rows + (<usize>strip << 5), d = deltas;
    for (let b = 0; b < blocks; b++, d += 288) {
      for (let lane = 0; lane < 8; lane++, x += line, d += 4) {
        const xl = v128.load(x), xh = v128.load(x, 16);
        let c = v128.load_splat<f32>(d);
        g0l = madd(c, xl, g0l); g0h = madd(c, xh, g0h); c = v128.load_splat<f32>(d, 32);
        g1l = madd(c, xl, g1l); g1h = madd(c, xh, g1h); c = v128.load_splat<f32>(d, 64);
        g2l = madd(c, xl, g2l); g2h = madd(c, xh, g2h); c = v128.load_splat<f32>(d, 96);
        g3l = madd(c, xl, g3l); g3h = madd(c, xh, g3h); c = v128.load_splat<f32>(d, 128);
        g4l = madd(c, xl, g4l); g4h = madd(c, xh, g4h); c = v128.load_splat<f32>(d, 160);
        g5l = madd(c, xl, g5l); g5h = madd(c, xh, g5h); c = v128.load_splat<f32>(d, 192);
        g6l = madd(c, xl, g6l); g6h = madd(c, xh, g6h); c = v128.load_splat<f32>(d, 224);
        g7l = madd(c, xl, g7l); g7h = madd(c, xh, g7h); c = v128.load_splat<f32>(d, 256);
        g8l = madd(c, xl, g8l); g8h = madd(c, xh, g8h); c = v128.load_splat<f32>(d, 288);
        g9l = madd(c, xl, g9l); g9h = madd(c, xh, g9h);
      }
    }
    const at = <usize>(strip * 320);
    endStrip(
      steps, out + at, weights + at, velocity + at, mu, eta, lambda, now, past,
      g0l, g0h, g1l, g1h, g2l, g2h, g3l, g3h, g4l, g4h, g5l, g5h, g6l, g6h, g7l, g7h, g8l, g8h, g9l, g9h,
    );
  }
  let i = 0, j = 0, n = M.centres;
  for (let strip = features8; strip < last; strip++, n += 32) {
    if (strip >= first) {
      let g0l = zero, g0h = zero, g1l = zero, g1h = zero, g2l = zero, g2h = zero, g3l = zero, g3h = zero, g4l = zero, g4h = zero;
      let g5l = zero, g5h = zero, g6l = zero, g6h = zero, g7l = zero, g7h = zero, g8l = zero, g8h = zero, g9l = zero, g9h = zero;
      let p = projected, d = deltas;
      const ci = <usize>i << 2, cj = <usize>j << 2, nl = v128.load(n), nh = v128.load(n, 16);
      for (let b = 0; b < blocks; b++, d += 288) {
        for (let lane = 0; lane < 8; lane++, p += turn, d += 4) {
          const pi = v128.load_splat<f32>(p + ci), pj = p + cj, xl = madd(pi, v128.load(pj), nl), xh = madd(pi, v128.load(pj, 16), nh);
          let c = v128.load_splat<f32>(d);
          g0l = madd(c, xl, g0l); g0h = madd(c, xh, g0h); c = v128.load_splat<f32>(d, 32);
          g1l = madd(c, xl, g1l); g1h = madd(c, xh, g1h); c = v128.load_splat<f32>(d, 64);
          g2l = madd(c, xl, g2l); g2h = madd(c, xh, g2h); c = v128.load_splat<f32>(d, 96);
          g3l = madd(c, xl, g3l); g3h = madd(c, xh, g3h); c = v128.load_splat<f32>(d, 128);
          g4l = madd(c, xl, g4l); g4h = madd(c, xh, g4h); c = v128.load_splat<f32>(d, 160);
          g5l = madd(c, xl, g5l); g5h = madd(c, xh, g5h); c = v128.load_splat<f32>(d, 192);
          g6l = madd(c, xl, g6l); g6h = madd(c, xh, g6h); c = v128.load_splat<f32>(d, 224);
          g7l = madd(c, xl, g7l); g7h = madd(c, xh, g7h); c = v128.load_splat<f32>(d, 256);
          g8l = madd(c, xl, g8l); g8h = madd(c, xh, g8h); c = v128.load_splat<f32>(d, 288);
          g9l = madd(c, xl, g9l); g9h = madd(c, xh, g9h);
        }
      }
      const at = <usize>(strip * 320);
      endStrip(
        steps, out + at, weights + at, velocity + at, mu, eta, lambda, now, past,
        g0l, g0h, g1l, g1h, g2l, g2h, g3l, g3h, g4l, g4h, g5l, g5h, g6l, g6h, g7l, g7h, g8l, g8h, g9l, g9h,
      );
    }
    j += 8;
    if (j >= components) {
      i++; j = i & ~7;
    }
  }
}
