/** The source of a network's inputs: rows of a workspace, and their targets. */
import type { PartName } from '../../data/dataset.js';
import type { Kernels } from '../../kernels/kernels.js';
import { entryBytes } from '../../kernels/sparse-rows.js';
import type { Plan, Workspace } from '../../plan/plan.js';
import type { Rows } from '../backend.js';
import { rowBytes } from './layer.js';

/**
 * Byte offsets: targets of a part, i32 or f32, and for each row the place of its target, i32. One object per source, valid
 * until its next rows.
 */
export interface RowTargets {
  targets: number;
  order: number;
}

export interface InputSource {
  /** Rows of the batch that starts at `firstSample` of the epoch's order. */
  batch(workspace: Workspace, firstSample: number, rows: Rows): RowTargets;
  /** Rows of a part, from sample `first`; `made`: byte offset of inputs made within the run. */
  evaluated(workspace: Workspace, part: PartName, first: number, rows: Rows, made: number): RowTargets;
}

/** Packed samples in memory. */
export class PackedSource implements InputSource {
  readonly #plan: Plan;
  readonly #kernels: Kernels;
  readonly #rowTargets: RowTargets = { targets: 0, order: 0 };

  constructor(plan: Plan, kernels: Kernels) {
    this.#plan = plan;
    this.#kernels = kernels;
  }

  batch(workspace: Workspace, firstSample: number, rows: Rows): RowTargets {
    const order = this.#plan.regions.order.offset + (firstSample + rows.first) * 4;
    return this.#fetch(workspace, 'train', order, rows);
  }

  evaluated(workspace: Workspace, part: PartName, first: number, rows: Rows): RowTargets {
    return this.#fetch(workspace, part, this.#plan.regions.identity.offset + first * 4, rows);
  }

  #fetch(workspace: Workspace, part: PartName, order: number, rows: Rows): RowTargets {
    fetchPacked(this.#plan, this.#kernels, workspace, part, order, rows);
    this.#rowTargets.targets = this.#plan.parts[part].targets.offset;
    this.#rowTargets.order = order;
    return this.#rowTargets;
  }
}

/**
 * Writes the samples listed at `order` (i32, one per row) to rows of the workspace: dense inputs, or the addresses of
 * sparse rows.
 */
export function fetchPacked(
  { input, regions, parts }: Plan,
  kernels: Kernels,
  workspace: Workspace,
  part: PartName,
  order: number,
  rows: Rows,
): void {
  const count = rows.last - rows.first;
  const { panelBytes } = workspace;
  const target = inputRow(workspace, rows.first);
  const values = parts[part].values.offset;
  if (input.packing === 'real') {
    kernels.gatherFloats(values, order, count, input.width, target, panelBytes);
    return;
  }
  if (input.entries > 0) {
    const { entries, bounds } = workspace;
    const ranges = input.rangeEnds.length;
    kernels.expandEntries(
      values,
      order,
      count,
      input.storedWidth * 4,
      regions.blocks.offset,
      regions.rangeEnds.offset,
      ranges,
      input.shiftBits,
      entries.offset + rows.first * (input.entries + ranges) * entryBytes,
      bounds.offset + rows.first * (ranges + 1) * 4,
    );
    return;
  }
  if (input.packing === 'encoded') {
    const { blocks } = regions;
    kernels.expandRows(values, order, count, input.storedWidth * 4, blocks.offset, target, panelBytes);
    return;
  }
  if (input.packing === 'dense') {
    kernels.gatherRows(
      values,
      order,
      count,
      input.width,
      input.scale,
      regions.shift.offset,
      target,
      panelBytes,
    );
    return;
  }
  const ranges = input.rangeEnds.length;
  const out = workspace.bounds.offset + rows.first * (ranges + 1) * 4;
  kernels.locateRows(parts[part].starts.offset, order, count, ranges, out);
}

/** The place of row `first` in a workspace's dense inputs. */
export function inputRow({ inputs }: Workspace, first: number): number {
  return inputs.offset + first * rowBytes;
}
