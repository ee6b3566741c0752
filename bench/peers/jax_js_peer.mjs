/**
 * FastMLP in jax-js: a whole step (gradient and momentum) as one jitted function, on its WebAssembly backend, the one
 * available on Node. There is no lax.scan for an epoch. Weights are [outputs, inputs]: its kernels then read both
 * operands along rows. Tried and slower: gradient and update jitted separately (2×), the update or all of it eager
 * (2.3×). It distributes work over Web Workers if it finds them. Node has none, so with THREADS > 1 this program
 * supplies them.
 * usage: node jax_js_peer.mjs DATA_FOLDER THREADS PACKAGE_FOLDER
 */
import { resolveObjectURL } from 'node:buffer';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Worker as NodeWorker } from 'node:worker_threads';
import common from './common.cjs';

const { answer, initial, part, randomNumbers, runToTarget, shuffled, timeCalls } = common;
const [dataFolder, threads, packageFolder] = process.argv.slice(2);

/** The members of a Web Worker that jax-js uses: construction from a blob, messages and errors. */
class WebWorker {
  #worker;

  constructor(url) {
    this.#worker = resolveObjectURL(`${url}`)
      .text()
      .then((source) => {
        const worker = new NodeWorker(`${WebWorker.scope}${source}`, { eval: true });
        worker.on('message', (data) => this.onmessage?.({ data }));
        worker.on('error', (error) => this.onerror?.(error));
        return worker;
      });
  }

  static scope = `
    const { parentPort } = require('node:worker_threads');
    globalThis.self = globalThis;
    globalThis.postMessage = (data) => parentPort.postMessage(data);
    parentPort.on('message', (data) => self.onmessage({ data }));`;

  async postMessage(data) {
    (await this.#worker).postMessage(data);
  }
}

if (threads !== '1') {
  globalThis.Worker = WebWorker;
  // The number of workers that jax-js starts.
  Object.defineProperty(navigator, 'hardwareConcurrency', { value: Number(threads) });
}
const { version, exports } = JSON.parse(readFileSync(join(packageFolder, 'package.json'), 'utf8'));
const entry = pathToFileURL(join(packageFolder, exports['.'].import)).href;
const { blockUntilReady, grad, init, jit, nn, numpy: np, tree } = await import(entry);
await init('wasm');

const batch = 512;
const [train, test] = [part(dataFolder, 'train'), part(dataFolder, 't10k')];
const images = train.labels.length;

function forward(parameters, x) {
  return parameters.reduce((h, { weight, bias }, l) => {
    const z = np.matmul(h, np.transpose(weight)).add(bias);
    return l < parameters.length - 1 ? nn.relu(z) : z;
  }, x);
}

function loss(parameters, x, y) {
  const [rows] = y.shape;
  return nn
    .logSoftmax(forward(parameters, x))
    .mul(nn.oneHot(y, 10))
    .sum()
    .mul(-1 / rows);
}

const step = jit((parameters, velocity, x, y) => {
  const gradient = grad(loss)(tree.ref(parameters), x, y);
  const moved = tree.map((v, g) => v.mul(0.9).add(g), velocity, gradient);
  return [tree.map((p, v) => p.sub(v.mul(0.05)), parameters, tree.ref(moved)), moved];
});
const classes = jit((parameters, x) => np.argmax(forward(parameters, x), 1));
const logits = jit(forward);

const testXs = np.array(test.pixels).reshape([test.labels.length, 784]);

/** Fresh parameters; `dispose` frees them. */
function start(seed) {
  const random = randomNumbers(seed);
  let parameters = initial(random).map(({ inputs, outputs, weights, bias }) => ({
    weight: np.array(weights).reshape([outputs, inputs]),
    bias: np.array(bias),
  }));
  let velocity = tree.map((p) => np.zerosLike(p), tree.ref(parameters));
  return {
    parameters: () => tree.ref(parameters),
    async train() {
      const order = shuffled(images, random);
      for (let first = 0; first < images; first += batch) {
        const at = order.subarray(first, first + batch);
        const pixels = new Float32Array(at.length * 784);
        at.forEach((image, row) => {
          pixels.set(train.pixels.subarray(image * 784, (image + 1) * 784), row * 784);
        });
        const labels = Int32Array.from(at, (image) => train.labels[image]);
        const x = np.array(pixels).reshape([at.length, 784]);
        [parameters, velocity] = step(parameters, velocity, x, np.array(labels));
        await blockUntilReady(tree.ref(parameters));
      }
      return images;
    },
    async evaluate() {
      const guesses = await classes(tree.ref(parameters), testXs.ref).data();
      return guesses.reduce((hits, k, i) => hits + (k === test.labels[i]), 0) / test.labels.length;
    },
    dispose: () => tree.dispose([parameters, velocity]),
  };
}

let network;
await answer(version, {
  async target(seed) {
    const run = start(seed);
    const result = await runToTarget(run);
    run.dispose();
    return result;
  },
  async infer(size, calls) {
    network ??= start(1);
    const x = np.array(test.pixels.slice(0, size * 784)).reshape([size, 784]);
    const result = await timeCalls(size, calls, () => logits(network.parameters(), x.ref).data());
    x.dispose();
    return result;
  },
});
