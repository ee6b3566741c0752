// One sample of online gradient descent in the arithmetic of brain.js: sums in float64, everything stored in float32, in its
// order. Weights are f32 [output][input]. For small networks.
import { Activation, Layer, Net } from './places';

/** Trains on one sample; returns the mean of its squared errors before the weights change. */
export function trainSample(net: usize, sample: usize, target: usize): f64 {
  const layers = load<i32>(net, Net.layers), activation = load<i32>(net, Net.activation);
  const alpha = load<f64>(net, Net.alpha);
  const end = net + Net.first + <usize>layers * Layer.bytes;
  let from = sample;
  for (let layer = net + Net.first; layer < end; layer += Layer.bytes) {
    forward(layer, from, activation, alpha);
    from = load<u32>(layer, Layer.values);
  }
  const last = end - Layer.bytes;
  const error = outputDeltas(last, target, activation, alpha);
  for (let layer = last; layer > net + Net.first; layer -= Layer.bytes) hiddenDeltas(layer, activation, alpha);
  from = sample;
  store<i32>(net, load<i32>(net, Net.step) + 1, Net.step);
  for (let layer = net + Net.first; layer < end; layer += Layer.bytes) {
    if (load<i32>(net, Net.adam)) adam(net, layer, from);
    else adjust(layer, from, load<f64>(net, Net.rate), load<f64>(net, Net.momentum));
    from = load<u32>(layer, Layer.values);
  }
  return error;
}

// @ts-ignore: AssemblyScript decorator
@inline
function forward(layer: usize, from: usize, activation: i32, alpha: f64): void {
  const inputs = <usize>load<i32>(layer, Layer.inputs) << 2;
  const outputs = <usize>load<i32>(layer, Layer.outputs) << 2;
  const biases = <usize>load<u32>(layer, Layer.biases), values = <usize>load<u32>(layer, Layer.values);
  let w = <usize>load<u32>(layer, Layer.weights);
  for (let node: usize = 0; node < outputs; node += 4) {
    let sum = <f64>load<f32>(biases + node);
    for (let k: usize = 0; k < inputs; k += 4, w += 4) sum += <f64>load<f32>(w) * <f64>load<f32>(from + k);
    store<f32>(values + node, <f32>activated(activation, sum, alpha));
  }
}

// @ts-ignore: AssemblyScript decorator
@inline
function activated(activation: i32, sum: f64, alpha: f64): f64 {
  if (activation == Activation.Sigmoid) return 1 / (1 + NativeMath.exp(-sum));
  if (activation == Activation.Tanh) return NativeMath.tanh(sum);
  if (activation == Activation.Relu) return sum < 0 ? 0 : sum;
  return max(sum, alpha * sum);
}

// @ts-ignore: AssemblyScript decorator
@inline
function delta(activation: i32, error: f64, value: f64, alpha: f64): f64 {
  if (activation == Activation.Sigmoid) return error * value * (1 - value);
  if (activation == Activation.Tanh) return (1 - value * value) * error;
  if (activation == Activation.Relu) return value > 0 ? error : 0;
  return value > 0 ? error : alpha * error;
}

// @ts-ignore: AssemblyScript decorator
@inline
function outputDeltas(layer: usize, target: usize, activation: i32, alpha: f64): f64 {
  const outputs = <usize>load<i32>(layer, Layer.outputs) << 2;
  const values = <usize>load<u32>(layer, Layer.values), deltas = <usize>load<u32>(layer, Layer.deltas);
  let squares: f64 = 0;
  for (let node: usize = 0; node < outputs; node += 4) {
    const value = <f64>load<f32>(values + node);
    const error = <f64>load<f32>(target + node) - value;
    const kept = <f64>(<f32>error);
    squares += kept * kept;
    store<f32>(deltas + node, <f32>delta(activation, error, value, alpha));
  }
  return squares / <f64>load<i32>(layer, Layer.outputs);
}

/** Deltas of the layer below. */
// @ts-ignore: AssemblyScript decorator
@inline
function hiddenDeltas(layer: usize, activation: i32, alpha: f64): void {
  const below = layer - Layer.bytes;
  const nodes = <usize>load<i32>(layer, Layer.inputs) << 2, outputs = <usize>load<i32>(layer, Layer.outputs) << 2;
  const values = <usize>load<u32>(below, Layer.values), deltas = <usize>load<u32>(below, Layer.deltas);
  const next = <usize>load<u32>(layer, Layer.deltas), weights = <usize>load<u32>(layer, Layer.weights);
  for (let node: usize = 0; node < nodes; node += 4) {
    let error: f64 = 0, w = weights + node;
    for (let k: usize = 0; k < outputs; k += 4, w += nodes) error += <f64>load<f32>(next + k) * <f64>load<f32>(w);
    store<f32>(deltas + node, <f32>delta(activation, error, <f64>load<f32>(values + node), alpha));
  }
}

// @ts-ignore: AssemblyScript decorator
@inline
function adjust(layer: usize, from: usize, rate: f64, momentum: f64): void {
  const inputs = <usize>load<i32>(layer, Layer.inputs) << 2, outputs = <usize>load<i32>(layer, Layer.outputs) << 2;
  const biases = <usize>load<u32>(layer, Layer.biases), deltas = <usize>load<u32>(layer, Layer.deltas);
  let w = <usize>load<u32>(layer, Layer.weights), c = <usize>load<u32>(layer, Layer.changes);
  for (let node: usize = 0; node < outputs; node += 4) {
    const step = rate * <f64>load<f32>(deltas + node);
    for (let k: usize = 0; k < inputs; k += 4, w += 4, c += 4) {
      const change = step * <f64>load<f32>(from + k) + momentum * <f64>load<f32>(c);
      store<f32>(c, <f32>change);
      store<f32>(w, <f32>(<f64>load<f32>(w) + change));
    }
    store<f32>(biases + node, <f32>(<f64>load<f32>(biases + node) + step));
  }
}

/** As brain.js has it: the mean of a bias is corrected before it is updated. */
function adam(net: usize, layer: usize, from: usize): void {
  const inputs = <usize>load<i32>(layer, Layer.inputs) << 2, outputs = <usize>load<i32>(layer, Layer.outputs) << 2;
  const biases = <usize>load<u32>(layer, Layer.biases), deltas = <usize>load<u32>(layer, Layer.deltas);
  const means = <usize>load<u32>(layer, Layer.biasMeans), squares = <usize>load<u32>(layer, Layer.biasSquares);
  const rate = load<f64>(net, Net.rate), epsilon = load<f64>(net, Net.epsilon);
  const beta1 = load<f64>(net, Net.beta1), beta2 = load<f64>(net, Net.beta2);
  const step = <f64>load<i32>(net, Net.step);
  const meanShare = 1 - NativeMath.pow(beta1, step), squareShare = 1 - NativeMath.pow(beta2, step);
  let w = <usize>load<u32>(layer, Layer.weights);
  let m = <usize>load<u32>(layer, Layer.changes), v = <usize>load<u32>(layer, Layer.squares);
  for (let node: usize = 0; node < outputs; node += 4) {
    const slope = <f64>load<f32>(deltas + node);
    for (let k: usize = 0; k < inputs; k += 4, w += 4, m += 4, v += 4) {
      const gradient = slope * <f64>load<f32>(from + k);
      const mean = <f64>load<f32>(m) * beta1 + (1 - beta1) * gradient;
      const square = <f64>load<f32>(v) * beta2 + (1 - beta2) * gradient * gradient;
      store<f32>(m, <f32>mean);
      store<f32>(v, <f32>square);
      const change = (rate * (mean / meanShare)) / (sqrt(square / squareShare) + epsilon);
      store<f32>(w, <f32>(<f64>load<f32>(w) + change));
    }
    const mean = <f64>load<f32>(means + node), square = <f64>load<f32>(squares + node);
    store<f32>(means + node, <f32>(mean * beta1 + (1 - beta1) * slope));
    store<f32>(squares + node, <f32>(square * beta2 + (1 - beta2) * slope * slope));
    const change = (rate * (mean / meanShare)) / (sqrt(square / squareShare) + epsilon);
    store<f32>(biases + node, <f32>(<f64>load<f32>(biases + node) + change));
  }
}
