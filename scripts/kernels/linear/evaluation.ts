/** Accuracy, loss and logits from weights folded for raw direction features. */
import { halves } from '../text.ts';
import { addSums, exponentials, fields } from './parts.ts';

const foldWeights = `
/**
 * Weights for raw direction features, in the same layout: w · scale, and bias + Σ w · shift; those of
 * products are unchanged. A class that does not exist never has the largest logit.
 */
export function foldWeights(M: usize, out: usize): void {
  ${fields('features', 'components', 'classes', 'scale', 'weights', 'shift')}
  const s = f32x4.splat(scale), products = <usize>features * 40, bias = products + <usize>(productStrips(components) * 320);
  for (let k: usize = 0; k < 10; k++) {
    let sum = f32x4.splat(0);
    for (let f: usize = 0; f < <usize>features; f += 8) for (let h: usize = 0; h < 32; h += 16) {
      const at = f * 40 + (k << 5) + h, w = v128.load(weights + at);
      v128.store(out + at, f32x4.mul(w, s)); sum = madd(w, v128.load(shift + (f << 2) + h), sum);
    }
    const at = bias + (k << 2);
    store<f32>(out + at, <i32>k < classes ? load<f32>(weights + at) + sumLanes(sum) : <f32>-1e30);
  }
  memory.copy(out + products, weights + products, bias - products);
}`;

const judge = `
/** Loss and hits, the first of equal logits, of the eight images whose logits are at t f32 [10][2 blocks][8], overwritten. */
function judge(t: usize, labels: usize, sums: usize): void {
  const classes = 10;
  ${exponentials()}
  const nobody = i32x4.splat(255);
  ${halves((q) => `const loss${q} = v128.and(i32x4.ne(y${q}, nobody), f32x4.sub(f32x4.add(m${q}, log4(s${q})), right${q}));`)}
  ${addSums}
}`;

/** Of one block or, if `paired`, two; components come before. */
const logitsAtRoom = `if (components) project(x, paired ? bytes : 0, features, components, projection, products);
    if (paired) logitsOfPair(x, bytes, products, features, components, folded, centres, room);
    else logitsOfBlock(x, products, features, components, folded, centres, room);`;

const evaluate = `
/** sums f64 [2] += {loss, hits} of raw blocks by folded weights; room: 640 + 64 K bytes. */
export function evaluate(M: usize, x: usize, labels: usize, blocks: i32, folded: usize, room: usize, sums: usize): void {
  ${fields('features', 'components', 'projection', 'centres')}
  const bytes = <usize>features << 5, products = room + 640;
  for (let b = 0; b < blocks; b += 2, x += 2 * bytes, labels += 16) {
    const paired = b + 1 < blocks;
    ${logitsAtRoom}
    judge(room, labels, sums); if (paired) judge(room + 32, labels + 8, sums);
  }
}`;

const logits = `
/** Logits of one or two raw blocks by folded weights, at room f32 [10][2 blocks][8]; room: 640 + 64 K bytes. */
export function logits(M: usize, x: usize, blocks: i32, folded: usize, room: usize): void {
  ${fields('features', 'components', 'projection', 'centres')}
  const bytes = <usize>features << 5, products = room + 640, paired = blocks > 1;
  ${logitsAtRoom}
}`;

export const evaluationSource = [foldWeights, judge, logits, evaluate].join('\n');
