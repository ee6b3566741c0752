// tfjs-node: the data set as tensors, batches gathered from it, optimizer.minimize in tf.tidy. The low-level interface:
// model.fit of tf.layers adds its own bookkeeping to the same operations. TensorFlow uses THREADS threads; oneDNN is off,
// because it computes these products no faster.
const fs = require('node:fs');
const util = require('node:util');
const zlib = require('node:zlib');

const [folder, threads] = process.argv.slice(2);
process.env.TF_NUM_INTRAOP_THREADS = threads;
process.env.TF_CPP_MIN_LOG_LEVEL = '2';
process.env.TF_ENABLE_ONEDNN_OPTS = '0';
// Removed in Node 23, still called by tfjs-node 4.22.
util.isNullOrUndefined ??= (value) => value === null || value === undefined;
const tf = require('@tensorflow/tfjs-node');

function read(name) {
  const idx = (file, header) =>
    zlib.gunzipSync(fs.readFileSync(`${folder}/${name}-${file}.gz`)).subarray(header);
  const pixels = Float32Array.from(idx('images-idx3-ubyte', 16), (v) => (v / 255 - 0.1307) / 0.3081);
  const labels = tf.tensor1d(Int32Array.from(idx('labels-idx1-ubyte', 8)), 'int32');
  return { x: tf.tensor2d(pixels, [labels.size, 784]), labels };
}

const train = read('train');
const test = read('t10k');
const y = tf.oneHot(train.labels, 10).toFloat();

const sizes = [784, 256, 128, 10];
const layers = sizes.slice(1).map((outputs, l) => {
  const limit = sizes[l] ** -0.5;
  return [
    tf.variable(tf.randomUniform([sizes[l], outputs], -limit, limit)),
    tf.variable(tf.randomUniform([outputs], -limit, limit)),
  ];
});
const forward = (x) =>
  layers.reduce((h, [w, b], l) => {
    const z = h.matMul(w).add(b);
    return l < layers.length - 1 ? z.relu() : z;
  }, x);
const optimizer = tf.train.momentum(0.05, 0.9);

const began = performance.now();
const curve = [];
let accuracy = 0;
while (accuracy < 0.97 && curve.length < 10) {
  const order = Int32Array.from(tf.util.createShuffledIndices(60_000));
  for (let first = 0; first < 60_000; first += 512) {
    tf.tidy(() => {
      const rows = tf.tensor1d(order.subarray(first, first + 512), 'int32');
      const [batchX, batchY] = [train.x.gather(rows), y.gather(rows)];
      optimizer.minimize(() => tf.losses.softmaxCrossEntropy(batchY, forward(batchX)));
    });
  }
  accuracy = tf.tidy(() => forward(test.x).argMax(1).equal(test.labels).mean().dataSync()[0]);
  curve.push([performance.now() - began, accuracy]);
}
const [residentMs] = curve.at(-1);
console.log(JSON.stringify({ accuracy, residentMs, curve }));
process.exit(0);
