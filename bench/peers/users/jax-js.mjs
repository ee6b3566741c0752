// jax-js on its WebAssembly backend, the one available on Node: a whole step as one jitted function, weights as
// [outputs, inputs], the layout that its kernels read fastest. It distributes work over Web Workers, which Node lacks,
// so this runs on one thread for any THREADS.
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { grad, init, jit, nn, numpy as np, tree } from '@jax-js/jax';

const folder = process.argv[2];
await init('wasm');

function read(name) {
  const idx = (file, header) => gunzipSync(readFileSync(`${folder}/${name}-${file}.gz`)).subarray(header);
  const pixels = Float32Array.from(idx('images-idx3-ubyte', 16), (v) => (v / 255 - 0.1307) / 0.3081);
  return { pixels, labels: Int32Array.from(idx('labels-idx1-ubyte', 8)) };
}

function shuffled(count) {
  const order = Int32Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor(Math.random() * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

const train = read('train');
const test = read('t10k');

const sizes = [784, 256, 128, 10];
let parameters = sizes.slice(1).map((outputs, l) => {
  const uniform = (length) => Float32Array.from({ length }, () => (2 * Math.random() - 1) * sizes[l] ** -0.5);
  const weight = np.array(uniform(outputs * sizes[l])).reshape([outputs, sizes[l]]);
  return { weight, bias: np.array(uniform(outputs)) };
});
let velocity = tree.map((p) => np.zerosLike(p), tree.ref(parameters));

const forward = (params, x) =>
  params.reduce((h, { weight, bias }, l) => {
    const z = np.matmul(h, np.transpose(weight)).add(bias);
    return l < params.length - 1 ? nn.relu(z) : z;
  }, x);
const loss = (params, x, y) => {
  const scale = -1 / y.shape[0];
  return nn.logSoftmax(forward(params, x)).mul(nn.oneHot(y, 10)).sum().mul(scale);
};
const step = jit((params, velocities, x, y) => {
  const gradient = grad(loss)(tree.ref(params), x, y);
  const moved = tree.map((v, g) => v.mul(0.9).add(g), velocities, gradient);
  return [tree.map((p, v) => p.sub(v.mul(0.05)), params, tree.ref(moved)), moved];
});
const classify = jit((params, x) => np.argmax(forward(params, x), 1));

const testX = np.array(test.pixels).reshape([10_000, 784]);
const began = performance.now();
const curve = [];
let accuracy = 0;
while (accuracy < 0.97 && curve.length < 10) {
  const order = shuffled(60_000);
  for (let first = 0; first < 60_000; first += 512) {
    const rows = order.subarray(first, first + 512);
    const pixels = new Float32Array(rows.length * 784);
    rows.forEach((image, row) => {
      pixels.set(train.pixels.subarray(784 * image, 784 * (image + 1)), 784 * row);
    });
    const x = np.array(pixels).reshape([rows.length, 784]);
    const y = np.array(Int32Array.from(rows, (image) => train.labels[image]));
    [parameters, velocity] = step(parameters, velocity, x, y);
  }
  const guesses = await classify(tree.ref(parameters), testX.ref).data();
  accuracy = guesses.reduce((hits, k, i) => hits + (k === test.labels[i]), 0) / 10_000;
  curve.push([performance.now() - began, accuracy]);
}
const [residentMs] = curve.at(-1);
console.log(JSON.stringify({ accuracy, residentMs, curve }));
