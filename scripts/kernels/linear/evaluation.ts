/** Accuracy and loss from weights folded for raw features. */
import { halves } from '../text.ts';
import { all, fields, fold, logitTerms } from './parts.ts';

const five = [0, 1, 2, 3, 4];
const blockNames = ['p', 'q'];

const foldWeights = `
/**
 * Weights for raw features and for products that are not centred, laid out as they are: w · scale, w, and bias +
 * Σ w · shift + Σ w · centre; a class that does not exist never wins.
 */
export function foldWeights(M: usize, out: usize): void {
  ${fields('features', 'components', 'classes', 'scale', 'weights', 'shift', 'centres')}
  const s = f32x4.splat(scale), products = <usize>features * 40, last = productStrips(components);
  for (let k: usize = 0; k < 10; k++) {
    let sum = f32x4.splat(0);
    for (let f: usize = 0; f < <usize>features; f += 8) for (let h: usize = 0; h < 32; h += 16) {
      const at = f * 40 + (k << 5) + h, w = v128.load(weights + at);
      v128.store(out + at, f32x4.mul(w, s)); sum = madd(w, v128.load(shift + (f << 2) + h), sum);
    }
    let i = 0, j = 0, folded = sumLanes(sum); sum = f32x4.splat(0);
    for (let strip: usize = 0; strip < <usize>last; strip++) {
      for (let h: usize = 0; h < 32; h += 16) {
        const at = products + strip * 320 + (k << 5) + h, w = v128.load(weights + at), lanes = i32x4.add(i32x4.splat(j + (<i32>h >> 2)), i32x4(0, 1, 2, 3));
        // What repeats another product does not count.
        v128.store(out + at, w); sum = madd(v128.and(w, i32x4.ge_s(lanes, i32x4.splat(i))), v128.load(centres + (strip << 5) + h), sum);
      }
      j += 8; if (j >= components) { i++; j = i & ~7; }
    }
    folded += sumLanes(sum);
    const at = products + <usize>(last * 320) + (k << 2);
    store<f32>(out + at, <i32>k < classes ? load<f32>(weights + at) + folded : <f32>-1e30);
  }
}`;

const judge = `
/** Loss and hits of the eight images whose logits lie at t f32 [10][2 blocks][8]. */
function judge(t: usize, labels: usize, sums: usize): void {
  const zero = f32x4.splat(0), floor = f32x4.splat(-87), label = v128.load_ext<u8>(labels), yl = i32x4.extend_low_i16x8_u(label), yh = i32x4.extend_high_i16x8_u(label);
  ${halves(
    (q, bytes) => `
  ${all((k) => `const a${k}${q} = v128.load(t, ${k * 64 + bytes});`)}
  const m${q} = ${fold(logitTerms(q), 'f32x4.pmax')};
  let right${q} = zero, hit${q} = zero, s${q} = zero;
  ${all((k) => `{ const own = i32x4.eq(y${q}, i32x4.splat(${k})), a = a${k}${q}; right${q} = v128.or(right${q}, v128.and(own, a)); hit${q} = v128.or(hit${q}, v128.and(own, f32x4.ge(a, m${q}))); s${q} = f32x4.add(s${q}, exp4(f32x4.pmax(floor, f32x4.sub(a, m${q})))); }`)}
  const loss${q} = v128.and(i32x4.ne(y${q}, i32x4.splat(255)), f32x4.sub(f32x4.add(m${q}, log4(s${q})), right${q}));`,
  )}
  store<f64>(sums, load<f64>(sums) + sumDoubles(lossl) + sumDoubles(lossh));
  store<f64>(sums, load<f64>(sums, 8) + <f64>(popcnt<i32>(i32x4.bitmask(hitl)) + popcnt<i32>(i32x4.bitmask(hith))), 8);
}`;

/** Adds an input of two blocks, {xl, xh} and {zl, zh}, to five logits of each. */
const addToFive = five
  .map(
    (k) =>
      `{ const c = v128.load_splat<f32>(w, ${k * 32}); p${k}l = madd(c, xl, p${k}l); p${k}h = madd(c, xh, p${k}h); q${k}l = madd(c, zl, q${k}l); q${k}h = madd(c, zh, q${k}h); }`,
  )
  .join(' ');

const evaluate = `
/**
 * sums f64 [2] += {loss, hits} of raw blocks by folded weights; scratch 640 + 64 K bytes. Two blocks and five classes at
 * a time: ten sums for seven loads. An odd last block is paired with itself.
 */
export function evaluate(M: usize, x: usize, labels: usize, blocks: i32, folded: usize, scratch: usize, sums: usize): void {
  ${fields('features', 'components', 'projection')}
  const bytes = <usize>features << 5, products = scratch + 640, ahead = <usize>components << 5, biases = folded + <usize>(((features >> 3) + productStrips(components)) * 320);
  for (let b = 0; b < blocks; b += 2, x += 2 * bytes, labels += 16) {
    const second = b + 1 < blocks ? bytes : 0;
    if (components) { project(x, features, components, projection, products); project(x + second, features, components, projection, products + ahead); }
    for (let h: usize = 0; h < 2; h++) {
      const bias = biases + h * 20;
      let ${five.map((k) => blockNames.map((t) => `${t}${k}l = v128.load_splat<f32>(bias, ${k * 4}), ${t}${k}h = ${t}${k}l`).join(', ')).join(', ')};
      let p = x, w = folded + h * 160;
      for (let f = 0; f < features; f += 8, w += 288) for (let lane = 0; lane < 8; lane++, p += 32, w += 4) {
        const r = p + second, xl = v128.load(p), xh = v128.load(p, 16), zl = v128.load(r), zh = v128.load(r, 16);
        ${addToFive}
      }
      for (let i = 0; i < components; i++) {
        const pi = products + (<usize>i << 5);
        for (let j = i; j < components; w += 288) {
          w += <usize>(j & 7) << 2; let r = products + (<usize>j << 5);
          for (const end = (j | 7) + 1; j < end; j++, r += 32, w += 4) {
            const s = r + ahead, pa = pi + ahead, xl = f32x4.mul(v128.load(pi), v128.load(r)), xh = f32x4.mul(v128.load(pi, 16), v128.load(r, 16)), zl = f32x4.mul(v128.load(pa), v128.load(s)), zh = f32x4.mul(v128.load(pa, 16), v128.load(s, 16));
            ${addToFive}
          }
        }
      }
      const t = scratch + h * 320;
      ${five.map((k) => `v128.store(t, p${k}h, ${k * 64 + 16}); v128.store(t, p${k}l, ${k * 64}); v128.store(t, q${k}h, ${k * 64 + 48}); v128.store(t, q${k}l, ${k * 64 + 32});`).join(' ')}
    }
    judge(scratch, labels, sums); if (b + 1 < blocks) judge(scratch + 32, labels + 8, sums);
  }
}`;

export const evaluationSource = [foldWeights, judge, evaluate].join('\n');
