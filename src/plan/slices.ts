/**
 * Cuts the parameters into slices, each with one owner. A slice is some consecutive rows of one panel of one layer, so
 * it is contiguous in memory. Results do not depend on the cut: every element of a gradient is summed over the batch in
 * sample order, by any rank.
 */
import { biasFloats, stripFloats } from '../kernels/directions/direction-kernels.js';
import type { LayerLayout } from '../model/layers/layer.js';
import type { Slice } from '../model/slice.js';
import type { Units } from './plan-units.js';
import { type Shares, shardStart } from './shards.js';

/**
 * Bytes of a panel's weights that are used together while the batch streams past. Measured: 72 KiB beat 24, 48 and 250
 * for both 196-128-10 and 784-256-128-10. The first-level cache holds 32 or 48, but pixels near an edge are rarely
 * non-zero.
 */
const cachedBytes = 72 * 1024;

/** Slices wanted per thread, so that they can be distributed evenly. */
const slicesPerThread = 2;

/** The same for layers whose slices any rank may take, but none of fewer rows than that. */
const claimedPerThread = 8;
const fewestClaimedRows = 64;

/** Whether every thread owns the same number of whole panels of the layer. */
export function wholePanels(layer: LayerLayout, threads: number, shares: Shares): boolean {
  return shares === null && layer.panels % threads === 0;
}

/**
 * Ends of the feature ranges of a sparse first layer, ascending, the last one = features. Each range has about the same
 * number of non-zeros. There are enough ranges to fit the cache and for every thread to own some. `starts`: where alone a range may
 * begin, ascending; null: anywhere.
 */
export function cutFeatures(
  nonZeros: ArrayLike<number>,
  first: LayerLayout,
  threads: number,
  shares: Shares = null,
  starts: readonly number[] | null = null,
): number[] {
  const features = first.inputs;
  const forCache = Math.ceil((features * first.panelWidth * 4) / cachedBytes);
  const forThreads = wholePanels(first, threads, shares)
    ? 1
    : Math.ceil((slicesPerThread * threads) / first.panels);
  const ranges = Math.min(features, Math.max(forCache, forThreads));
  let total = 0;
  for (let p = 0; p < features; p++) total += nonZeros[p];
  const ends: number[] = [];
  let seen = 0;
  for (let p = 0; p < features && ends.length < ranges - 1; p++) {
    seen += nonZeros[p];
    if (seen * ranges >= total * (ends.length + 1) && seen > 0) ends.push(p + 1);
  }
  while (ends.length > 0 && ends[ends.length - 1] >= features) ends.pop();
  if (starts === null) return [...ends, features];
  const snapped = ends.map((end) => starts.findLast((start) => start <= end) ?? 0);
  return [...new Set(snapped.filter((end) => end > 0)), features];
}

/**
 * All slices, distributed over the ranks so that their estimated work is even (longest first). `balanced`: those of the
 * layers above the first are cut finer, because any rank may take them.
 */
export function planSlices(
  layers: readonly LayerLayout[],
  facts: { nonZeros: ArrayLike<number>; parts: { train: { count: number } } },
  rangeEnds: readonly number[],
  threads: number,
  batch: number,
  shares: Shares = null,
  balanced = false,
): Slice[][] {
  const units = layers.flatMap((layer, l) => {
    const sparse = (l === 0 || layer.kind === 'linear') && rangeEnds.length > 0;
    const whole = wholePanels(layer, threads, shares);
    const claimed = balanced && l > 0 && !sparse;
    const ends = claimed
      ? cutRows(layer, claimedPerThread * threads, fewestClaimedRows)
      : whole
        ? [layer.inputs]
        : sparse
          ? rangeEnds
          : cutRows(layer, slicesPerThread * threads);
    return Array.from({ length: layer.panels }, (_, panel) =>
      ends.map((end, range) => {
        const start = range === 0 ? 0 : ends[range - 1];
        const ranges = whole ? [0, rangeEnds.length] : [range, range + 1];
        const slice = makeSlice(layer, l, panel, start, end, sparse ? ranges : [0, 0]);
        return { slice, cost: sparse ? sparseCost(slice, layer, facts, batch) : slice.floats * batch };
      }),
    ).flat();
  });
  const owned = Array.from({ length: threads }, (_, rank) => ({
    ...{ cost: 0, slices: [] as Slice[] },
    speed: shares === null ? 1 : shares[rank + 1] - shares[rank],
  }));
  // With even shares the next slice costs every rank the same, so the rank with the least work gets it.
  const timeOf = (rank: { cost: number; speed: number }, more: number) =>
    shares === null ? rank.cost : (rank.cost + more) / rank.speed;
  for (const { slice, cost } of units.toSorted((a, b) => b.cost - a.cost)) {
    const owner = owned.reduce((least, rank) => (timeOf(rank, cost) < timeOf(least, cost) ? rank : least));
    owner.cost += cost;
    owner.slices.push(slice);
  }
  return owned.map(({ slices }) => slices.sort((a, b) => a.offset - b.offset));
}

/**
 * Softmax regression on feature blocks: its rows are strips of eight inputs, in even shares for the ranks. The bias
 * follows the last strip.
 */
export function planStripSlices(strips: number, threads: number, shares: Shares = null): Slice[][] {
  return Array.from({ length: threads }, (_, rank) => {
    const firstRow = shardStart(strips, threads, rank, 1, shares);
    const lastRow = shardStart(strips, threads, rank + 1, 1, shares);
    const bias = lastRow === strips && lastRow > firstRow;
    const floats = (lastRow - firstRow) * stripFloats + (bias ? biasFloats : 0);
    const slice = { layer: 0, panel: 0, firstRow, lastRow, bias, offset: firstRow * stripFloats, floats };
    return floats === 0 ? [] : [{ ...slice, firstRange: 0, lastRange: 0 }];
  });
}

/** By hidden units: whole panels of the first layer, and the rows of the second that their units feed. */
export function planUnitSlices(
  [hidden, output]: readonly LayerLayout[],
  ranges: number,
  ranks: readonly Units[],
): Slice[][] {
  return ranks.map(({ first, last }) => {
    if (first === last) return [];
    const { panelWidth } = hidden;
    const panels = Array.from({ length: Math.ceil((last - first) / panelWidth) }, (_, p) =>
      makeSlice(hidden, 0, first / panelWidth + p, 0, hidden.inputs, [0, ranges]),
    );
    const rows = Array.from({ length: output.panels }, (_, panel) =>
      makeSlice(output, 1, panel, first, last, [0, 0]),
    );
    return [...panels, ...rows];
  });
}

/** Row ranges of a dense layer: whole panels of 16 inputs, so that only the last has a remainder. */
function cutRows(layer: LayerLayout, slices: number, fewest = 16): number[] {
  const wanted = Math.ceil(slices / layer.panels);
  const rows = Math.max(fewest, Math.ceil(Math.ceil(layer.inputs / wanted) / 16) * 16);
  const ends = Array.from({ length: Math.ceil(layer.inputs / rows) }, (_, i) => (i + 1) * rows);
  ends[ends.length - 1] = layer.inputs;
  return ends;
}

function makeSlice(
  layer: LayerLayout,
  l: number,
  panel: number,
  firstRow: number,
  lastRow: number,
  [firstRange, lastRange]: readonly number[],
): Slice {
  const bias = lastRow === layer.inputs;
  const offset = layer.offset + panel * layer.panelFloats + firstRow * layer.panelWidth;
  return {
    layer: l,
    panel,
    firstRow,
    lastRow,
    bias,
    offset,
    // The slice with the bias also has the panel's padding, if any.
    floats: bias
      ? layer.offset + (panel + 1) * layer.panelFloats - offset
      : (lastRow - firstRow) * layer.panelWidth,
    firstRange,
    lastRange,
  };
}

function sparseCost(
  slice: Slice,
  layer: LayerLayout,
  facts: { nonZeros: ArrayLike<number>; parts: { train: { count: number } } },
  batch: number,
): number {
  let nonZeros = 0;
  for (let p = slice.firstRow; p < slice.lastRow; p++) nonZeros += facts.nonZeros[p];
  return ((nonZeros / facts.parts.train.count) * batch + slice.lastRow - slice.firstRow) * layer.panelWidth;
}
