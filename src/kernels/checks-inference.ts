/** The kernels that a trained network calls, on random data against the float64 reference. */
import { type Check, type CheckResult, checking, maxOver, relativeError } from './check-errors.js';
import { checkExpandEntries, checkExpandRows, checkSumRanges } from './checks-expand.js';
import { checkActive, checkPackRows, checkSparseForward } from './checks-sparse.js';
import { activationCode, type InferenceKernel, inferenceKernels, type Kernels } from './kernels.js';
import { fromPanels } from './panels.js';
import * as reference from './reference.js';

/** Checks of a module of inference, one at a time; `memory` as for checkAll. A kernel that is missing throws. */
export const checkingInference = (kernels: Kernels, memory: WebAssembly.Memory): Generator<CheckResult> =>
  checking(inferenceKernels, inferenceChecks, kernels, memory);

export const inferenceChecks: Record<InferenceKernel, Check> = {
  packRows: checkPackRows,

  locateRows(kernels, scratch, size) {
    const sparse = scratch.sparseRows(size.rows, size.depth, 6);
    kernels.locateRows(...sparse.locateArguments);
    return relativeError(sparse.located(), sparse.values);
  },

  gatherRows(kernels, scratch, { rows, panels }) {
    const width = panels * 16;
    const values = scratch.shorts(rows * width);
    const shift = scratch.floats(width);
    const order = scratch.permutation(rows);
    const out = scratch.zeros(rows * width);
    const { pointer } = values;
    kernels.gatherRows(pointer, order.pointer, rows, width, 0.5, shift.pointer, out.pointer, rows * 64);
    const expected = Array.from({ length: rows * width }, (_, i) => {
      const column = i % width;
      const sample = order.view[(i - column) / width];
      return values.view[sample * width + column] * 0.5 - shift.view[column];
    });
    return relativeError(fromPanels(out.view, rows, width), expected);
  },

  gatherFloats(kernels, scratch, { rows, panels }) {
    const width = panels * 16;
    const values = scratch.floats(rows * width);
    const order = scratch.permutation(rows);
    const out = scratch.zeros(rows * width);
    kernels.gatherFloats(values.pointer, order.pointer, rows, width, out.pointer, rows * 64);
    const expected = Array.from({ length: rows * width }, (_, i) => {
      const column = i % width;
      return values.view[order.view[(i - column) / width] * width + column];
    });
    return relativeError(fromPanels(out.view, rows, width), expected);
  },

  expandRows: checkExpandRows,
  expandEntries: checkExpandEntries,
  sumRanges: checkSumRanges,

  /** The second width has 64 columns that are summed together, and others. */
  centredBias: (kernels, scratch, { depth, panels }) =>
    maxOver([panels * 16, 64 + panels * 16], (width) => {
      const weights = scratch.floats((depth + 1) * width);
      const shift = scratch.floats(depth);
      const out = scratch.zeros(width);
      kernels.centredBias(weights.pointer, depth, width, shift.pointer, out.pointer);
      const product = reference.matmul(shift.view, weights.view, 1, depth, width);
      return relativeError(
        out.view,
        product.map((sum, c) => weights.view[depth * width + c] - sum),
      );
    }),

  sparseForward16: (kernels, scratch, size) => checkSparseForward(kernels, scratch, size, 16),
  sparseForward64: (kernels, scratch, size) => checkSparseForward(kernels, scratch, size, 64),
  matmul16(kernels, scratch, { rows, depth }) {
    const width = Math.ceil(depth / 16) * 16;
    const a = scratch.floats(rows * width);
    const b = scratch.floats(depth * 16);
    const init = scratch.floats(16);
    const c = scratch.zeros(rows * 16);
    const left = fromPanels(a.view, rows, width).filter((_, i) => i % width < depth);
    return maxOver([Number.NEGATIVE_INFINITY, 0], (floor) => {
      kernels.matmul16(rows, depth, a.pointer, rows * 64, b.pointer, c.pointer, 64, init.pointer, floor);
      const expected = reference
        .matmul(left, b.view, rows, depth, 16)
        .map((sum, i) => Math.max(floor, sum + init.view[i % 16]));
      return relativeError(c.view, expected);
    });
  },

  packActive: checkActive,
  activeForward64: checkActive,

  activate(kernels, scratch, { panels }) {
    const z = scratch.floats(panels * 16, 6);
    const a = scratch.zeros(panels * 16);
    return maxOver(['relu', 'tanh', 'gelu', 'sigmoid'] as const, (kind) => {
      kernels.activate(activationCode[kind], z.pointer, a.pointer, a.view.length);
      return relativeError(
        a.view,
        Array.from(z.view, (x) => reference.activation(kind, x)),
      );
    });
  },

  addInto(kernels, scratch, { panels }) {
    const target = scratch.floats(panels * 16);
    const source = scratch.floats(panels * 16);
    const expected = target.view.map((x, i) => x + source.view[i]);
    kernels.addInto(target.pointer, source.pointer, panels * 16);
    return relativeError(target.view, expected);
  },
};
