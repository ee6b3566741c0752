/**
 * FastMLP in @tensorflow/tfjs-node by itself: the data set as a tensor, optimizer.minimize, a step in one tidy. Tried
 * and no faster: tf.fused.matMul, a loss of logSoftmax, momentum written by hand, oneDNN. On `epoch` it trains one
 * epoch and evaluates nothing (for bench/tfjs.ts).
 * usage: node tfjs_node.cjs DATA_FOLDER THREADS PACKAGE_FOLDER   THREADS 0: TensorFlow uses all cores
 */
const util = require('node:util');
const { answer, initial, part, randomNumbers, runToTarget, shuffled, timeCalls } = require('./common.cjs');

const [dataFolder, threads, packageFolder] = process.argv.slice(2);
process.env.TF_CPP_MIN_LOG_LEVEL = '2';
process.env.TF_ENABLE_ONEDNN_OPTS ??= '0';
if (threads !== '0') process.env.TF_NUM_INTRAOP_THREADS = threads;
// Removed in Node 23, still called by tfjs-node 4.22.
util.isNullOrUndefined ??= (value) => value === null || value === undefined;
const tf = require(packageFolder);

const batch = 512;
const [train, test] = [part(dataFolder, 'train'), part(dataFolder, 't10k')];
const images = train.labels.length;
const xs = tf.tensor2d(train.pixels, [images, 784]);
const ys = tf.tidy(() => tf.oneHot(tf.tensor1d(Int32Array.from(train.labels), 'int32'), 10).cast('float32'));
const testXs = tf.tensor2d(test.pixels, [test.labels.length, 784]);
const testYs = tf.tensor1d(Int32Array.from(test.labels), 'int32');

function forward(layers, x) {
  return layers.reduce((h, [w, b], l) => {
    const z = h.matMul(w).add(b);
    return l < layers.length - 1 ? z.relu() : z;
  }, x);
}

/** Fresh parameters; `dispose` frees all that the run made. */
function start(seed) {
  const random = randomNumbers(seed);
  const layers = initial(random).map(({ inputs, outputs, weights, bias }) => [
    tf.variable(tf.tensor2d(weights, [inputs, outputs])),
    tf.variable(tf.tensor1d(bias)),
  ]);
  const optimizer = tf.train.momentum(0.05, 0.9);
  return {
    layers,
    train() {
      const order = shuffled(images, random);
      for (let first = 0; first < images; first += batch) {
        tf.tidy(() => {
          const at = tf.tensor1d(order.subarray(first, first + batch), 'int32');
          const [x, y] = [xs.gather(at), ys.gather(at)];
          optimizer.minimize(() => tf.losses.softmaxCrossEntropy(y, forward(layers, x)));
        });
      }
      layers[0][1].dataSync();
      return images;
    },
    evaluate: () =>
      tf.tidy(() => forward(layers, testXs).argMax(1).equal(testYs).sum().dataSync()[0] / testYs.size),
    dispose() {
      optimizer.dispose();
      tf.dispose(layers);
    },
  };
}

let resident;
let network;
answer(`${tf.version['tfjs-node'] ?? tf.version.tfjs}, TensorFlow ${tf.backend().binding.TF_Version}`, {
  async target(seed) {
    const run = start(seed);
    const result = await runToTarget(run);
    run.dispose();
    return result;
  },
  async infer(size, calls) {
    network ??= start(1);
    const x = testXs.slice(0, size);
    // Outside the tidy: it would look for tensors in every number that it returns.
    const result = await timeCalls(size, calls, () => {
      const logits = tf.tidy(() => forward(network.layers, x));
      const values = logits.dataSync();
      logits.dispose();
      return values;
    });
    x.dispose();
    return result;
  },
  epoch() {
    resident ??= start(1);
    const started = performance.now();
    resident.train();
    return { ms: performance.now() - started };
  },
});
