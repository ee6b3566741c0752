/**
 * Emits the AssemblyScript of softmax regression on blocks of eight feature vectors: statistics, forward and
 * backward pass, momentum SGD, evaluation; unrolled over ten classes.
 *
 * Legend: F features (a multiple of 8); block f32 [F][8 images]; strip: eight features; weights and everything laid
 * out like them f32 [F / 8 strips][10 classes][8 features], then f32 [16] of bias. x̂ = x · scale + shift[feature].
 * Classes beyond `classes` have no probability; label 255 marks a place that is no image.
 */
import { each, halves, sequence } from './text.ts';

const classes = sequence(10);
const all = (write: (k: number) => string, separator = ' ') => classes.map(write).join(separator);

export const linearSource = (): string =>
  [vectorMath, statistics, normalise, forward, backward, training, evaluation].join('\n');

const vectorMath = `
/** Natural logarithm of positive numbers: ln m = 2 artanh((m − 1) / (m + 1)) of the mantissa, error below 2e-6. */
@inline function log4(x: v128): v128 {
  const e = i32x4.sub(i32x4.shr_u(x, 23), i32x4.splat(127)), one = f32x4.splat(1);
  const m = v128.or(v128.and(x, i32x4.splat(0x7fffff)), i32x4.splat(0x3f800000));
  const t = f32x4.div(f32x4.sub(m, one), f32x4.add(m, one)), u = f32x4.mul(t, t);
  let p = madd(u, f32x4.splat(2.0 / 9), f32x4.splat(2.0 / 7));
  p = madd(u, p, f32x4.splat(2.0 / 5)); p = madd(u, p, f32x4.splat(2.0 / 3)); p = madd(u, p, f32x4.splat(2));
  return madd(f32x4.convert_i32x4_s(e), f32x4.splat(0.69314718), f32x4.mul(t, p));
}
@inline function sumDoubles(v: v128): f64 {
  return <f64>f32x4.extract_lane(v, 0) + <f64>f32x4.extract_lane(v, 1) + <f64>f32x4.extract_lane(v, 2) + <f64>f32x4.extract_lane(v, 3);
}`;

const statistics = `
/** Sums of one chunk, out f32 [F + 1][8]: of each feature, then of all squares. Images beyond \`lanes\` of the last block do not count. */
export function blockStatistics(x: usize, blocks: i32, features: i32, lanes: i32, out: usize): void {
  const zero = f32x4.splat(0), bytes = <usize>features << 5, four = i32x4.splat(lanes);
  let ql = zero, qh = zero; memory.fill(out, 0, bytes);
  for (let b = 0; b < blocks; b++, x += bytes) {
    const short = b == blocks - 1 && lanes < 8;
    const ml = short ? i32x4.gt_s(four, i32x4(0, 1, 2, 3)) : i32x4.splat(-1), mh = short ? i32x4.gt_s(four, i32x4(4, 5, 6, 7)) : i32x4.splat(-1);
    for (let f: usize = 0; f < bytes; f += 32) {
      const o = out + f, p = x + f, l = v128.and(ml, v128.load(p)), h = v128.and(mh, v128.load(p, 16));
      const sl = f32x4.add(v128.load(o), l), sh = f32x4.add(v128.load(o, 16), h);
      ql = madd(l, l, ql); qh = madd(h, h, qh); v128.store(o, sh, 16); v128.store(o, sl);
    }
  }
  v128.store(out + bytes, qh, 16); v128.store(out + bytes, ql);
}
/**
 * From all chunks' sums, \`stride\` bytes apart and in their order: mean f32 [F], shift = −mean · scale f32 [F]; returns
 * scale = 1 / the one standard deviation that is left when every feature's mean is taken off.
 */
export function combineStatistics(chunks: usize, count: i32, stride: usize, features: i32, images: i32, mean: usize, shift: usize): f32 {
  let explained: f64 = 0, squares: f64 = 0;
  for (let f = 0; f < features; f++) {
    let sum: f64 = 0;
    for (let c = 0; c < count; c++) { const p = chunks + <usize>c * stride + (<usize>f << 5); sum += <f64>sumLanes(v128.load(p)) + <f64>sumLanes(v128.load(p, 16)); }
    const m = sum / <f64>images; explained += m * m; store<f32>(mean + (<usize>f << 2), <f32>m);
  }
  for (let c = 0; c < count; c++) { const p = chunks + <usize>c * stride + (<usize>features << 5); squares += sumDoubles(v128.load(p)) + sumDoubles(v128.load(p, 16)); }
  const variance = (squares / <f64>images - explained) / <f64>features;
  const scale = <f32>(1 / Math.sqrt(max<f64>(variance, 1e-12)));
  for (let f: usize = 0; f < <usize>features; f++) store<f32>(shift + (f << 2), -load<f32>(mean + (f << 2)) * scale);
  return scale;
}`;

const normalise = `
/** One block x f32 [F][8] → x̂ both as it lies (columns) and image by image (rows f32 [8][F]). */
function normalise(x: usize, features: i32, scale: f32, shift: usize, columns: usize, rows: usize): void {
  const s = f32x4.splat(scale), line = <usize>features << 2;
  for (let f = 0; f < features; f += 4, x += 128, columns += 128, rows += 16, shift += 16) {
    ${each(4, (i) => `const c${i} = v128.load_splat<f32>(shift, ${i * 4}), xl${i} = v128.load(x, ${i * 32}), xh${i} = v128.load(x, ${i * 32 + 16}), l${i} = madd(xl${i}, s, c${i}), h${i} = madd(xh${i}, s, c${i}); v128.store(columns, h${i}, ${i * 32 + 16}); v128.store(columns, l${i}, ${i * 32});`, '\n    ')}
    ${halves(
      (
        q,
        bytes,
      ) => `{ const r = rows + ${bytes / 4} * line, a = v128.shuffle<i32>(${q}0, ${q}1, 0, 4, 1, 5), b = v128.shuffle<i32>(${q}2, ${q}3, 0, 4, 1, 5), c = v128.shuffle<i32>(${q}0, ${q}1, 2, 6, 3, 7), d = v128.shuffle<i32>(${q}2, ${q}3, 2, 6, 3, 7);
      v128.store(r, v128.shuffle<i64>(a, b, 0, 2)); v128.store(r + line, v128.shuffle<i64>(a, b, 1, 3)); v128.store(r + 2 * line, v128.shuffle<i64>(c, d, 0, 2)); v128.store(r + 3 * line, v128.shuffle<i64>(c, d, 1, 3)); }`,
    )}
  }
}`;

/** Greatest of ten vectors; with `f32x4.add` for `f32x4.pmax`, their sum, always in the same order. */
function fold(terms: readonly string[], operation: string): string {
  if (terms.length === 1) return terms[0];
  const half = Math.ceil(terms.length / 2);
  return `${operation}(${fold(terms.slice(0, half), operation)}, ${fold(terms.slice(half), operation)})`;
}

const logitTerms = (q: string) => classes.map((k) => `a${k}${q}`);

const forward = `
/**
 * Forward pass and loss of \`blocks\` blocks: deltas f32 [blocks][10][8] = (p − t) · rowScale, t the smoothed target;
 * rows f32 [8 · blocks][F] for the gradient; sums f64 [2] += {loss, images classified rightly}.
 */
export function propagate(
  x: usize, labels: usize, blocks: i32, features: i32, weights: usize, scale: f32, shift: usize, classes: i32,
  rowScale: f32, smoothing: f32, columns: usize, deltas: usize, rows: usize, sums: usize,
): void {
  const bias = weights + <usize>(features * 40), zero = f32x4.splat(0), least = f32x4.splat(-1e30), floor = f32x4.splat(-87);
  const share = smoothing / <f32>classes, spread = f32x4.splat(share), hot = f32x4.splat(1 - smoothing);
  for (let b = 0; b < blocks; b++, x += <usize>features << 5, labels += 8, deltas += 320, rows += <usize>features << 5) {
    normalise(x, features, scale, shift, columns, rows);
    let ${all((k) => `a${k}l = v128.load_splat<f32>(bias, ${k * 4}), a${k}h = a${k}l`, ', ')};
    let p = columns, w = weights;
    for (let f = 0; f < features; f += 8, w += 288) {
      for (let lane = 0; lane < 8; lane++, p += 32, w += 4) {
        const xl = v128.load(p), xh = v128.load(p, 16);
        ${all((k) => `{ const c = v128.load_splat<f32>(w, ${k * 32}); a${k}l = madd(c, xl, a${k}l); a${k}h = madd(c, xh, a${k}h); }`)}
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

/** Ten sums of eight features over the images of a batch, in registers: rows f32 [images][F], deltas [blocks][10][8]. */
const stripSums = `
    let ${all((k) => `g${k}l = zero, g${k}h = zero`, ', ')};
    let x = rows + (<usize>strip << 5), d = deltas;
    for (let b = 0; b < blocks; b++, d += 288) {
      for (let lane = 0; lane < 8; lane++, x += line, d += 4) {
        const xl = v128.load(x), xh = v128.load(x, 16);
        ${all((k) => `{ const c = v128.load_splat<f32>(d, ${k * 32}); g${k}l = madd(c, xl, g${k}l); g${k}h = madd(c, xh, g${k}h); }`)}
      }
    }`;

/** Sum of a class's deltas over the batch, in a fixed order. */
const biasSum = `
@inline function biasGradient(deltas: usize, blocks: i32, k: usize): f32 {
  let sum = f32x4.splat(0);
  for (let b = 0, d = deltas + (k << 5); b < blocks; b++, d += 320) sum = f32x4.add(sum, f32x4.add(v128.load(d), v128.load(d, 16)));
  return sumLanes(sum);
}`;

const backward = `${biasSum}
/** Overwrites strips [first, last) of a gradient laid out like the weights, and its bias if asked to. */
export function gradient(rows: usize, deltas: usize, blocks: i32, features: i32, first: i32, last: i32, bias: i32, out: usize): void {
  const zero = f32x4.splat(0), line = <usize>features << 2;
  for (let strip = first; strip < last; strip++) {
    const o = out + <usize>(strip * 320);
    ${stripSums}
    ${all((k) => `v128.store(o, g${k}h, ${k * 32 + 16}); v128.store(o, g${k}l, ${k * 32});`)}
  }
  if (bias) for (let k: usize = 0; k < 16; k++) store<f32>(out + <usize>(features * 40) + (k << 2), k < 10 ? biasGradient(deltas, blocks, k) : 0);
}
/**
 * Gradient and one step of SGD, v = momentum · v + g, w −= rate · (nesterov ? g + momentum · v : v), for all strips
 * and the bias, while the sums are in registers. Weight decay adds decay · w to g.
 */
function step(rows: usize, deltas: usize, blocks: i32, features: i32, weights: usize, velocity: usize, rate: f32, momentum: f32, nesterov: i32, decay: f32): void {
  const zero = f32x4.splat(0), line = <usize>features << 2, mu = f32x4.splat(momentum), eta = f32x4.splat(-rate), lambda = f32x4.splat(decay);
  for (let strip = 0; strip < features >> 3; strip++) {
    const w = weights + <usize>(strip * 320), v = velocity + <usize>(strip * 320);
    ${stripSums}
    ${all(
      (k) => `{
      const wl = v128.load(w, ${k * 32}), wh = v128.load(w, ${k * 32 + 16}), bl = v128.load(v, ${k * 32}), bh = v128.load(v, ${k * 32 + 16});
      const dl = madd(lambda, wl, g${k}l), dh = madd(lambda, wh, g${k}h), vl = madd(mu, bl, dl), vh = madd(mu, bh, dh);
      const ul = nesterov ? madd(mu, vl, dl) : vl, uh = nesterov ? madd(mu, vh, dh) : vh, nl = madd(eta, ul, wl), nh = madd(eta, uh, wh);
      v128.store(v, vh, ${k * 32 + 16}); v128.store(v, vl, ${k * 32}); v128.store(w, nh, ${k * 32 + 16}); v128.store(w, nl, ${k * 32}); }`,
    )}
  }
  const w = weights + <usize>(features * 40), v = velocity + <usize>(features * 40);
  for (let k: usize = 0; k < 10; k++) {
    const o = k << 2, before = load<f32>(w + o), g = biasGradient(deltas, blocks, k) + decay * before, moved = momentum * load<f32>(v + o) + g;
    store<f32>(v + o, moved); store<f32>(w + o, before - rate * (nesterov ? g + momentum * moved : moved));
  }
}`;

const training = `
/**
 * \`steps\` whole steps by one thread. batches i32 [steps]: batch n is blocks [n · batchBlocks, …) of the run's
 * \`images\`, the last one perhaps short; rates f64 [steps]; metrics: f64 {loss sum, hits} every \`stride\` bytes.
 */
export function train(
  x: usize, labels: usize, features: i32, weights: usize, velocity: usize, scale: f32, shift: usize, classes: i32,
  batches: usize, steps: i32, batchBlocks: i32, images: i32, rates: usize, momentum: f32, nesterov: i32, decay: f32,
  smoothing: f32, columns: usize, deltas: usize, rows: usize, metrics: usize, stride: usize,
): void {
  for (let i = 0; i < steps; i++, batches += 4, rates += 8, metrics += stride) {
    const block = load<i32>(batches) * batchBlocks, count = min(batchBlocks << 3, images - (block << 3)), blocks = (count + 7) >> 3;
    store<f64>(metrics, 0); store<f64>(metrics, 0, 8);
    propagate(x + (<usize>(block * features) << 5), labels + (<usize>block << 3), blocks, features, weights, scale, shift, classes, <f32>1 / <f32>count, smoothing, columns, deltas, rows, metrics);
    step(rows, deltas, blocks, features, weights, velocity, <f32>load<f64>(rates), momentum, nesterov, decay);
  }
}`;

const five = [0, 1, 2, 3, 4];
const blockNames = ['p', 'q'];

const evaluation = `
/** Weights for raw features, laid out as they are: w · scale, bias + Σ w · shift; a class that does not exist never wins. */
export function foldWeights(features: i32, weights: usize, scale: f32, shift: usize, classes: i32, out: usize): void {
  const s = f32x4.splat(scale);
  for (let k: usize = 0; k < 10; k++) {
    let sum = f32x4.splat(0);
    for (let f: usize = 0; f < <usize>features; f += 8) for (let h: usize = 0; h < 32; h += 16) {
      const at = f * 40 + (k << 5) + h, w = v128.load(weights + at);
      v128.store(out + at, f32x4.mul(w, s)); sum = madd(w, v128.load(shift + (f << 2) + h), sum);
    }
    const at = <usize>(features * 40) + (k << 2);
    store<f32>(out + at, <i32>k < classes ? load<f32>(weights + at) + sumLanes(sum) : <f32>-1e30);
  }
}
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
}
/**
 * sums f64 [2] += {loss, hits} of raw blocks by folded weights; scratch 640 bytes. Two blocks and five classes at a
 * time: ten sums for seven loads. An odd last block is paired with itself.
 */
export function evaluate(x: usize, labels: usize, blocks: i32, features: i32, folded: usize, scratch: usize, sums: usize): void {
  const bytes = <usize>features << 5;
  for (let b = 0; b < blocks; b += 2, x += 2 * bytes, labels += 16) {
    const second = b + 1 < blocks ? bytes : 0;
    for (let h: usize = 0; h < 2; h++) {
      const bias = folded + <usize>(features * 40) + h * 20;
      let ${five.map((k) => blockNames.map((t) => `${t}${k}l = v128.load_splat<f32>(bias, ${k * 4}), ${t}${k}h = ${t}${k}l`).join(', ')).join(', ')};
      let p = x, w = folded + h * 160;
      for (let f = 0; f < features; f += 8, w += 288) for (let lane = 0; lane < 8; lane++, p += 32, w += 4) {
        const r = p + second, xl = v128.load(p), xh = v128.load(p, 16), zl = v128.load(r), zh = v128.load(r, 16);
        ${five.map((k) => `{ const c = v128.load_splat<f32>(w, ${k * 32}); p${k}l = madd(c, xl, p${k}l); p${k}h = madd(c, xh, p${k}h); q${k}l = madd(c, zl, q${k}l); q${k}h = madd(c, zh, q${k}h); }`).join(' ')}
      }
      const t = scratch + h * 320;
      ${five.map((k) => `v128.store(t, p${k}h, ${k * 64 + 16}); v128.store(t, p${k}l, ${k * 64}); v128.store(t, q${k}h, ${k * 64 + 48}); v128.store(t, q${k}l, ${k * 64 + 32});`).join(' ')}
    }
    judge(scratch, labels, sums); if (b + 1 < blocks) judge(scratch + 32, labels + 8, sums);
  }
}`;
