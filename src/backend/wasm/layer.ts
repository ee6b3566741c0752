/**
 * A running layer, on one rank. A buffer with a row for each sample is in panels of 16 columns, f32 [width /
 * 16][rows][16]. A layer knows its own parameters and the buffers of a workspace between it and its neighbours.
 */
import type { Kernels } from '../../kernels/kernels.js';
import { withShortcut } from '../../model/network.js';
import type { Slice } from '../../model/slice.js';
import type { MaskOrigin } from '../../optim/dropout.js';
import type { Plan, Workspace } from '../../plan/plan.js';
import type { Units } from '../../plan/plan-units.js';
import type { RankRows } from '../../plan/rank-rows.js';
import type { Rows } from '../backend.js';

/** Bytes of a row within a panel: 16 floats. */
export const rowBytes = 64;

/** Every unit of a layer, for each method that takes some of them; these begin with a panel. */
export const allUnits: Units = { first: 0, last: Number.POSITIVE_INFINITY };

export interface LayerRuntime {
  /**
   * Called before the forward pass of a rank's rows of a batch, while their inputs are in the cache. `place`: see
   * Columns.
   */
  receive(rows: Rows, ranks: RankRows, place: number): void;

  /**
   * From the layer's inputs to the activations of its units, by default all, rows of a workspace. `masks`: of the units
   * left out of a step; null: none are.
   */
  forward(workspace: Workspace, rows: Rows, masks: MaskOrigin | null, units?: Units): void;

  /**
   * Of an output layer: the part of its outputs that comes from some of its inputs, with the bias if the last input is
   * one of them. `out`: byte offset of a buffer like the workspace's outputs.
   */
  contribute(workspace: Workspace, rows: Rows, inputs: Units, out: number): void;

  /**
   * In the training workspace: from the deltas of the activations of some units to those of their sums, and to the
   * deltas of some units of the layer below.
   */
  backward(rows: Rows, units: Units, below: Units): void;

  /** Writes the slice's gradient over `rows` of the batch to byte offset `target`. */
  gradient(slice: Slice, rows: Rows, target: number): void;

  /** Recomputes everything derived from the slice's parameters. */
  derive(slice: Slice): void;
}

/** The arguments for opening a layer. */
export interface LayerSite {
  readonly plan: Plan;
  readonly kernels: Kernels;
  readonly memory: WebAssembly.Memory;
  /** Index of the layer in the network. */
  readonly index: number;
  readonly rank: number;
  /** Byte offsets of this rank's scratch: a centred bias, a row of bias sums, 16 zeros. */
  readonly scratch: RankScratch;
}

export interface RankScratch {
  readonly centredBias: number;
  readonly biasSums: number;
  readonly zeros: number;
  /** f64, see the loss. */
  readonly lossSum: number;
}

/** Floats of scratch per rank: see RankScratch; the first two are as wide as the widest layer. */
export function scratchOf(plan: Plan, rank: number): RankScratch {
  const { regions, scratchFloats } = plan;
  const start = regions.scratch.offset + rank * scratchFloats * 4;
  const widest = Math.max(...withShortcut(plan).map(({ width }) => width)) * 4;
  const zeros = start + 2 * widest;
  return { centredBias: start, biasSums: start + widest, zeros, lossSum: zeros + 64 };
}

/** The gradient of the outputs replaces them, so the last layer's deltas are at the place of its activations. */
export function deltasOf({ layers, training }: Plan, index: number): number {
  return (index === layers.length - 1 ? training.activations[index] : training.deltas[index]).offset;
}
