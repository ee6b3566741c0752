/** Each kernel on random data against the float64 reference, at a small odd size; the tests use many sizes. */

import { unitWord } from '../numbers/counter-hash.js';
import { pow } from '../numbers/elementary.js';
import {
  type Check,
  type CheckResult,
  checking,
  maxOver,
  relativeError,
  selfTestSize,
  slotsError,
} from './check-errors.js';
import { checkSumRangeGradients } from './checks-expand.js';
import { inferenceChecks } from './checks-inference.js';
import { checkLars, checkRowSquares } from './checks-layerwise.js';
import { checkCounts, checkPoolImages } from './checks-samples.js';
import { checkPackShorts, checkSparseGradient } from './checks-sparse.js';
import { activationCode, type Kernels } from './kernels.js';
import { fromPanels, toPanels } from './panels.js';
import * as reference from './reference.js';

/** Runs every check; `memory` is overwritten from its start and must hold them (256 KiB suffice for the default). */
export function checkAll(kernels: Kernels, memory: WebAssembly.Memory, size = selfTestSize): CheckResult[] {
  return [...checking(Object.keys(checks) as (keyof Kernels)[], checks, kernels, memory, size)];
}

const checks: Record<keyof Kernels, Check> = {
  ...inferenceChecks,

  poolImages: checkPoolImages,
  countBytes: (kernels, scratch, size) => checkCounts(kernels, scratch, size, 'bytes'),
  countShorts: (kernels, scratch, size) => checkCounts(kernels, scratch, size, 'shorts'),
  packShorts: checkPackShorts,

  sparseGradient16: (kernels, scratch, size) => checkSparseGradient(kernels, scratch, size, 16),
  sparseGradient64: (kernels, scratch, size) => checkSparseGradient(kernels, scratch, size, 64),

  turnRows: (kernels, scratch, size) => checkSparseGradient(kernels, scratch, size, 64, true),
  sparseGather64: (kernels, scratch, size) => checkSparseGradient(kernels, scratch, size, 64, true),

  outer16(kernels, scratch, { rows, depth }) {
    const width = Math.ceil(depth / 16) * 16;
    const a = scratch.floats(rows * width);
    const d = scratch.floats(rows * 16);
    const c = scratch.zeros(depth * 16);
    const transposed = Float64Array.from({ length: depth * rows }, (_, i) => {
      const [input, row] = [Math.floor(i / rows), i % rows];
      return a.view[(Math.floor(input / 16) * rows + row) * 16 + (input % 16)];
    });
    const middle = depth > 16 ? 16 : 0;
    kernels.outer16(rows, a.pointer, rows * 64, 0, middle, d.pointer, c.pointer, 64);
    kernels.outer16(rows, a.pointer, rows * 64, middle, depth, d.pointer, c.pointer + middle * 64, 64);
    return relativeError(c.view, reference.matmul(transposed, d.view, depth, rows, 16));
  },

  activateBackward(kernels, scratch, { panels }) {
    const count = panels * 16;
    const z = scratch.floats(count, 6);
    const d = scratch.floats(count);
    const given = Float64Array.from(d.view);
    const a = scratch.zeros(count);
    return maxOver(['relu', 'tanh', 'gelu', 'sigmoid'] as const, (kind) => {
      a.view.set(z.view.map((x) => reference.activation(kind, x)));
      d.view.set(given);
      kernels.activateBackward(activationCode[kind], z.pointer, a.pointer, d.pointer, count);
      return relativeError(
        d.view,
        given.map((delta, i) => delta * reference.activationSlope(kind, z.view[i])),
      );
    });
  },

  /** Every bit of both words and of the place counts; the second panel of a layer. */
  dropout(kernels, scratch, { rows }) {
    const x = scratch.floats(rows * 16);
    const out = scratch.zeros(rows * 16);
    const words = [0x9d2c5680, 0xefc60123] as const;
    const place = 0x7ffffffd;
    const below = 0.3 * 2 ** 32 - 2 ** 31;
    kernels.dropout(x.pointer, out.pointer, rows, place, 16, ...words, below, 2);
    return relativeError(
      out.view,
      Array.from(x.view, (value, i) =>
        unitWord(words, place + Math.floor(i / 16), 16 + (i % 16)) < below ? 0 : 2 * value,
      ),
    );
  },

  /** What the kernel above drops, it drops; a kept value may be 0 or −0. */
  dropoutBackward(kernels, scratch, { rows }) {
    const x = scratch.floats(rows * 16);
    x.view.set([0, -0, 0, -0, 0, -0]);
    const words = [0x9d2c5680, 0xefc60123] as const;
    const below = -(2 ** 30);
    kernels.dropout(x.pointer, x.pointer, rows, 5, 0, ...words, below, 2);
    const d = scratch.floats(rows * 16);
    const expected = Array.from(d.view, (delta, i) =>
      unitWord(words, 5 + Math.floor(i / 16), i % 16) < below ? 0 : 2 * delta,
    );
    kernels.dropoutBackward(x.pointer, d.pointer, rows * 16, 2);
    return relativeError(d.view, expected);
  },

  softmaxCrossEntropy(kernels, scratch, { rows, classes }) {
    const width = Math.ceil(classes / 16) * 16;
    const given = scratch.floats(rows * width, 8).view.map((x, i) => (i % width < classes ? x : 0));
    const logits = scratch.zeros(rows * width);
    toPanels(given, rows, width, logits.view);
    const labels = scratch.words(Array.from({ length: rows }, () => Math.floor(scratch.random() * classes)));
    const order = scratch.permutation(rows);
    const lossSum = scratch.doubles(1);
    const smoothing = 0.1;
    const expected = Array.from({ length: rows }, (_, row) =>
      reference.crossEntropy(
        Array.from(given.subarray(row * width, row * width + classes)),
        labels.view[order.view[row]],
        smoothing,
      ),
    );
    const correct = kernels.softmaxCrossEntropy(
      logits.pointer,
      rows * 64,
      rows,
      classes,
      labels.pointer,
      order.pointer,
      smoothing,
      1 / rows,
      lossSum.pointer,
    );
    const deltas = expected.flatMap(({ delta }) => [
      ...delta.map((d) => d / rows),
      ...new Array<number>(width - classes).fill(0),
    ]);
    if (correct !== expected.filter((row) => row.correct).length) return Number.NaN;
    const total = expected.reduce((sum, row) => sum + row.loss, 0);
    const error = relativeError(fromPanels(logits.view, rows, width), deltas);
    return Math.max(error, relativeError(lossSum.view, [total]));
  },

  columnSum(kernels, scratch, { rows }) {
    const d = scratch.floats(rows * 16);
    const out = scratch.zeros(16);
    kernels.columnSum(d.pointer, rows, out.pointer);
    return relativeError(out.view, reference.matmul(new Float64Array(rows).fill(1), d.view, 1, rows, 16));
  },

  sumRangeGradients: checkSumRangeGradients,

  negativeOuter(kernels, scratch, { rows, panels }) {
    const shift = scratch.floats(rows);
    const v = scratch.floats(panels * 16);
    const out = scratch.zeros(rows * panels * 16);
    kernels.negativeOuter(shift.pointer, rows, v.pointer, panels * 16, out.pointer);
    return relativeError(
      out.view,
      reference.matmul(shift.view, v.view, rows, 1, panels * 16).map((x) => -x),
    );
  },

  /** In two parts, as two slices of a panel; a whole panel goes in squares, one with fewer outputs by single values. */
  transposeRows: (kernels, scratch, { depth, classes }) =>
    maxOver([Math.min(15, classes), 16], (outputs) => {
      const layerOutputs = outputs + 16;
      const panel = scratch.floats((depth + 1) * 16);
      const transposed = scratch.zeros(Math.ceil(depth / 16) * 16 * layerOutputs);
      const middle = depth > 16 ? 16 : 0;
      for (const [first, last] of [
        [0, middle],
        [middle, depth],
      ])
        kernels.transposeRows(panel.pointer, first, last, 16, outputs, layerOutputs, transposed.pointer);
      const expected = new Float64Array(transposed.view.length);
      for (let i = 0; i < depth; i++)
        for (let o = 0; o < outputs; o++)
          expected[(Math.floor(i / 16) * layerOutputs + 16 + o) * 16 + (i % 16)] = panel.view[i * 16 + o];
      return relativeError(transposed.view, expected);
    }),

  multiply(kernels, scratch, { panels }) {
    const x = scratch.floats(panels * 16);
    const expected = x.view.map((value) => value * 0.3);
    kernels.multiply(x.pointer, panels * 16, 0.3);
    return relativeError(x.view, expected);
  },

  sgd(kernels, scratch, { panels }) {
    const count = panels * 16;
    return maxOver([false, true], (nesterov) => {
      const settings = { learningRate: 0.1, momentum: 0.9, nesterov, weightDecay: 0.01 };
      const weights = scratch.floats(count);
      const velocity = scratch.floats(count);
      const gradient = scratch.floats(count);
      const expected = Array.from(weights.view, (w, i) =>
        reference.sgdStep(w, velocity.view[i], gradient.view[i], settings),
      );
      const slots = [weights.pointer, velocity.pointer, gradient.pointer] as const;
      kernels.sgd(...slots, count, 0.1, 0.9, Number(nesterov), 0.01);
      return slotsError([weights, velocity], expected);
    });
  },

  adam(kernels, scratch, { panels }) {
    const count = panels * 16;
    const t = 3;
    const corrections = [1 / (1 - pow(0.9, t)), 1 / Math.sqrt(1 - pow(0.999, t))] as const;
    return maxOver([false, true], (decoupled) => {
      const settings = {
        ...{ learningRate: 0.1, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
        ...{ weightDecay: 0.01, decoupled },
      };
      const weights = scratch.floats(count);
      const mean = scratch.floats(count);
      const square = scratch.floats(count);
      square.view.forEach((x, i) => {
        square.view[i] = x * x;
      });
      const gradient = scratch.floats(count);
      const expected = Array.from(weights.view, (w, i) =>
        reference.adamStep(w, mean.view[i], square.view[i], gradient.view[i], t, settings),
      );
      const slots = [weights.pointer, mean.pointer, square.pointer, gradient.pointer] as const;
      const [decay, keep] = decoupled ? [0, 1 - 0.1 * 0.01] : [0.01, 1];
      kernels.adam(...slots, count, 0.1, 0.9, 0.999, 1e-8, decay, ...corrections, keep);
      return slotsError([weights, mean, square], expected);
    });
  },

  lars: checkLars,
  rowSquares: checkRowSquares,
};
