/**
 * The sparse first layer on real images, with rows drawn at random, and shapes and memory as in a run of one thread.
 * The useful work, the products with non-zero pixels, is given as a share of the machine's peak.
 */

import { planFor } from '../../dist/coordinator/setup.js';
import { instantiateKernels } from '../../dist/kernels/kernels.js';
import { allocate } from '../../dist/memory/shared-memory.js';
import { Rng, shuffle } from '../../dist/numbers/rng.js';
import { fillMemory } from '../../dist/plan/fill-memory.js';
import { loadedKernels, setUp } from '../harness.ts';
import { measureRates, peakWork, type Rates, type Work } from './rates.ts';

/** Several batches in turn, so that no branch predictor learns the rows; together they fit the second-level cache. */
const [batches, rows] = [4, 256];
const pageBytes = 65536;

export const firstLayerForward = (recipe: string) => `${recipe}: forward`;

export async function measureFirstLayer(recipe: 'peers-sprint' | 'fastmlp'): Promise<Rates> {
  const setup = await setUp(recipe);
  const { data } = setup;
  const plan = planFor(setup, 1);
  const { input, regions, training, layers } = plan;
  const [layer] = layers;
  const ranges = input.rangeEnds.length;
  // After the plan's own memory: bounds of every batch, and columns of every batch in two tiles.
  const boundsBytes = rows * (ranges + 1) * 4;
  const endsBytes = Math.ceil((input.features + 1) / 4) * 16;
  const columnBytes = endsBytes + input.features * 129 * 8;
  const extra = pageBytes + batches * (boundsBytes + 2 * columnBytes) + 448;
  const memory = allocate(plan.bytes + Math.ceil(extra / pageBytes) * pageBytes);
  fillMemory(plan, data, memory);
  const kernels = instantiateKernels(loadedKernels().modules.engine, memory);
  const order = new Int32Array(memory.buffer, regions.order.offset, plan.parts.train.count).map((_, i) => i);
  const rng = new Rng(1);
  shuffle(order, rng);
  new Int32Array(memory.buffer, regions.order.offset, order.length).set(order);
  for (const [region, floats] of [
    [regions.parameters, plan.parameters],
    [training.deltas[0], rows * layer.width],
  ] as const)
    new Float32Array(memory.buffer, region.offset, floats).forEach((_, i, all) => {
      all[i] = rng.symmetric(0.1);
    });

  const bounds = (batch: number) => plan.bytes + batch * boundsBytes;
  const columns = (batch: number, tile: number) =>
    Math.ceil((plan.bytes + batches * boundsBytes) / 64) * 64 + (2 * batch + tile) * columnBytes;
  let nonZeros = 0;
  const words = new Uint32Array(memory.buffer);
  for (let batch = 0; batch < batches; batch++) {
    const at = regions.order.offset + batch * rows * 4;
    kernels.locateRows(plan.parts.train.starts.offset, at, rows, ranges, bounds(batch));
    for (const tile of [0, 1]) {
      const of = bounds(batch) + tile * 128 * (ranges + 1) * 4;
      const ends = columns(batch, tile);
      kernels.turnRows(of, ranges, 128, tile * 128, input.features, ends, ends + endsBytes);
    }
    for (let row = 0; row < rows; row++) {
      const [first, last] = [0, ranges].map((r) => words[bounds(batch) / 4 + row * (ranges + 1) + r] / 4);
      for (let word = first; word < last; word += 2) nonZeros += Number(words[word + 1] !== 0);
    }
  }

  const flop = (2 * nonZeros * layer.outputs) / batches;
  const panelWeights = (panel: number) =>
    regions.parameters.offset + (layer.offset + panel * layer.panelFloats) * 4;
  // One place for all panels, if each is applied at once.
  const sectionBytes = plan.gradientPlaceBytes === null ? layer.panelFloats * 4 : 0;
  const gradientOf = (panel: number) => regions.gradients.offset + panel * sectionBytes;
  /** The bias row: Σ δ, which the bench replaces by a constant. */
  const sumsOf = (panel: number) => gradientOf(panel) + input.features * 256;
  const { panelBytes } = training;
  let turn = 0;
  const overPanels = (name: string, call: (panel: number, batch: number) => void): Work => ({
    name,
    flop,
    call() {
      turn = (turn + 1) % batches;
      for (let panel = 0; panel < layer.panels; panel++) call(panel, turn);
    },
  });
  const deltas = (panel: number) => training.deltas[0].offset + panel * 4 * panelBytes;
  const works = [
    overPanels(firstLayerForward(recipe), (panel, batch) => {
      const weights = panelWeights(panel);
      const bias = weights + layer.inputs * 256;
      const z = training.activations[0].offset + panel * 4 * panelBytes;
      kernels.sparseForward64(bounds(batch), ranges, rows, weights, bias, z, panelBytes, 0);
    }),
    overPanels(`${recipe}: gradient, scattered${input.gathers ? '' : ' (used)'}`, (panel, batch) => {
      for (let range = 0; range < ranges; range++)
        kernels.sparseGradient64(
          bounds(batch),
          ranges,
          range,
          rows,
          deltas(panel),
          panelBytes,
          gradientOf(panel),
        );
    }),
    overPanels(`${recipe}: gradient, gathered${input.gathers ? ' (used)' : ''}`, (panel, batch) => {
      for (const tile of [0, 1])
        kernels.sparseGather64(
          columns(batch, tile),
          0,
          input.features,
          deltas(panel),
          panelBytes,
          gradientOf(panel),
          tile === 0 ? sumsOf(panel) : 0,
          regions.shift.offset,
        );
    }),
    {
      name: `${recipe}: rows into columns and gathered`,
      flop,
      call() {
        turn = (turn + 1) % batches;
        for (const tile of [0, 1]) {
          const of = bounds(turn) + tile * 128 * (ranges + 1) * 4;
          const ends = columns(turn, tile);
          kernels.turnRows(of, ranges, 128, tile * 128, input.features, ends, ends + endsBytes);
          for (let panel = 0; panel < layer.panels; panel++)
            kernels.sparseGather64(
              ends,
              0,
              input.features,
              deltas(panel),
              panelBytes,
              gradientOf(panel),
              tile === 0 ? sumsOf(panel) : 0,
              regions.shift.offset,
            );
        }
      },
    },
  ];
  const share = ((100 * nonZeros) / (batches * rows * input.features)).toFixed(0);
  const note = `${input.features}-${layer.outputs} on ${rows} images drawn at random, ${share} % of whose values are not zero; only these count as work. One core, in turn; median (min–max) of 25.`;
  const peak = peakWork(memory, Math.ceil((columns(batches, 0) + 64) / 64) * 64);
  return measureRates(`The first layer of ${recipe}`, note, peak, works);
}
