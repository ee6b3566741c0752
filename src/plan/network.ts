/**
 * The layout of a network: its parameters with the values derived from them, and the buffers that rows pass through.
 */
import type { Region, Take } from '../memory/arena.js';
import type { LayerLayout } from '../model/layers/layer.js';
import { columnBytes } from './shards.js';

/**
 * Buffers for the rows of a batch (or of an evaluation chunk) on their way through the network. A buffer with a row for
 * each sample is in panels of 16 columns, f32 [width / 16][rows][16]; as a matrix, [rows][width].
 */
export interface Workspace {
  readonly rows: number;
  /** From one panel to the next. */
  readonly panelBytes: number;
  /** Dense inputs, f32. Sparse rows are read in place, except by backends that need matrices. */
  readonly inputs: Region;
  /** Of rows of a table that become sparse rows in the step: their entries, {u32, f32} [rows][…]. */
  readonly entries: Region;
  /** Sparse: [rows][ranges + 1] addresses. */
  readonly bounds: Region;
  /** Per layer; the last one holds the outputs, then their gradient. */
  readonly activations: readonly Region[];
  /** Per hidden layer: the gradient of the loss with respect to its pre-activations. */
  readonly deltas: readonly Region[];
  /** Per hidden layer: pre-activations of GELU; with dropout, values of tanh and sigmoid before it; else none. */
  readonly preActivations: readonly Region[];
  /** The shortcut's part of the outputs, then the gradient of the outputs; null without a shortcut. */
  readonly shortcut: Region | null;
}

/**
 * parameters, gradients: vectors as long as the parameters (gradients: or a place for one slice of each rank, see
 * Plan); centredBias: f32 [width of the first layer]; columns: tiles
 * of the batch's sparse rows turned into columns; scratch: f32 rows per rank.
 */
export interface NetworkRegions {
  readonly parameters: Region;
  readonly gradients: Region;
  readonly centredBias: Region;
  readonly columns: Region;
  readonly scratch: Region;
}

export interface NetworkSizes {
  readonly layers: readonly LayerLayout[];
  readonly threads: number;
  /** The most rows of a batch that one rank may have. */
  readonly mostRows: number;
  readonly features: number;
  /** Ranges of them in sparse rows. */
  readonly ranges: number;
  readonly vectorBytes: number;
  readonly gradientBytes: number;
  /** Sets of tiles of the batch's sparse rows turned into columns; 0 if they are not. */
  readonly columnPlaces: 0 | 1 | 2;
  readonly scratchFloats: number;
}

export function planParameters(take: Take, sizes: NetworkSizes): NetworkRegions {
  const { threads, mostRows, features, ranges, vectorBytes, gradientBytes, columnPlaces } = sizes;
  const { layers, scratchFloats } = sizes;
  return {
    parameters: take(vectorBytes),
    gradients: take(gradientBytes),
    centredBias: take(layers[0].width * 4),
    columns: take(columnPlaces * columnBytes(features, ranges, threads, mostRows)),
    scratch: take((threads + 1) * scratchFloats * 4),
  };
}

/** Floats of scratch per rank: a centred bias and a row of bias sums for the widest layer, a zero row, a sum of losses. */
export function scratchFloatsOf(layers: readonly LayerLayout[]): number {
  return 2 * Math.max(...layers.map((layer) => layer.width)) + 64;
}

export interface WorkspaceSizes {
  readonly layers: readonly LayerLayout[];
  readonly shortcut: LayerLayout | null;
  /** Floats of a dense row of inputs; 0 if rows of inputs are not needed. */
  readonly inputWidth: number;
  /** Sparse: feature ranges. */
  readonly ranges: number;
  /** Bytes of a row's entries; 0 if they are none or packed. */
  readonly entryBytes: number;
  readonly keepsSums: boolean;
  /** Whether there are rows: softmax regression on feature blocks has none. */
  readonly hasRows: boolean;
}

export function planWorkspace(
  take: Take,
  { layers, shortcut, inputWidth, ranges, entryBytes, keepsSums, hasRows }: WorkspaceSizes,
  rows: number,
  training: boolean,
): Workspace {
  const hidden = layers.slice(0, -1);
  const perLayer = (list: readonly LayerLayout[]) =>
    list.map((layer) => take(hasRows ? rows * layer.width * 4 : 0));
  return {
    rows,
    panelBytes: rows * 64,
    inputs: take(rows * inputWidth * 4),
    // A kernel writes up to 16 bytes after the last entry.
    entries: take(entryBytes === 0 ? 0 : rows * entryBytes + 16),
    bounds: take(rows * (ranges + 1) * 4),
    activations: perLayer(layers),
    deltas: training ? perLayer(hidden) : [],
    preActivations: keepsSums ? perLayer(hidden) : [],
    shortcut: shortcut && take(rows * shortcut.width * 4),
  };
}

/**
 * Per layer what is derived from its weights: from the second layer on they are transposed, f32 [⌈inputs/16⌉][outputs][16]; of a
 * first layer on entries of rows of a table they are summed over ranges, in the places of the weights.
 */
export function planDerived(take: Take, layers: readonly LayerLayout[], sums: boolean): (Region | null)[] {
  return layers.map((layer, l) => {
    if (l > 0) return take(Math.ceil(layer.inputs / 16) * layer.outputs * 64);
    return sums ? take(layer.panels * layer.panelFloats * 4) : null;
  });
}
