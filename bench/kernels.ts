/**
 * Each kernel alone, on one core, at sizes of the shipped recipes. Arithmetic is given as GFLOP/s and as a share of the
 * rate of the dense kernel in the first-level cache, everything else as GB/s of its necessary reads and writes.
 */
import { activationCode, instantiateKernels, type Kernels } from '../dist/kernels/kernels.js';
import { Scratch } from '../dist/kernels/scratch.js';
import { alternate, loadedKernels, printed, shown, spread } from './harness.ts';
import { rate } from './rate.ts';
import { writeRecord } from './record.ts';

const rounds = 25;
const sampleMs = 4;
const none = Number.NEGATIVE_INFINITY;

interface KernelCase {
  readonly name: string;
  readonly unit: 'GFLOP/s' | 'GB/s';
  /** FLOP or bytes of a call. */
  readonly work: number;
  readonly call: () => void;
}

function sparseCases(kernels: Kernels, scratch: Scratch, width: 16 | 64): KernelCase[] {
  const [rows, features] = [64, 196];
  const shift = Math.log2(width * 4);
  const { locateArguments, bounds, values } = scratch.sparseRows(rows, features, shift);
  const nonZeros = values.reduce((count, value) => count + Number(value !== 0), 0);
  const weights = scratch.floats((features + 1) * width).pointer;
  const gradient = scratch.floats(features * width).pointer;
  const z = scratch.floats(rows * width).pointer;
  const d = scratch.floats(rows * width, 1e-6).pointer;
  const bias = weights + features * width * 4;
  kernels.locateRows(...locateArguments);
  const locate: KernelCase = {
    name: `locateRows ${rows}×${features}, half zeros`,
    unit: 'GB/s',
    work: nonZeros * 8,
    call: () => kernels.locateRows(...locateArguments),
  };
  return [
    ...(width === 64 ? [locate] : []),
    {
      name: `sparseForward${width} ${rows}×${features}×${width}`,
      unit: 'GFLOP/s',
      work: 2 * nonZeros * width,
      call: () => kernels[`sparseForward${width}`](bounds, 2, rows, weights, bias, z, rows * 64, 0),
    },
    {
      name: `sparseGradient${width} ${rows}×${features}×${width}`,
      unit: 'GFLOP/s',
      work: 2 * nonZeros * width,
      call: () => {
        for (const range of [0, 1])
          kernels[`sparseGradient${width}`](bounds, 2, range, rows, d, rows * 64, gradient);
      },
    },
  ];
}

/** C[rows][16] = A[rows][depth] · B[depth][16]. */
function matmulCase(
  kernels: Kernels,
  scratch: Scratch,
  words: string,
  rows: number,
  depth: number,
): KernelCase {
  const a = scratch.floats(rows * depth).pointer;
  const b = scratch.floats(depth * 16).pointer;
  const c = scratch.zeros(rows * 16).pointer;
  const init = scratch.zeros(16).pointer;
  return {
    name: `matmul16 ${words}, ${rows}×${depth}×16`,
    unit: 'GFLOP/s',
    work: 2 * rows * depth * 16,
    call: () => kernels.matmul16(rows, depth, a, rows * 64, b, c, 64, init, none),
  };
}

/** G[inputs][16] = A[rows][inputs]ᵀ · D[rows][16]. */
function outerCase(kernels: Kernels, scratch: Scratch, rows: number, inputs: number): KernelCase {
  const a = scratch.floats(rows * inputs).pointer;
  const d = scratch.floats(rows * 16).pointer;
  const c = scratch.zeros(inputs * 16).pointer;
  return {
    name: `outer16 ${rows}×${inputs}×16`,
    unit: 'GFLOP/s',
    work: 2 * rows * inputs * 16,
    call: () => kernels.outer16(rows, a, rows * 64, 0, inputs, d, c, 64),
  };
}

function otherCases(kernels: Kernels, scratch: Scratch): KernelCase[] {
  const [rows, width, features] = [512, 256, 784];
  const values = scratch.shorts(rows * features).pointer;
  const reals = scratch.floats(rows * features).pointer;
  const order = scratch.permutation(rows).pointer;
  const shift = scratch.floats(features).pointer;
  const inputs = scratch.zeros(rows * features).pointer;
  const panel = scratch.floats((features + 1) * 64).pointer;
  const biasOut = scratch.zeros(64).pointer;
  const z = scratch.floats(rows * width, 4).pointer;
  const a = scratch.floats(rows * width).pointer;
  const d = scratch.floats(rows * width).pointer;
  const logits = scratch.floats(rows * 16, 8).pointer;
  const labels = scratch.words(Array.from({ length: rows }, (_, i) => i % 10)).pointer;
  const lossSum = scratch.doubles(1).pointer;
  const sums = scratch.zeros(width).pointer;
  const count = features * 64;
  const [w, v, s, g] = [count, count, count, count].map((n) => scratch.floats(n, 1e-3).pointer);
  const transposed = scratch.zeros(256 * 128).pointer;
  const size = `${rows}×${width}`;
  const positive = scratch.floats(count).pointer;
  const bytes = (name: string, work: number, call: () => void): KernelCase => ({
    name,
    unit: 'GB/s',
    work,
    call,
  });
  return [
    bytes(`gatherRows ${rows}×${features}`, rows * features * 6, () =>
      kernels.gatherRows(values, order, rows, features, 0.01, shift, inputs, rows * 64),
    ),
    bytes(`gatherFloats ${rows}×${features}`, rows * features * 8, () =>
      kernels.gatherFloats(reals, order, rows, features, inputs, rows * 64),
    ),
    {
      name: `centredBias ${features}×64`,
      unit: 'GFLOP/s',
      work: 2 * features * 64,
      call: () => kernels.centredBias(panel, features, 64, shift, biasOut),
    },
    ...(['relu', 'tanh', 'gelu', 'sigmoid'] as const).flatMap((kind) => [
      bytes(`activate ${kind} ${size}`, rows * width * 8, () =>
        kernels.activate(activationCode[kind], z, a, rows * width),
      ),
      bytes(`activateBackward ${kind} ${size}`, rows * width * 12, () =>
        kernels.activateBackward(activationCode[kind], z, a, d, rows * width),
      ),
    ]),
    bytes(`softmaxCrossEntropy ${rows}×10`, rows * 16 * 8, () =>
      kernels.softmaxCrossEntropy(logits, rows * 64, rows, 10, labels, order, 0.1, 1, lossSum),
    ),
    bytes(`columnSum ${rows}×16`, rows * 64, () => kernels.columnSum(d, rows, sums)),
    bytes(`addInto ${count}`, count * 12, () => kernels.addInto(g, s, count)),
    bytes(`negativeOuter ${features}×64`, features * 64 * 4, () =>
      kernels.negativeOuter(shift, features, biasOut, 64, panel),
    ),
    bytes('transposeRows 256×16', 256 * 16 * 8, () =>
      kernels.transposeRows(panel, 0, 256, 16, 16, 128, transposed),
    ),
    bytes(`sgd ${count}`, count * 20, () => kernels.sgd(w, v, g, count, 1e-9, 0.9, 1, 0)),
    bytes(`adam ${count}`, count * 28, () =>
      kernels.adam(w, v, positive, g, count, 1e-9, 0.9, 0.999, 1e-8, 0, 1, 1, 1),
    ),
  ];
}

export default async function bench(): Promise<void> {
  const pages = 512;
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  const kernels = instantiateKernels(loadedKernels().modules.engine, memory);
  const scratch = new Scratch(memory, 1);
  const dense = matmulCase(kernels, scratch, 'in the first-level cache', 48, 128);
  const cases = [
    dense,
    matmulCase(kernels, scratch, 'forward', 512, 784),
    outerCase(kernels, scratch, 512, 784),
    ...sparseCases(kernels, scratch, 64),
    ...sparseCases(kernels, scratch, 16),
    ...otherCases(kernels, scratch),
  ];
  const taken = await alternate(
    cases.map((each) => ({ name: each.name, run: () => rate(each.work, each.call, sampleMs) })),
    { rounds, warmUp: 2 },
  );
  const spreads = cases.map(({ name }) => spread(taken.get(name)?.samples ?? []));
  const denseRate = spreads[0].median;
  const rows = cases.map(({ name, unit }, i) => [
    name,
    unit,
    shown(spreads[i]),
    unit === 'GFLOP/s' ? `${((100 * spreads[i].median) / denseRate).toFixed(0)} %` : '',
  ]);
  const heading = ['kernel', 'unit', 'median (min–max)', 'of dense rate'];
  await writeRecord('kernels', {
    bars: [],
    tables: [printed({ title: 'Kernels', rows: [heading, ...rows] })],
    samples: Object.fromEntries(cases.map(({ name, unit }, i) => [`${name}, ${unit}`, spreads[i].samples])),
  });
}
