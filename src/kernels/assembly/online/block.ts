// The first layer in blocks of 32 samples. Step s changes its weights by outer products, c = m·c + r·x_s·δ_s and w += c, so
// with u = w + c·m/(1−m), which w becomes if no step follows, the sums of sample t of the block are
//   x_t·w = x_t·u − m^(t+1)/(1−m)·x_t·c + Σ_{s<t} r·(1−m^(t−s))/(1−m)·(x_t·x_s)·δ_s,
// with u and c from before the block. So weights are read once and written once a block, and only those whose input is not 0.
// After n samples u += Σ r/(1−m)·x_s·δ_s and c = mⁿ·c + Σ r·m^(n−1−s)·x_s·δ_s. Biases have no momentum: they add 1 to x_t·x_s.
// u (in the place of the weights) and c: f32 [panel of 32 outputs][input][32].
import { madd, sumLanes } from '../simd';
import { Layer, Net } from './places';

export const blockSize: i32 = 32;

/** Powers of momentum below it are taken as 0: relative to the other summands they are below the precision of float32. */
const negligible: f64 = 1e-8;

/** The sums of the first layer for sample `t`: f32 [outputs]. */
// @ts-ignore: AssemblyScript decorator
@inline
export function sumOf(net: usize, t: i32): usize {
  return <usize>load<u32>(net, Net.sums) + <usize>t * <usize>load<i32>(net, Net.first + Layer.rowBytes);
}

/** biases + x_t·u − m^(t+1)/(1−m)·x_t·c, the lists of what is not 0, and if `isNew` the block's products. */
export function sumBlock(net: usize, samples: usize, count: i32, factors: usize, isNew: bool): void {
  const layer = net + Net.first, inputs = load<i32>(layer, Layer.inputs);
  const sampleBytes = <usize>load<i32>(net, Net.sampleBytes), counts = <usize>load<u32>(net, Net.counts);
  for (let t = 0; t < count; t++)
    store<i32>(counts + (<usize>t << 2), listed(net, samples + <usize>t * sampleBytes, t, inputs));
  if (isNew) products(net, samples, sampleBytes, count, factors);
  const momentum = load<f64>(net, Net.momentum), panelBytes = <usize>inputs << 7;
  const biases = <usize>load<u32>(layer, Layer.biases), rowBytes = <usize>load<i32>(layer, Layer.rowBytes);
  let u = <usize>load<u32>(layer, Layer.weights), c = <usize>load<u32>(layer, Layer.changes);
  for (let at: usize = 0; at < rowBytes; at += 128, u += panelBytes, c += panelBytes) {
    let power = momentum;
    for (let t = 0; t < count; t++, power *= momentum) {
      const entries = <usize>load<u32>(net, Net.entries) + (<usize>(t * inputs) << 3);
      const end = entries + (<usize>load<i32>(counts + (<usize>t << 2)) << 3), to = sumOf(net, t) + at;
      panelSum(entries, end, u, biases + at, to, 1);
      if (power > negligible) panelSum(entries, end, c, to, to, <f32>(-power / (1 - momentum)));
    }
  }
}

/** to = start + scale·Σ x·rows, 32 outputs. An entry: what is added to `rows` (i32), x (f32). */
function panelSum(entries: usize, end: usize, rows: usize, start: usize, to: usize, scale: f32): void {
  let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0, s6 = s0, s7 = s0;
  for (let entry = entries; entry < end; entry += 8) {
    const w = rows + <usize>load<i32>(entry), x = v128.load_splat<f32>(entry, 4);
    s0 = madd(x, v128.load(w), s0); s1 = madd(x, v128.load(w, 16), s1);
    s2 = madd(x, v128.load(w, 32), s2); s3 = madd(x, v128.load(w, 48), s3);
    s4 = madd(x, v128.load(w, 64), s4); s5 = madd(x, v128.load(w, 80), s5);
    s6 = madd(x, v128.load(w, 96), s6); s7 = madd(x, v128.load(w, 112), s7);
  }
  combine(f32x4.splat(scale), start, to, s0, s1, s2, s3, s4, s5, s6, s7);
}

/** Lists what is not 0 of a sample, see Net.entries and Net.lists. Returns the number of its entries. */
// @ts-ignore: AssemblyScript decorator
@inline
function listed(net: usize, from: usize, t: i32, inputs: i32): i32 {
  const entries = <usize>load<u32>(net, Net.entries) + (<usize>(t * inputs) << 3), zero = f32x4.splat(0);
  const lists = <usize>load<u32>(net, Net.lists), lengths = <usize>load<u32>(net, Net.lengths);
  const deltas = <usize>load<u32>(net, Net.deltas) + <usize>t * <usize>load<i32>(net, Net.first + Layer.rowBytes);
  let at = entries;
  // Rows of samples are padded with zeros to 16.
  for (let k = 0; k < inputs; k += 16, from += 64) {
    const low = i16x8.narrow_i32x4_s(f32x4.ne(v128.load(from), zero), f32x4.ne(v128.load(from, 16), zero));
    const high = i16x8.narrow_i32x4_s(f32x4.ne(v128.load(from, 32), zero), f32x4.ne(v128.load(from, 48), zero));
    for (let mask = i8x16.bitmask(i8x16.narrow_i16x8_s(low, high)); mask != 0; mask &= mask - 1) {
      const offset = ctz(mask), j = <usize>(k + offset), x = load<f32>(from + (<usize>offset << 2));
      store<i32>(at, <i32>j << 7);
      store<f32>(at, x, 4);
      at += 8;
      const length = <usize>load<u8>(lengths + j), place = lists + (j << 8) + (length << 3);
      store<u32>(place, deltas);
      store<f32>(place, x, 4);
      store<u8>(lengths + j, length + 1);
    }
  }
  return <i32>((at - entries) >> 3);
}

/** 0 if it is negligible. */
// @ts-ignore: AssemblyScript decorator
@inline
function power(momentum: f64, exponent: i32): f64 {
  let p: f64 = 1;
  for (let i = 0; i < exponent && p > negligible; i++) p *= momentum;
  return p > negligible ? p : 0;
}

/** f32 [32][32]: for s < t the factor of δ_s in the sums of t. */
// @ts-ignore: AssemblyScript decorator
@inline
function products(net: usize, samples: usize, bytes: usize, count: i32, factors: usize): void {
  const rate = load<f64>(net, Net.rate), momentum = load<f64>(net, Net.momentum);
  for (let t = 1; t < count; t++) {
    const x = samples + <usize>t * bytes;
    let share = rate, power: f64 = rate;
    for (let s = t - 1; s >= 0; s--) {
      const product = dot(x, samples + <usize>s * bytes, bytes);
      store<f32>(factors + (<usize>(t * blockSize + s) << 2), <f32>(share * <f64>product + rate));
      power *= momentum;
      share += power;
    }
  }
}

/** `bytes`: a multiple of 64. */
// @ts-ignore: AssemblyScript decorator
@inline
function dot(a: usize, b: usize, bytes: usize): f32 {
  let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
  for (const end = a + bytes; a < end; a += 64, b += 64) {
    s0 = madd(v128.load(a), v128.load(b), s0); s1 = madd(v128.load(a, 16), v128.load(b, 16), s1);
    s2 = madd(v128.load(a, 32), v128.load(b, 32), s2); s3 = madd(v128.load(a, 48), v128.load(b, 48), s3);
  }
  return sumLanes(f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3)));
}

/** Adds to the sums of sample `t` what the steps of the block before it changed. */
export function addBlock(net: usize, t: i32, factors: usize): void {
  const rowBytes = <usize>load<i32>(net, Net.first + Layer.rowBytes), z = sumOf(net, t);
  const deltas = <usize>load<u32>(net, Net.deltas), row = factors + (<usize>(t * blockSize) << 2);
  for (let at: usize = 0; at < rowBytes; at += 64) {
    let s0 = v128.load(z + at), s1 = v128.load(z + at, 16), s2 = v128.load(z + at, 32), s3 = v128.load(z + at, 48);
    let d = deltas + at;
    for (let factor = row, end = row + (<usize>t << 2); factor < end; factor += 4, d += rowBytes) {
      const f = v128.load_splat<f32>(factor);
      s0 = madd(f, v128.load(d), s0); s1 = madd(f, v128.load(d, 16), s1);
      s2 = madd(f, v128.load(d, 32), s2); s3 = madd(f, v128.load(d, 48), s3);
    }
    v128.store(z + at, s1, 16); v128.store(z + at, s0); v128.store(z + at, s3, 48); v128.store(z + at, s2, 32);
  }
}

/** u, c and biases after `count` samples; empties the lists. */
export function updateBlock(net: usize, count: i32): void {
  const layer = net + Net.first, inputs = load<i32>(layer, Layer.inputs), panelBytes = <usize>inputs << 7;
  const rowBytes = <usize>load<i32>(layer, Layer.rowBytes), biases = <usize>load<u32>(layer, Layer.biases);
  const lists = <usize>load<u32>(net, Net.lists), lengths = <usize>load<u32>(net, Net.lengths);
  const live = <usize>load<u32>(net, Net.live), momentum = load<f64>(net, Net.momentum);
  const left = <f32>power(momentum, count), lasting = <f32>(load<f64>(net, Net.rate) / (1 - momentum));
  const late = moving(net, count);
  let u = <usize>load<u32>(layer, Layer.weights), c = <usize>load<u32>(layer, Layer.changes);
  for (let at: usize = 0; at < rowBytes; at += 128, u += panelBytes, c += panelBytes)
    for (let k = 0; k < inputs; k++) {
      const length = load<u8>(lengths + <usize>k);
      if (length == 0 && load<u8>(live + <usize>k) == 0) continue;
      const list = lists + (<usize>k << 8), row = <usize>k << 7, end = list + (<usize>length << 3);
      panelSum(list, end, at, u + row, u + row, lasting);
      change(list, end, late, at + <usize>blockSize * rowBytes, c + row, left);
    }
  for (let k = 0; k < inputs; k++) {
    const length = load<u8>(lengths + <usize>k), isLive = load<u8>(live + <usize>k);
    store<u8>(live + <usize>k, i32(length > 0 || (left != 0 && isLive != 0)));
    store<u8>(lengths + <usize>k, 0);
  }
  const rate = f32x4.splat(<f32>load<f64>(net, Net.rate)), deltas = <usize>load<u32>(net, Net.deltas);
  for (let at: usize = 0; at < rowBytes; at += 16) {
    let sum = v128.load(biases + at);
    for (let t = 0, d = deltas + at; t < count; t++, d += rowBytes) sum = madd(rate, v128.load(d), sum);
    v128.store(biases + at, sum);
  }
}

/** r·m^(n−1−s)·δ_s behind the deltas, for the last samples. Returns the deltas of the first of these. */
function moving(net: usize, count: i32): usize {
  const rowBytes = <usize>load<i32>(net, Net.first + Layer.rowBytes), momentum = load<f64>(net, Net.momentum);
  const deltas = <usize>load<u32>(net, Net.deltas);
  let factor = load<f64>(net, Net.rate), t = count - 1;
  for (let power: f64 = 1; t >= 0 && power > negligible; t--, power *= momentum, factor *= momentum) {
    const f = f32x4.splat(<f32>factor);
    for (let d = deltas + <usize>t * rowBytes, end = d + rowBytes; d < end; d += 16)
      v128.store(d + <usize>blockSize * rowBytes, f32x4.mul(f, v128.load(d)));
  }
  return deltas + <usize>(t + 1) * rowBytes;
}

/** c = left·c + Σ x·r·m^(n−1−s)·δ, one row of a panel; only samples from `late` on count, at the end of the list. */
// @ts-ignore: AssemblyScript decorator
@inline
function change(list: usize, end: usize, late: usize, at: usize, c: usize, left: f32): void {
  const f = f32x4.splat(left);
  let s0 = f32x4.mul(f, v128.load(c)), s1 = f32x4.mul(f, v128.load(c, 16));
  let s2 = f32x4.mul(f, v128.load(c, 32)), s3 = f32x4.mul(f, v128.load(c, 48));
  let s4 = f32x4.mul(f, v128.load(c, 64)), s5 = f32x4.mul(f, v128.load(c, 80));
  let s6 = f32x4.mul(f, v128.load(c, 96)), s7 = f32x4.mul(f, v128.load(c, 112));
  for (let entry = end - 8; entry >= list && <usize>load<u32>(entry) >= late; entry -= 8) {
    const d = <usize>load<u32>(entry) + at, x = v128.load_splat<f32>(entry, 4);
    s0 = madd(x, v128.load(d), s0); s1 = madd(x, v128.load(d, 16), s1);
    s2 = madd(x, v128.load(d, 32), s2); s3 = madd(x, v128.load(d, 48), s3);
    s4 = madd(x, v128.load(d, 64), s4); s5 = madd(x, v128.load(d, 80), s5);
    s6 = madd(x, v128.load(d, 96), s6); s7 = madd(x, v128.load(d, 112), s7);
  }
  store32(c, s0, s1, s2, s3, s4, s5, s6, s7);
}

/** to = start + f·sums. */
// @ts-ignore: AssemblyScript decorator
@inline
function combine(
  f: v128, start: usize, to: usize, s0: v128, s1: v128, s2: v128, s3: v128, s4: v128, s5: v128, s6: v128, s7: v128,
): void {
  s0 = madd(f, s0, v128.load(start)); s1 = madd(f, s1, v128.load(start, 16));
  s2 = madd(f, s2, v128.load(start, 32)); s3 = madd(f, s3, v128.load(start, 48));
  s4 = madd(f, s4, v128.load(start, 64)); s5 = madd(f, s5, v128.load(start, 80));
  s6 = madd(f, s6, v128.load(start, 96)); s7 = madd(f, s7, v128.load(start, 112));
  store32(to, s0, s1, s2, s3, s4, s5, s6, s7);
}

/** In the order that V8 makes 256 bits wide. */
// @ts-ignore: AssemblyScript decorator
@inline
function store32(to: usize, v0: v128, v1: v128, v2: v128, v3: v128, v4: v128, v5: v128, v6: v128, v7: v128): void {
  v128.store(to, v1, 16); v128.store(to, v0); v128.store(to, v3, 48); v128.store(to, v2, 32);
  v128.store(to, v5, 80); v128.store(to, v4, 64); v128.store(to, v7, 112); v128.store(to, v6, 96);
}
