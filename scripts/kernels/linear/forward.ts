/** Forward pass and loss of a batch, down to the gradients of the logits. */
import { each, halves } from '../text.ts';
import { logitsSource } from './logits.ts';
import { addSums, at, exponentials, fields } from './parts.ts';

/** Four vectors of eight images, named {l, h}{0 … 3}, to eight rows of four from `r` on, `line` bytes apart. */
const transposed = halves(
  (
    q,
    bytes,
  ) => `{ const o = r + ${bytes / 4} * line, a = v128.shuffle<i32>(${q}0, ${q}1, 0, 4, 1, 5), b = v128.shuffle<i32>(${q}2, ${q}3, 0, 4, 1, 5), c = v128.shuffle<i32>(${q}0, ${q}1, 2, 6, 3, 7), d = v128.shuffle<i32>(${q}2, ${q}3, 2, 6, 3, 7);
      v128.store(o, v128.shuffle<i64>(a, b, 0, 2)); v128.store(o + line, v128.shuffle<i64>(a, b, 1, 3)); v128.store(o + 2 * line, v128.shuffle<i64>(c, d, 0, 2)); v128.store(o + 3 * line, v128.shuffle<i64>(c, d, 1, 3)); }`,
);

const normalise = `
/** One block x f32 [F][8] → x̂ both in the same layout (columns) and image by image: r f32 [8][F], rows \`line\` bytes apart. */
function normalise(x: usize, features: i32, scale: f32, shift: usize, columns: usize, r: usize, line: usize): void {
  const s = f32x4.splat(scale);
  for (let f = 0; f < features; f += 4, x += 128, columns += 128, r += 16, shift += 16) {
    ${each(4, (i) => `const c${i} = v128.load_splat<f32>(shift, ${i * 4}), xl${i} = v128.load(x, ${i * 32}), xh${i} = v128.load(x, ${i * 32 + 16}), l${i} = madd(xl${i}, s, c${i}), h${i} = madd(xh${i}, s, c${i}); v128.store(columns, h${i}, ${i * 32 + 16}); v128.store(columns, l${i}, ${i * 32});`, '\n    ')}
    ${transposed}
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

const propagate = `
/**
 * Gradients of the logits of one block, and its loss and hits; see propagate. t f32 [10][2 blocks][8], overwritten. A hit
 * is the first of equal logits, as in argmax.
 */
function softmax(t: usize, labels: usize, classes: i32, smoothing: f32, rowScale: f32, deltas: usize, sums: usize): void {
  const one = f32x4.splat(1);
  ${exponentials([{ name: 'total', step: 'total# = f32x4.add(total#, a#);' }])}
  const share = smoothing / <f32>classes, spread = f32x4.splat(share), hot = f32x4.splat(1 - smoothing), nobody = i32x4.splat(255), row = f32x4.splat(rowScale);
  ${halves((q) => `const real${q} = i32x4.ne(y${q}, nobody), i${q} = f32x4.div(one, s${q}), scale${q} = v128.and(real${q}, row), loss${q} = v128.and(real${q}, f32x4.sub(f32x4.sub(f32x4.add(m${q}, log4(s${q})), f32x4.mul(hot, right${q})), f32x4.mul(spread, total${q})));`)}
  for (let k = 0, p = t; k < classes; k++, p += 64, deltas += 32) {
    const c = i32x4.splat(k);
    ${halves((q, d) => `const g${q} = f32x4.mul(scale${q}, f32x4.sub(f32x4.sub(f32x4.mul(i${q}, v128.load(p, ${d})), spread), v128.and(hot, i32x4.eq(y${q}, c))));`)}
    v128.store(deltas, gh, 16); v128.store(deltas, gl);
  }
  memory.fill(deltas, 0, <usize>(10 - classes) << 5);
  ${addSums}
}
/**
 * \`blocks\` blocks of a batch, its images from \`first\`: writes (p − t) · rowScale to the table's deltas, t the smoothed
 * target, and the inputs image by image to its rows. room: 640 + 64 (F + K) bytes;
 * sums f64 [2] += {loss, images classified correctly}. Two blocks at a time if there are two.
 */
export function propagate(M: usize, x: usize, labels: usize, blocks: i32, first: i32, rowScale: f32, room: usize, sums: usize): void {
  ${fields('features', 'components', 'classes', 'smoothing', 'scale', 'weights', 'shift', 'projection', 'centres')}
  let deltas = ${at('deltas')} + <usize>first * 40, rows = ${at('rows')} + <usize>(first * features << 2), projected = ${at('projected')} + <usize>(first * components << 2);
  const bytes = <usize>features << 5, ahead = <usize>components << 5, columns = room + 640, products = columns + 2 * bytes;
  for (let b = 0; b < blocks; b += 2, x += 2 * bytes, labels += 16, deltas += 640, rows += 2 * bytes, projected += 2 * ahead) {
    const paired = b + 1 < blocks;
    normalise(x, features, scale, shift, columns, rows, bytes >> 3);
    if (paired) normalise(x + bytes, features, scale, shift, columns + bytes, rows + bytes, bytes >> 3);
    if (components) {
      project(x, paired ? bytes : 0, features, components, projection, products);
      byImage(products, components, projected); if (paired) byImage(products + ahead, components, projected + ahead);
    }
    if (paired) logitsOfPair(columns, bytes, products, features, components, weights, centres, room);
    else logitsOfBlock(columns, products, features, components, weights, centres, room);
    softmax(room, labels, classes, smoothing, rowScale, deltas, sums);
    if (paired) softmax(room + 32, labels + 8, classes, smoothing, rowScale, deltas + 320, sums);
  }
}`;

const standardise = `
/**
 * Raw blocks at x as rows of standardised direction features in panels of 16, as in the engine's layers: out[f / 16][image]
 * [f % 16], \`panel\` bytes between panels; places beyond F in the last one are not written. room: 512 bytes.
 */
export function standardise(M: usize, x: usize, blocks: i32, room: usize, out: usize, panel: usize): void {
  ${fields('features', 'scale', 'shift')}
  for (let b = 0; b < blocks; b++, out += 512, x += <usize>features << 5) {
    let o = out;
    for (let f = 0; f < features; f += 16, o += panel) normalise(x + (<usize>f << 5), min(16, features - f), scale, shift + (<usize>f << 2), room, o, 64);
  }
}`;

export const forwardSource = [normalise, logitsSource, propagate, standardise].join('\n');
