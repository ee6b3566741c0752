/** Gradients from a batch's rows and deltas, and steps of momentum SGD by one thread. */
import { all, at, fields } from './parts.ts';

/** Ten sums of a strip's eight inputs {xl, xh} over the images of a batch, in registers. */
const sums = (start: string, input: string, advance: string) => `
    let ${all((k) => `g${k}l = zero, g${k}h = zero`, ', ')};
    ${start} let d = deltas;
    for (let b = 0; b < blocks; b++, d += 288) {
      for (let lane = 0; lane < 8; lane++, ${advance}, d += 4) {
        ${input}
        ${all((k) => `{ const c = v128.load_splat<f32>(d, ${k * 32}); g${k}l = madd(c, xl, g${k}l); g${k}h = madd(c, xh, g${k}h); }`)}
      }
    }`;

const featureSums = sums(
  'let x = rows + (<usize>strip << 5);',
  'const xl = v128.load(x), xh = v128.load(x, 16);',
  'x += line',
);

const productSums = sums(
  'let p = projected; const ci = <usize>i << 2, cj = <usize>j << 2, nl = v128.load(n), nh = v128.load(n, 16);',
  'const pi = v128.load_splat<f32>(p + ci), pj = p + cj, xl = madd(pi, v128.load(pj), nl), xh = madd(pi, v128.load(pj, 16), nh);',
  'p += turn',
);

/**
 * Strips [first, last), those of direction features before those of products; `j` is a product strip's first column.
 */
const stripLoops = (
  bodyOf: (sums: string) => string,
) => `const zero = f32x4.splat(0), line = <usize>features << 2, turn = <usize>components << 2, features8 = features >> 3;
  for (let strip = first; strip < min(last, features8); strip++) {
    ${bodyOf(featureSums)}
  }
  let i = 0, j = 0, n = centres;
  for (let strip = features8; strip < last; strip++, n += 32) {
    if (strip >= first) {
      ${bodyOf(productSums)}
    }
    j += 8; if (j >= components) { i++; j = i & ~7; }
  }`;

const biasSum = `
/** Sum of a class's deltas over the batch, in a fixed order. */
@inline function biasGradient(deltas: usize, blocks: i32, k: usize): f32 {
  let sum = f32x4.splat(0);
  for (let b = 0, d = deltas + (k << 5); b < blocks; b++, d += 320) sum = f32x4.add(sum, f32x4.add(v128.load(d), v128.load(d, 16)));
  return sumLanes(sum);
}`;

const gradient = `
/** Overwrites strips [first, last) of a gradient in the layout of the weights, and its bias if requested, over images from \`image\`. */
export function gradient(M: usize, image: i32, blocks: i32, first: i32, last: i32, bias: i32, out: usize): void {
  ${fields('features', 'components', 'centres')}
  const deltas = ${at('deltas')} + <usize>image * 40, rows = ${at('rows')} + <usize>(image * features << 2), projected = ${at('projected')} + <usize>(image * components << 2);
  ${stripLoops((summed) => `${summed} const o = out + <usize>(strip * 320); ${all((k) => `v128.store(o, g${k}h, ${k * 32 + 16}); v128.store(o, g${k}l, ${k * 32});`)}`)}
  if (bias) for (let k: usize = 0; k < 16; k++) store<f32>(out + <usize>(last * 320) + (k << 2), k < 10 ? biasGradient(deltas, blocks, k) : 0);
}`;

const stepStrip = (
  summed: string,
) => `const w = weights + <usize>(strip * 320), v = velocity + <usize>(strip * 320);
    ${summed}
    ${all(
      (k) => `{
      const wl = v128.load(w, ${k * 32}), wh = v128.load(w, ${k * 32 + 16}), bl = v128.load(v, ${k * 32}), bh = v128.load(v, ${k * 32 + 16});
      const dl = madd(lambda, wl, g${k}l), dh = madd(lambda, wh, g${k}h), vl = madd(mu, bl, dl), vh = madd(mu, bh, dh);
      const nl = madd(eta, madd(now, dl, f32x4.mul(past, vl)), wl), nh = madd(eta, madd(now, dh, f32x4.mul(past, vh)), wh);
      v128.store(v, vh, ${k * 32 + 16}); v128.store(v, vl, ${k * 32}); v128.store(w, nh, ${k * 32 + 16}); v128.store(w, nl, ${k * 32}); }`,
    )}`;

const step = `
/**
 * Gradient and one step of SGD, v = momentum · v + g, w −= rate · (nesterov ? g + momentum · v : v), for all strips
 * and the bias, while the sums are in registers. Weight decay adds decay · w to g. Rounded like the engine's sgd.
 */
function step(M: usize, blocks: i32, rate: f32): void {
  ${fields('features', 'components', 'centres', 'momentum', 'nesterov', 'decay', 'weights', 'velocity', 'rows', 'projected', 'deltas')}
  const mu = f32x4.splat(momentum), eta = f32x4.splat(-rate), lambda = f32x4.splat(decay), now = f32x4.splat(nesterov ? 1 : 0), past = f32x4.splat(nesterov ? momentum : 1), first = 0, last = (features >> 3) + productStrips(components);
  ${stripLoops(stepStrip)}
  const w = weights + <usize>(last * 320), v = velocity + <usize>(last * 320);
  for (let k: usize = 0; k < 10; k++) {
    const o = k << 2, before = v128.load_splat<f32>(w + o), g = madd(lambda, before, f32x4.splat(biasGradient(deltas, blocks, k))), moved = madd(mu, v128.load_splat<f32>(v + o), g);
    v128.store_lane<f32>(v + o, moved, 0); v128.store_lane<f32>(w + o, madd(eta, madd(now, g, f32x4.mul(past, moved)), before), 0);
  }
}`;

const train = `
/**
 * \`steps\` whole steps by one thread. batches i32 [steps]: batch n is blocks [n · batchBlocks, …) of the run's
 * \`images\`, the last one may be short; rates f64 [steps]; metrics: f64 {loss sum, hits} every \`stride\` bytes.
 */
export function train(M: usize, x: usize, labels: usize, batches: usize, steps: i32, batchBlocks: i32, images: i32, rates: usize, room: usize, metrics: usize, stride: usize): void {
  ${fields('features')}
  for (let i = 0; i < steps; i++, batches += 4, rates += 8, metrics += stride) {
    const block = load<i32>(batches) * batchBlocks, count = min(batchBlocks << 3, images - (block << 3)), blocks = (count + 7) >> 3;
    store<f64>(metrics, 0); store<f64>(metrics, 0, 8);
    propagate(M, x + (<usize>(block * features) << 5), labels + (<usize>block << 3), blocks, 0, <f32>1 / <f32>count, room, metrics);
    step(M, blocks, <f32>load<f64>(rates));
  }
}`;

export const backwardSource = [biasSum, gradient, step, train].join('\n');
