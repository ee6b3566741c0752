// Online gradient descent with momentum in float32 and SIMD: the steps of one sample after another, as exact.ts has them,
// summed in another order. The first layer is computed for a block of 32 samples, block.ts; the layers above it, here, one
// sample at a time. Their weights are f32 [input][outputs, padded to 16]. Padding stays 0, because its deltas are.
import { exp4, madd, sumLanes } from '../simd';
import { addBlock, sumBlock, sumOf, updateBlock } from './block';
import { Activation, Layer, Net } from './places';

/**
 * Trains on `samples` samples, at most a block; returns the sum of their errors, each from before its step. `factors`: of
 * this block, made if `isNew`.
 */
export function trainBlock(
  net: usize, sample: usize, target: usize, samples: i32, factors: usize, isNew: bool,
): f64 {
  const activation = load<i32>(net, Net.activation), alpha = f32x4.splat(<f32>load<f64>(net, Net.alpha));
  const rate = <f32>load<f64>(net, Net.rate), momentum = <f32>load<f64>(net, Net.momentum);
  const targetBytes = <usize>load<i32>(net, Net.targetBytes);
  const bottom = net + Net.first, top = bottom + <usize>(load<i32>(net, Net.layers) - 1) * Layer.bytes;
  const deltaBytes = <usize>load<i32>(bottom, Layer.rowBytes), deltas = <usize>load<u32>(net, Net.deltas);
  sumBlock(net, sample, samples, factors, isNew);
  let error: f64 = 0;
  for (let t = 0; t < samples; t++, target += targetBytes) {
    addBlock(net, t, factors);
    store<u32>(bottom, deltas + <usize>t * deltaBytes, Layer.deltas);
    activate(bottom, sumOf(net, t), activation, alpha);
    for (let layer = bottom + Layer.bytes; layer <= top; layer += Layer.bytes) {
      forward(layer);
      activate(layer, <usize>load<u32>(layer, Layer.values), activation, alpha);
    }
    error += outputDeltas(top, target, activation, alpha);
    for (let layer = top; layer > bottom; layer -= Layer.bytes) hiddenDeltas(layer, activation, alpha);
    for (let layer = bottom + Layer.bytes; layer <= top; layer += Layer.bytes) adjust(layer, rate, momentum);
  }
  updateBlock(net, samples);
  return error;
}

/** Sums of bias and rows, 16 outputs at a time. */
// @ts-ignore: AssemblyScript decorator
@inline
function forward(layer: usize): void {
  const rowBytes = <usize>load<i32>(layer, Layer.rowBytes), weights = <usize>load<u32>(layer, Layer.weights);
  const from = <usize>load<u32>(layer - Layer.bytes, Layer.values);
  const end = from + (<usize>load<i32>(layer, Layer.inputs) << 2);
  const biases = <usize>load<u32>(layer, Layer.biases), values = <usize>load<u32>(layer, Layer.values);
  for (let at: usize = 0; at < rowBytes; at += 64) {
    const b = biases + at, z = values + at;
    let s0 = v128.load(b), s1 = v128.load(b, 16), s2 = v128.load(b, 32), s3 = v128.load(b, 48);
    for (let value = from, w = weights + at; value < end; value += 4, w += rowBytes) {
      const x = v128.load_splat<f32>(value);
      s0 = madd(x, v128.load(w), s0); s1 = madd(x, v128.load(w, 16), s1);
      s2 = madd(x, v128.load(w, 32), s2); s3 = madd(x, v128.load(w, 48), s3);
    }
    v128.store(z, s1, 16); v128.store(z, s0); v128.store(z, s3, 48); v128.store(z, s2, 32);
  }
}

// @ts-ignore: AssemblyScript decorator
@inline
function activate(layer: usize, z: usize, activation: i32, alpha: v128): void {
  const one = f32x4.splat(1), zero = f32x4.splat(0);
  let out = <usize>load<u32>(layer, Layer.values);
  for (const end = z + <usize>load<i32>(layer, Layer.rowBytes); z < end; z += 16, out += 16) {
    const sum = v128.load(z);
    let value: v128;
    if (activation == Activation.Sigmoid) value = f32x4.div(one, f32x4.add(one, exp4(clipped(f32x4.neg(sum), 87))));
    else if (activation == Activation.Tanh) {
      const twice = clipped(f32x4.add(sum, sum), 18);
      value = f32x4.sub(one, f32x4.div(f32x4.splat(2), f32x4.add(exp4(twice), one)));
    } else if (activation == Activation.Relu) value = f32x4.pmax(sum, zero);
    else value = f32x4.pmax(sum, f32x4.mul(alpha, sum));
    v128.store(out, value);
  }
}

/** NaN stays NaN. */
// @ts-ignore: AssemblyScript decorator
@inline
function clipped(x: v128, most: f32): v128 {
  return f32x4.pmin(f32x4.pmax(x, f32x4.splat(-most)), f32x4.splat(most));
}

// @ts-ignore: AssemblyScript decorator
@inline
function delta(activation: i32, error: v128, value: v128, alpha: v128): v128 {
  const one = f32x4.splat(1), isAbove = f32x4.gt(value, f32x4.splat(0));
  if (activation == Activation.Sigmoid) return f32x4.mul(f32x4.mul(error, value), f32x4.sub(one, value));
  if (activation == Activation.Tanh) return f32x4.mul(f32x4.sub(one, f32x4.mul(value, value)), error);
  if (activation == Activation.Relu) return v128.and(error, isAbove);
  return v128.bitselect(error, f32x4.mul(alpha, error), isAbove);
}

/** The errors of padding are 0: targets are padded with what an activation makes of 0. */
// @ts-ignore: AssemblyScript decorator
@inline
function outputDeltas(layer: usize, target: usize, activation: i32, alpha: v128): f64 {
  let value = <usize>load<u32>(layer, Layer.values), deltas = <usize>load<u32>(layer, Layer.deltas);
  let squares = f32x4.splat(0);
  for (const end = value + <usize>load<i32>(layer, Layer.rowBytes); value < end; value += 16, target += 16, deltas += 16) {
    const v = v128.load(value), error = f32x4.sub(v128.load(target), v);
    squares = f32x4.add(squares, f32x4.mul(error, error));
    v128.store(deltas, delta(activation, error, v, alpha));
  }
  return <f64>sumLanes(squares) / <f64>load<i32>(layer, Layer.outputs);
}

/** Deltas of the layer below. */
// @ts-ignore: AssemblyScript decorator
@inline
function hiddenDeltas(layer: usize, activation: i32, alpha: v128): void {
  const below = layer - Layer.bytes, rowBytes = <usize>load<i32>(layer, Layer.rowBytes);
  const values = <usize>load<u32>(below, Layer.values), deltas = <usize>load<u32>(below, Layer.deltas);
  const next = <usize>load<u32>(layer, Layer.deltas);
  let w = <usize>load<u32>(layer, Layer.weights);
  for (let to = deltas, end = deltas + (<usize>load<i32>(layer, Layer.inputs) << 2); to < end; to += 4) {
    let low = f32x4.splat(0), high = low;
    for (let d = next, last = next + rowBytes; d < last; d += 32, w += 32) {
      low = madd(v128.load(d), v128.load(w), low);
      high = madd(v128.load(d, 16), v128.load(w, 16), high);
    }
    store<f32>(to, sumLanes(f32x4.add(low, high)));
  }
  const width = <usize>load<i32>(below, Layer.rowBytes);
  for (let at: usize = 0; at < width; at += 16) {
    const error = v128.load(deltas + at), value = v128.load(values + at);
    v128.store(deltas + at, delta(activation, error, value, alpha));
  }
}

/** c = rate·x·δ + m·c, w += c; biases without momentum. */
// @ts-ignore: AssemblyScript decorator
@inline
function adjust(layer: usize, rate: f32, momentum: f32): void {
  const rowBytes = <usize>load<i32>(layer, Layer.rowBytes), m = f32x4.splat(momentum);
  const deltas = <usize>load<u32>(layer, Layer.deltas), biases = <usize>load<u32>(layer, Layer.biases);
  const from = <usize>load<u32>(layer - Layer.bytes, Layer.values);
  let w = <usize>load<u32>(layer, Layer.weights), c = <usize>load<u32>(layer, Layer.changes);
  for (let value = from, end = from + (<usize>load<i32>(layer, Layer.inputs) << 2); value < end; value += 4) {
    const x = f32x4.splat(rate * load<f32>(value));
    for (let d = deltas, last = deltas + rowBytes; d < last; w += 32, c += 32, d += 32) {
      const c0 = madd(x, v128.load(d), f32x4.mul(m, v128.load(c)));
      const c1 = madd(x, v128.load(d, 16), f32x4.mul(m, v128.load(c, 16)));
      const w0 = f32x4.add(v128.load(w), c0), w1 = f32x4.add(v128.load(w, 16), c1);
      v128.store(c, c1, 16);
      v128.store(c, c0);
      v128.store(w, w1, 16);
      v128.store(w, w0);
    }
  }
  const step = f32x4.splat(rate);
  for (let at: usize = 0; at < rowBytes; at += 16)
    v128.store(biases + at, madd(step, v128.load(deltas + at), v128.load(biases + at)));
}
