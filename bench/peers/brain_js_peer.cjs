/**
 * brain.js as in bench/peers/users/brain.js.cjs, kept open: `target` ends after 60 s at the latest and reports it.
 * `infer` runs image by image, because there are no batches; the outputs of its last sigmoids stand for logits.
 * usage: node brain_js_peer.cjs DATA_FOLDER THREADS PACKAGE_FOLDER   one thread for any THREADS
 */
const path = require('node:path');
const { answer, part, randomNumbers, shuffled, timeCalls } = require('./common.cjs');

const [dataFolder, , packageFolder] = process.argv.slice(2);
const brain = require(packageFolder);
const { version } = require(path.join(packageFolder, 'package.json'));

const [target, limitMs, portion] = [0.97, 60_000, 10_000];
const settings = { iterations: 1, learningRate: 0.3, momentum: 0.1, errorThresh: 1e-9 };
const newNetwork = () => new brain.NeuralNetwork({ hiddenLayers: [256, 128], activation: 'sigmoid' });

/** Inputs 0 to 1, as brain.js expects them: f32 [784]. */
function samples(name) {
  const { pixels, labels } = part(dataFolder, name);
  return Array.from(labels, (label, i) => ({
    input: pixels.subarray(784 * i, 784 * (i + 1)).map((v) => v * 0.3081 + 0.1307),
    output: Array.from({ length: 10 }, (_, k) => Number(k === label)),
    label,
  }));
}

const [train, test] = [samples('train'), samples('t10k')];

function hits(net) {
  return test.filter(({ input, label }) => {
    const output = net.run(input);
    return output.indexOf(Math.max(...output)) === label;
  }).length;
}

function run(seed) {
  const random = randomNumbers(seed);
  const net = newNetwork();
  const began = performance.now();
  const curve = [];
  let [trainMs, images, accuracy, order] = [0, 0, 0, null];
  while (accuracy < target && performance.now() - began < limitMs) {
    const first = images % train.length;
    const started = performance.now();
    if (first === 0) order = shuffled(train.length, random);
    net.train(
      Array.from(order.subarray(first, first + portion), (i) => train[i]),
      settings,
    );
    trainMs += performance.now() - started;
    images += portion;
    const now = hits(net) / test.length;
    curve.push([performance.now() - began, now]);
    accuracy = Math.max(accuracy, now);
  }
  const result = { ms: curve.at(-1)[0], trainMs, images, accuracy, epochs: images / train.length, curve };
  return accuracy < target ? { ...result, gaveUp: true } : result;
}

let network;
answer(version, {
  target: run,
  infer(size, calls) {
    if (network === undefined) {
      network = newNetwork();
      network.train(train.slice(0, 1), settings);
    }
    return timeCalls(size, calls, () => test.slice(0, size).map(({ input }) => network.run(input)));
  },
});
