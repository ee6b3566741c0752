// FastMLP in @tensorflow/tfjs-node by itself, as one writes it: the data set as a tensor, optimizer.minimize. Answers each
// line on stdin with the milliseconds of one epoch (60,000 images, shuffled), the last batch included.
// usage: node tfjs_node.cjs PACKAGE_FOLDER DATA_FOLDER [THREADS]   without THREADS TensorFlow takes all cores
const fs = require('node:fs');
const path = require('node:path');
const readline = require('node:readline');
const util = require('node:util');
const zlib = require('node:zlib');

const [packageFolder, dataFolder, threads] = process.argv.slice(2);
process.env.TF_CPP_MIN_LOG_LEVEL = '2';
process.env.TF_ENABLE_ONEDNN_OPTS ??= '0';
if (threads !== undefined) process.env.TF_NUM_INTRAOP_THREADS = threads;
// Removed in Node 23, still called by tfjs-node 4.22.
util.isNullOrUndefined ??= (value) => value === null || value === undefined;
const tf = require(packageFolder);

const [batch, images] = [512, 60000];
const sizes = [784, 256, 128, 10];

function idx(name, header) {
  return new Uint8Array(zlib.gunzipSync(fs.readFileSync(path.join(dataFolder, `${name}.gz`)))).subarray(
    header,
  );
}

const pixels = Float32Array.from(idx('train-images-idx3-ubyte', 16), (v) => (v / 255 - 0.1307) / 0.3081);
const labels = Int32Array.from(idx('train-labels-idx1-ubyte', 8));
const xs = tf.tensor2d(pixels, [images, 784]);
const ys = tf.tidy(() => tf.oneHot(tf.tensor1d(labels, 'int32'), 10).cast('float32'));
const layers = sizes.slice(1).map((outputs, i) => {
  const limit = sizes[i] ** -0.5;
  return [
    tf.variable(tf.randomUniform([sizes[i], outputs], -limit, limit, 'float32', i + 1)),
    tf.variable(tf.zeros([outputs])),
  ];
});
const optimizer = tf.train.momentum(0.05, 0.9);
const forward = (x) =>
  layers.reduce((h, [w, b], i) => {
    const z = h.matMul(w).add(b);
    return i < layers.length - 1 ? z.relu() : z;
  }, x);

function epoch() {
  const started = performance.now();
  const order = Int32Array.from(tf.util.createShuffledIndices(images));
  for (let first = 0; first < images; first += batch) {
    tf.tidy(() => {
      const at = tf.tensor1d(order.subarray(first, first + batch), 'int32');
      const [x, y] = [xs.gather(at), ys.gather(at)];
      optimizer.minimize(() => tf.losses.softmaxCrossEntropy(y, forward(x)));
    });
  }
  layers[0][1].dataSync();
  return performance.now() - started;
}

readline
  .createInterface(process.stdin)
  .on('line', () => console.log(epoch()))
  .on('close', () => process.exit(0));
console.log('ready');
