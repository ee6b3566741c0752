/**
 * The engine's kernels, wrapped so that each call reports its phase to the recorder. So a backend's single call of
 * `propagate` is divided by layer. The address of the weights decides the layer of a product.
 */

import type { Kernels } from '../kernels/kernels.js';
import { withShortcut } from '../model/network.js';
import type { Plan } from '../plan/plan.js';
import { unitsPerBlock } from '../plan/plan-units.js';
import { backwardNumber, forwardNumber, phaseNumber } from './phases.js';
import type { PhaseRecorder } from './recorder.js';

/** Byte offset of the first weights of a panel, or of a block of units, that a product reads → number of the phase. */
function productPhases(plan: Plan): Map<number, number> {
  const { regions, derived, units } = plan;
  const phases = new Map<number, number>();
  withShortcut(plan).forEach((layer, l) => {
    const rows = units !== null && l > 0 ? unitsPerBlock : layer.inputs;
    for (let panel = 0; panel < layer.panels; panel++)
      for (let row = 0; row < layer.inputs; row += rows) {
        const float = layer.offset + panel * layer.panelFloats + row * layer.panelWidth;
        phases.set(regions.parameters.offset + float * 4, forwardNumber(l));
      }
    const back = derived[l] ?? null;
    if (l === 0 && back !== null)
      for (let panel = 0; panel < layer.panels; panel++)
        phases.set(back.offset + panel * layer.panelFloats * 4, forwardNumber(0));
    if (l === 0 || back === null) return;
    // Deltas of the layer below: panels of its outputs, [⌈inputs / 16⌉][outputs][16].
    for (let panel = 0; panel * 16 < layer.inputs; panel++)
      phases.set(back.offset + panel * layer.outputs * 64, backwardNumber(l));
  });
  return phases;
}

/** Kernels without a phase of their own (activations, sums, copies) belong to the phase in which they are called. */
export function profiledKernels(kernels: Kernels, plan: Plan, recorder: PhaseRecorder): Kernels {
  const products = productPhases(plan);
  const first = forwardNumber(0);
  return {
    ...kernels,
    locateRows(starts, order, rows, ranges, bounds) {
      recorder.enter(phaseNumber.gather);
      return kernels.locateRows(starts, order, rows, ranges, bounds);
    },
    gatherRows(values, order, rows, width, scale, shift, out, panel) {
      recorder.enter(phaseNumber.gather);
      kernels.gatherRows(values, order, rows, width, scale, shift, out, panel);
    },
    gatherFloats(values, order, rows, width, out, panel) {
      recorder.enter(phaseNumber.gather);
      kernels.gatherFloats(values, order, rows, width, out, panel);
    },
    expandRows(values, order, rows, stride, blocks, out, panel) {
      recorder.enter(phaseNumber.gather);
      kernels.expandRows(values, order, rows, stride, blocks, out, panel);
    },
    expandEntries(values, order, rows, stride, blocks, ends, ranges, shift, entries, bounds) {
      recorder.enter(phaseNumber.gather);
      kernels.expandEntries(values, order, rows, stride, blocks, ends, ranges, shift, entries, bounds);
    },
    turnRows(bounds, ranges, rows, row, features, columns, out) {
      recorder.enter(phaseNumber.gather);
      kernels.turnRows(bounds, ranges, rows, row, features, columns, out);
    },
    sparseForward16(bounds, ranges, rows, weights, bias, z, zPanel, floor) {
      recorder.enter(products.get(weights) ?? first);
      kernels.sparseForward16(bounds, ranges, rows, weights, bias, z, zPanel, floor);
    },
    sparseForward64(bounds, ranges, rows, weights, bias, z, zPanel, floor) {
      recorder.enter(products.get(weights) ?? first);
      kernels.sparseForward64(bounds, ranges, rows, weights, bias, z, zPanel, floor);
    },
    matmul16(rows, depth, a, aPanel, b, c, cRow, init, floor) {
      const phase = products.get(b);
      if (phase !== undefined) recorder.enter(phase);
      kernels.matmul16(rows, depth, a, aPanel, b, c, cRow, init, floor);
    },
    softmaxCrossEntropy(logits, panel, rows, classes, labels, order, smoothing, scale, lossSum) {
      recorder.enter(phaseNumber.loss);
      return kernels.softmaxCrossEntropy(
        logits,
        panel,
        rows,
        classes,
        labels,
        order,
        smoothing,
        scale,
        lossSum,
      );
    },
  };
}
