// Runs TensorFlow.js layers models with @tensorflow/tfjs, without native code, as a browser would.
// Usage: node tfjs_reader.mjs PACKAGES FOLDER with cases.json: [{name, shape, classes, samples, tfjs}], for each case
// with tfjs NAME.f32, the expected logits, and NAME-tfjs/model.json. Prints one JSON object: for each name the largest
// difference of a logit as a share of max(1, |logit|), and of a sum of probabilities from 1.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const [packages, folder] = process.argv.slice(2);
const tf = createRequire(join(packages, 'x.js'))('@tensorflow/tfjs');
const floats = (bytes) =>
  new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
const samplesIn = (file) => {
  const bytes = readFileSync(join(folder, file));
  return file.endsWith('.u8') ? Float32Array.from(bytes) : floats(bytes);
};
const chunk = 1000;

await tf.setBackend('cpu');
const differences = {};
for (const { name, shape, classes, tfjs, samples } of JSON.parse(
  readFileSync(join(folder, 'cases.json'), 'utf8'),
)) {
  if (!tfjs) continue;
  const stored = JSON.parse(readFileSync(join(folder, `${name}-tfjs`, 'model.json'), 'utf8'));
  const [{ paths, weights }] = stored.weightsManifest;
  const weightData = floats(readFileSync(join(folder, `${name}-tfjs`, paths[0]))).buffer;
  const artifacts = await tf.io.getModelArtifactsForJSON(stored, async () => [weights, weightData]);
  const model = await tf.loadLayersModel(tf.io.fromMemory(artifacts));
  const logitsOnly = model.outputNames[0] === 'logits';
  const { output } = model.getLayer('logits');
  const both = tf.model({
    inputs: model.inputs,
    outputs: logitsOnly ? [output] : [output, ...model.outputs],
  });
  const images = samplesIn(samples);
  const expected = floats(readFileSync(join(folder, `${name}.f32`)));
  const pixels = shape.reduce((product, size) => product * size, 1);
  const count = expected.length / classes;
  let [logits, sums, other] = [0, 0, 0];
  for (let first = 0; first < count; first += chunk) {
    const rows = Math.min(chunk, count - first);
    const input = tf.tensor(images.subarray(first * pixels, (first + rows) * pixels), [rows, ...shape]);
    const results = [both.predict(input)].flat();
    const [got, shares] = results.map((tensor) => tensor.dataSync());
    for (let row = 0; row < rows; row++) {
      const at = row * classes;
      const wanted = expected.subarray(first * classes + at, first * classes + at + classes);
      const given = got.subarray(at, at + classes);
      wanted.forEach((value, k) => {
        logits = Math.max(logits, Math.abs(value - given[k]) / Math.max(1, Math.abs(value)));
      });
      other += Number(given.indexOf(Math.max(...given)) !== wanted.indexOf(Math.max(...wanted)));
      if (shares === undefined) continue;
      const sum = shares.subarray(at, at + classes).reduce((all, value) => all + value, 0);
      sums = Math.max(sums, Math.abs(sum - 1));
    }
    for (const tensor of [input, ...results]) tensor.dispose();
  }
  differences[name] = { logits, sums, classes: other, labels: model.getUserDefinedMetadata().labels };
}
console.log(JSON.stringify(differences));
