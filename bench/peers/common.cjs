/**
 * Shared by the JavaScript peers: MNIST, a run to the target, and a loop that answers every line on stdin with one
 * line of JSON.
 */
const fs = require('node:fs');
const path = require('node:path');
const readline = require('node:readline');
const zlib = require('node:zlib');

const [target, mostEpochs] = [0.97, 10];
const sizes = [784, 256, 128, 10];

/** pixels f32 [count · 784], normalised; labels u8 [count]. `name`: train or t10k. */
function part(folder, name) {
  const read = (file, header) =>
    new Uint8Array(zlib.gunzipSync(fs.readFileSync(path.join(folder, `${name}-${file}.gz`)))).subarray(
      header,
    );
  const pixels = Float32Array.from(read('images-idx3-ubyte', 16), (v) => (v / 255 - 0.1307) / 0.3081);
  return { pixels, labels: read('labels-idx1-ubyte', 8) };
}

/** Uniform numbers from a seed (mulberry32). */
function randomNumbers(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** nn.Linear's: weights f32 [inputs · outputs] and bias f32 [outputs] of each layer, uniform in ±1/√inputs. */
function initial(random) {
  return sizes.slice(1).map((outputs, l) => {
    const limit = sizes[l] ** -0.5;
    const draw = (length) => Float32Array.from({ length }, () => (2 * random() - 1) * limit);
    return { inputs: sizes[l], outputs, weights: draw(sizes[l] * outputs), bias: draw(outputs) };
  });
}

/** i32 [count], shuffled (Fisher and Yates). */
function shuffled(count, random) {
  const order = Int32Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

/**
 * Epochs until the target, from parameters already made. `train` returns when an epoch's updates are done, with how
 * many images it took; `evaluate` gives the accuracy on the test images.
 */
async function runToTarget({ train, evaluate }) {
  const began = performance.now();
  const curve = [];
  let [trainMs, images, accuracy] = [0, 0, 0];
  while (accuracy < target && curve.length < mostEpochs) {
    const started = performance.now();
    images += await train();
    trainMs += performance.now() - started;
    accuracy = await evaluate();
    curve.push([performance.now() - began, accuracy]);
  }
  return { ms: performance.now() - began, trainMs, images, accuracy, epochs: curve.length, curve };
}

/** Milliseconds of each of `calls` calls, after some that are not measured. */
async function timeCalls(batch, calls, infer) {
  for (let i = 0; i < (batch === 10000 ? 5 : 20); i++) await infer();
  const ms = [];
  for (let i = 0; i < calls; i++) {
    const started = performance.now();
    await infer();
    ms.push(performance.now() - started);
  }
  return { ms };
}

/** Says its version, then answers lines `command number …` until stdin ends. `commands`: functions of those numbers. */
async function answer(version, commands) {
  console.log(JSON.stringify({ version }));
  for await (const line of readline.createInterface(process.stdin)) {
    const [name, ...words] = line.trim().split(' ');
    const known = Object.keys(commands);
    const reply = known.includes(name)
      ? await commands[name](...words.map(Number))
      : { error: `expected one of ${known.join(', ')}, got ${JSON.stringify(name)}` };
    console.log(JSON.stringify(reply));
  }
  process.exit(0);
}

module.exports = { answer, initial, part, randomNumbers, runToTarget, shuffled, sizes, timeCalls };
