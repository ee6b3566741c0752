/** Softmax regression on feature blocks and products of components against float64: a section of the self-test. */
import type { Check, CheckedFeatures, CheckMemory } from './direction-checks.js';
import {
  type DirectionKernels,
  inputPlaces,
  mostClasses,
  stripFloats,
  stripIndex,
} from './direction-kernels.js';
import { projected } from './directions-reference.js';
import { writeLinearModel } from './linear-model.js';

const smoothing = 0.1;
const learningRate = 0.5;
const momentum = 0.9;

export function checkLinear(
  kernels: DirectionKernels,
  room: CheckMemory,
  checked: CheckedFeatures,
  check: Check,
): void {
  const { shape, images, blocks: x, labels, model } = checked;
  const { features, components, strips, vectorFloats } = shape;
  const places = inputPlaces(features, components);
  const inputs = standardised(checked);
  const weights = room.floats(vectorFloats);
  places.forEach((place, n) => {
    for (let k = 0; k < mostClasses; k++) weights[stripIndex(place, k)] = 0.1 * Math.sin(n * 3 + k * 7);
  });
  const velocity = room.floats(vectorFloats);
  const scratch = room.floats(160 + 16 * (features + components)).byteOffset;
  const deltas = room.floats(2 * 80);
  const totals = room.doubles(2);
  writeLinearModel(room.memory, model, {
    classes: mostClasses,
    smoothing,
    momentum,
    nesterov: 1,
    decay: 0,
    weights: weights.byteOffset,
    velocity: velocity.byteOffset,
    rows: room.floats(16 * features).byteOffset,
    projected: room.floats(16 * components).byteOffset,
    deltas: deltas.byteOffset,
  });

  const batch = [x.byteOffset, labels.byteOffset, 2] as const;
  kernels.propagate(model, ...batch, 0, 1 / images, scratch, totals.byteOffset);
  const judged = reference(weights, places, strips, inputs, labels, smoothing);
  const wanted = judged.deltas.map((delta) => delta / images);
  const delta = (i: number, k: number) => deltas[(i >> 3) * 80 + k * 8 + (i & 7)];
  check(
    'propagate',
    wanted.map((_, n) => delta(Math.floor(n / mostClasses), n % mostClasses)),
    wanted,
  );
  check('propagate', totals, [judged.loss, judged.hits]);

  // Rows in the layout of the engine's layers, in panels of 16.
  const panel = 16 * 16;
  const rows = room.floats(Math.ceil(features / 16) * panel);
  kernels.standardise(model, x.byteOffset, 2, scratch, rows.byteOffset, panel * 4);
  const standard = inputs.flatMap((row) => row.slice(0, features));
  check(
    'standardise',
    standard.map((_, n) => {
      const [i, f] = [Math.floor(n / features), n % features];
      return rows[Math.floor(f / 16) * panel + i * 16 + (f % 16)];
    }),
    standard,
  );

  const gradient = room.floats(vectorFloats);
  // In two pieces; the second begins among the products, if there are any.
  const cut = Math.floor(strips / 2);
  kernels.gradient(model, 0, 2, 0, cut, 0, gradient.byteOffset);
  const firstPart = gradient.slice(0, cut * 80);
  kernels.gradient(model, 0, 2, cut, strips, 1, gradient.byteOffset);
  check('gradient', gradient.subarray(0, cut * 80), firstPart);
  const pairs = places.flatMap((_, n) => Array.from({ length: mostClasses }, (__, k) => [n, k] as const));
  const slopes = pairs.map(([n, k]) =>
    inputs.reduce((sum, row, i) => sum + wanted[i * mostClasses + k] * row[n], 0),
  );
  check(
    'gradient',
    pairs.map(([n, k]) => gradient[stripIndex(places[n], k)]),
    slopes,
  );

  const folded = room.floats(vectorFloats);
  kernels.foldWeights(model, folded.byteOffset);
  kernels.logits(model, x.byteOffset, 2, folded.byteOffset, scratch);
  const t = new Float32Array(totals.buffer, scratch, 2 * stripFloats);
  const logitOf = (row: readonly number[], k: number) =>
    row.reduce(
      (sum, input, n) => sum + weights[stripIndex(places[n], k)] * input,
      weights[strips * stripFloats + k],
    );
  check(
    'logits',
    inputs.flatMap((_, i) => Array.from({ length: mostClasses }, (__, k) => t[k * 16 + i])),
    inputs.flatMap((row) => Array.from({ length: mostClasses }, (_, k) => logitOf(row, k))),
  );
  totals.fill(0);
  kernels.evaluate(model, ...batch, folded.byteOffset, scratch, totals.byteOffset);
  const plain = reference(weights, places, strips, inputs, labels, 0);
  check('evaluate', totals, [plain.loss, plain.hits]);

  const before = weights.slice();
  const rates = room.doubles(1);
  rates[0] = learningRate;
  const order = room.floats(8).byteOffset; // i32 zero: the one batch
  kernels.train(
    ...([model, x.byteOffset, labels.byteOffset, order, 1, 2, images, rates.byteOffset] as const),
    ...([scratch, totals.byteOffset, 16] as const),
  );
  // The first step of Nesterov momentum: g + momentum · g.
  check(
    'train',
    pairs.map(([n, k]) => weights[stripIndex(places[n], k)] - before[stripIndex(places[n], k)]),
    slopes.map((slope) => -learningRate * (1 + momentum) * slope),
  );
}

/** Inputs of the network by image: direction features standardised, products centred. */
function standardised(checked: CheckedFeatures): number[][] {
  const { shape, images, blocks, mean, scale, projection, centres } = checked;
  const { features, components } = shape;
  const places = inputPlaces(features, components).slice(features);
  return Array.from({ length: images }, (_, i) => {
    const x = (f: number) => blocks[((i >> 3) * features + f) * 8 + (i & 7)];
    const p = projected(projection, shape, x);
    const products = p.flatMap((a, k) => p.slice(k).map((b) => a * b));
    return [
      ...Array.from({ length: features }, (_, f) => (x(f) - mean[f]) * scale),
      ...products.map((value, n) => value + centres[places[n] - features]),
    ];
  });
}

/** Deltas (times the batch), loss sum and hits of the sample images. */
function reference(
  weights: Float32Array,
  places: readonly number[],
  strips: number,
  inputs: readonly (readonly number[])[],
  labels: Uint8Array,
  smooth: number,
) {
  const deltas: number[] = [];
  let [loss, hits] = [0, 0];
  inputs.forEach((row, i) => {
    const logits = Array.from({ length: mostClasses }, (_, k) =>
      row.reduce(
        (sum, value, n) => sum + weights[stripIndex(places[n], k)] * value,
        weights[strips * 80 + k],
      ),
    );
    const greatest = Math.max(...logits);
    const total = logits.reduce((sum, z) => sum + Math.exp(z - greatest), 0);
    logits.forEach((z, k) => {
      const target = smooth / mostClasses + (k === labels[i] ? 1 - smooth : 0);
      deltas.push(Math.exp(z - greatest) / total - target);
      loss -= target * (z - greatest - Math.log(total));
    });
    // The first of equal logits counts, as in argmax.
    if (logits.indexOf(greatest) === labels[i]) hits++;
  });
  return { deltas, loss, hits };
}
