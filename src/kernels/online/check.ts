/** The self-test of the wide kernel: a short training with both kernels gives the same weights. */
import { Rng } from '../../numbers/rng.js';
import type { OnlineKernels } from './load.js';
import { type OnlineKind, type OnlineLayer, OnlineMemory } from './memory.js';

/** One block and a part of one; widths that are no multiples of a panel. */
const [sizes, samples] = [[21, 35, 18, 3], 45];

/** The largest difference of a weight, relative to the largest weight. */
export function checkWide(open: (kind: OnlineKind, memory: WebAssembly.Memory) => OnlineKernels): number {
  const [exact, wide] = (['exact', 'wide'] as const).map((kind) => trained(kind, open));
  let [difference, largest] = [0, 0];
  for (const [l, layer] of exact.entries())
    for (const name of ['weights', 'biases', 'changes'] as const)
      for (const [i, value] of layer[name].entries()) {
        largest = Math.max(largest, Math.abs(value));
        const apart = Math.abs(value - wide[l][name][i]);
        // NaN is larger than any.
        if (!(apart <= difference)) difference = apart;
      }
  return difference / largest;
}

function trained(
  kind: OnlineKind,
  open: (kind: OnlineKind, memory: WebAssembly.Memory) => OnlineKernels,
): OnlineLayer[] {
  const rng = new Rng(1);
  const random = (count: number) => Float32Array.from({ length: count }, () => rng.symmetric(0.5));
  const layers = sizes.slice(1).map((outputs, l) => ({
    ...{ inputs: sizes[l], outputs, weights: random(outputs * sizes[l]), biases: random(outputs) },
    ...{ changes: random(outputs * sizes[l]).map((change) => change / 100), adam: null },
  }));
  const settings = { activation: 'sigmoid', leakyReluAlpha: 0.01, learningRate: 0.3, adam: null } as const;
  const memory = new OnlineMemory(kind, layers, samples, { ...settings, momentum: 0.4 }, 0);
  for (let i = 0; i < samples; i++) {
    for (let k = 0; k < sizes[0]; k++)
      memory.inputs[i * memory.inputStride + k] = Math.max(0, rng.symmetric(1));
    for (let k = 0; k < 3; k++) memory.targets[i * memory.targetStride + k] = Math.abs(rng.symmetric(1));
  }
  const kernels = open(kind, memory.memory);
  kernels.passes(memory.net, samples, 2, 0, true);
  memory.read();
  return layers;
}
