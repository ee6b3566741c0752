/** Forward pass and loss of a batch, down to the gradients of the logits. */
import { each, halves } from '../text.ts';
import { all, at, classes, fields, fold, logitTerms } from './parts.ts';

/** Four vectors of eight images, named {l, h}{0 … 3}, to eight rows of four from `r` on, `line` bytes apart. */
const transposed = halves(
  (
    q,
    bytes,
  ) => `{ const o = r + ${bytes / 4} * line, a = v128.shuffle<i32>(${q}0, ${q}1, 0, 4, 1, 5), b = v128.shuffle<i32>(${q}2, ${q}3, 0, 4, 1, 5), c = v128.shuffle<i32>(${q}0, ${q}1, 2, 6, 3, 7), d = v128.shuffle<i32>(${q}2, ${q}3, 2, 6, 3, 7);
      v128.store(o, v128.shuffle<i64>(a, b, 0, 2)); v128.store(o + line, v128.shuffle<i64>(a, b, 1, 3)); v128.store(o + 2 * line, v128.shuffle<i64>(c, d, 0, 2)); v128.store(o + 3 * line, v128.shuffle<i64>(c, d, 1, 3)); }`,
);

const normalise = `
/** One block x f32 [F][8] → x̂ both as it lies (columns) and image by image (r f32 [8][F]). */
function normalise(x: usize, features: i32, scale: f32, shift: usize, columns: usize, r: usize): void {
  const s = f32x4.splat(scale), line = <usize>features << 2;
  for (let f = 0; f < features; f += 4, x += 128, columns += 128, r += 16, shift += 16) {
    ${each(4, (i) => `const c${i} = v128.load_splat<f32>(shift, ${i * 4}), xl${i} = v128.load(x, ${i * 32}), xh${i} = v128.load(x, ${i * 32 + 16}), l${i} = madd(xl${i}, s, c${i}), h${i} = madd(xh${i}, s, c${i}); v128.store(columns, h${i}, ${i * 32 + 16}); v128.store(columns, l${i}, ${i * 32});`, '\n    ')}
    ${transposed}
  }
}
/** Components of one raw block x f32 [F][8] → f32 [K][8]. */
function project(x: usize, features: i32, components: i32, projection: usize, out: usize): void {
  let offset = projection + <usize>(features * components << 2), w = projection;
  for (let k = 0; k < components; k += 8, offset += 32, out += 256) {
    let ${each(8, (i) => `a${i}l = v128.load_splat<f32>(offset, ${i * 4}), a${i}h = a${i}l`, ', ')}; let p = x;
    for (let f = 0; f < features; f++, p += 32, w += 32) {
      const xl = v128.load(p), xh = v128.load(p, 16);
      ${each(8, (i) => `{ const c = v128.load_splat<f32>(w, ${i * 4}); a${i}l = madd(c, xl, a${i}l); a${i}h = madd(c, xh, a${i}h); }`)}
    }
    ${each(8, (i) => `v128.store(out, a${i}h, ${i * 32 + 16}); v128.store(out, a${i}l, ${i * 32});`)}
  }
}
/** f32 [K][8] → r f32 [8][K]. */
function byImage(p: usize, components: i32, r: usize): void {
  const line = <usize>components << 2;
  for (let k = 0; k < components; k += 4, p += 128, r += 16) {
    ${each(4, (i) => `const l${i} = v128.load(p, ${i * 32}), h${i} = v128.load(p, ${i * 32 + 16});`)}
    ${transposed}
  }
}`;

/** Adds eight images' input {xl, xh} to their logits with the weights at w. */
export const addToLogits = all(
  (k) =>
    `{ const c = v128.load_splat<f32>(w, ${k * 32}); a${k}l = madd(c, xl, a${k}l); a${k}h = madd(c, xh, a${k}h); }`,
);

const propagate = `
/**
 * \`blocks\` blocks of a batch whose images from \`first\` on they are: leaves (p − t) · rowScale in the model's deltas, t
 * the smoothed target, and the inputs image by image in its rows. columns: room for f32 [F + K][8];
 * sums f64 [2] += {loss, images classified rightly}.
 */
export function propagate(M: usize, x: usize, labels: usize, blocks: i32, first: i32, rowScale: f32, columns: usize, sums: usize): void {
  ${fields('features', 'components', 'classes', 'smoothing', 'scale', 'weights', 'shift', 'projection', 'centres')}
  let deltas = ${at('deltas')} + <usize>first * 40, rows = ${at('rows')} + <usize>(first * features << 2), projected = ${at('projected')} + <usize>(first * components << 2);
  const zero = f32x4.splat(0), least = f32x4.splat(-1e30), floor = f32x4.splat(-87), products = columns + (<usize>features << 5);
  const bias = weights + <usize>(((features >> 3) + productStrips(components)) * 320);
  const share = smoothing / <f32>classes, spread = f32x4.splat(share), hot = f32x4.splat(1 - smoothing);
  for (let b = 0; b < blocks; b++, x += <usize>features << 5, labels += 8, deltas += 320, rows += <usize>features << 5, projected += <usize>components << 5) {
    normalise(x, features, scale, shift, columns, rows);
    if (components) { project(x, features, components, projection, products); byImage(products, components, projected); }
    let ${all((k) => `a${k}l = v128.load_splat<f32>(bias, ${k * 4}), a${k}h = a${k}l`, ', ')};
    let q = columns, w = weights, n = centres;
    for (let f = 0; f < features; f += 8, w += 288) {
      for (let lane = 0; lane < 8; lane++, q += 32, w += 4) {
        const xl = v128.load(q), xh = v128.load(q, 16);
        ${addToLogits}
      }
    }
    for (let i = 0; i < components; i++) {
      const pi = products + (<usize>i << 5), pl = v128.load(pi), ph = v128.load(pi, 16);
      for (let j = i; j < components; w += 288) {
        const skipped = <usize>(j & 7) << 2; w += skipped; n += skipped; q = products + (<usize>j << 5);
        for (const end = (j | 7) + 1; j < end; j++, q += 32, w += 4, n += 4) {
          const c = v128.load_splat<f32>(n), xl = madd(pl, v128.load(q), c), xh = madd(ph, v128.load(q, 16), c);
          ${addToLogits}
        }
      }
    }
    ${all((k) => `if (classes <= ${k}) { a${k}l = least; a${k}h = least; }`)}
    const label = v128.load_ext<u8>(labels), yl = i32x4.extend_low_i16x8_u(label), yh = i32x4.extend_high_i16x8_u(label);
    ${halves((q) => softmaxHalf(q))}
    store<f64>(sums, load<f64>(sums) + sumDoubles(lossl) + sumDoubles(lossh));
    store<f64>(sums, load<f64>(sums, 8) + <f64>(popcnt<i32>(i32x4.bitmask(hitl)) + popcnt<i32>(i32x4.bitmask(hith))), 8);
  }
}`;

/** Softmax, loss, hits and deltas of four images; ends with loss{q}, hit{q}. */
function softmaxHalf(q: 'l' | 'h'): string {
  const bytes = q === 'l' ? 0 : 16;
  return `
    const m${q} = ${fold(logitTerms(q), 'f32x4.pmax')}, real${q} = i32x4.ne(y${q}, i32x4.splat(255));
    let right${q} = zero, total${q} = zero, hit${q} = zero;
    ${all((k) => `{ const own = i32x4.eq(y${q}, i32x4.splat(${k})); right${q} = v128.or(right${q}, v128.and(own, a${k}${q})); hit${q} = v128.or(hit${q}, v128.and(own, f32x4.ge(a${k}${q}, m${q}))); if (classes > ${k}) total${q} = f32x4.add(total${q}, a${k}${q}); }`, '\n    ')}
    ${all((k) => `const e${k}${q} = exp4(f32x4.pmax(floor, f32x4.sub(a${k}${q}, m${q})));`)}
    const s${q} = ${fold(
      classes.map((k) => `v128.and(e${k}${q}, f32x4.gt(a${k}${q}, least))`),
      'f32x4.add',
    )}, i${q} = f32x4.div(f32x4.splat(1), s${q});
    const loss${q} = v128.and(real${q}, f32x4.sub(f32x4.sub(f32x4.add(m${q}, log4(s${q})), f32x4.mul(hot, right${q})), f32x4.mul(spread, total${q})));
    const scale${q} = v128.and(real${q}, f32x4.splat(rowScale));
    ${all((k) => `v128.store(deltas, classes > ${k} ? f32x4.mul(scale${q}, f32x4.sub(f32x4.sub(f32x4.mul(i${q}, e${k}${q}), spread), v128.and(hot, i32x4.eq(y${q}, i32x4.splat(${k}))))) : zero, ${k * 32 + bytes});`, '\n    ')}`;
}

export const forwardSource = [normalise, propagate].join('\n');
