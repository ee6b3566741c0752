/**
 * A fully connected first layer with sparse rows as inputs. The rows are read in place, by feature ranges. Centring is
 * a bias that represents the shift, and a rank-1 correction of the gradient: Σ (x − μ) δᵀ = Σ x δᵀ − μ (Σ δ)ᵀ. Entries of rows of a
 * table multiply the sums of the weights of ranges, which are derived from the weights, and their gradient is turned back.
 */
import type { Kernels } from '../../kernels/kernels.js';
import type { LayerLayout } from '../../model/layers/layer.js';
import type { Slice } from '../../model/slice.js';
import type { MaskOrigin } from '../../optim/dropout.js';
import type { Plan, Workspace } from '../../plan/plan.js';
import type { Units } from '../../plan/plan-units.js';
import type { RankRows } from '../../plan/rank-rows.js';
import type { Rows } from '../backend.js';
import { Activation } from './activation.js';
import { Columns } from './columns.js';
import {
  allUnits,
  deltasOf,
  type LayerRuntime,
  type LayerSite,
  type RankScratch,
  rowBytes,
} from './layer.js';

export class SparseLayer implements LayerRuntime {
  readonly #plan: Plan;
  readonly #kernels: Kernels;
  readonly #rank: number;
  readonly #layer: LayerLayout;
  readonly #activation: Activation;
  readonly #columns: Columns;
  readonly #scratch: RankScratch;
  readonly #deltas: number;
  /** The rows of all ranks in the present batch. */
  #ranks: RankRows | null = null;

  constructor({ plan, kernels, memory, rank, scratch }: LayerSite) {
    this.#plan = plan;
    this.#kernels = kernels;
    this.#rank = rank;
    this.#layer = plan.layers[0];
    this.#activation = new Activation(plan, kernels, memory, 0);
    this.#columns = new Columns(plan, kernels);
    this.#scratch = scratch;
    this.#deltas = deltasOf(plan, 0);
  }

  /** The products evict the rows from the cache, so they are turned into columns first. */
  receive(rows: Rows, ranks: RankRows, place: number): void {
    this.#ranks = ranks;
    if (this.#plan.input.gathers) this.#columns.turn(this.#rank, rows, place);
  }

  forward(workspace: Workspace, rows: Rows, masks: MaskOrigin | null, units = allUnits): void {
    const { input, regions } = this.#plan;
    const { width, panelWidth, panelFloats, inputs } = this.#layer;
    const { panelBytes } = workspace;
    const ranges = input.rangeEnds.length;
    const bounds = workspace.bounds.offset + rows.first * (ranges + 1) * 4;
    const forward = panelWidth === 64 ? this.#kernels.sparseForward64 : this.#kernels.sparseForward16;
    const sums = this.#activation.sums(workspace) + rows.first * rowBytes;
    const end = Math.min(units.last, width);
    for (let panel = units.first / panelWidth; panel * panelWidth < end; panel++) {
      const weights = this.#weights + panel * panelFloats * 4;
      let bias = weights + inputs * panelWidth * 4;
      if (input.centredByOwner) {
        bias = regions.centredBias.offset + panel * panelWidth * 4;
      } else if (input.shifted) {
        bias = this.#scratch.centredBias;
        this.#kernels.centredBias(weights, inputs, panelWidth, regions.shift.offset, bias);
      }
      const out = sums + panel * (panelWidth / 16) * panelBytes;
      const { floor } = this.#activation;
      forward(bounds, ranges, rows.last - rows.first, weights, bias, out, panelBytes, floor);
    }
    this.#activation.forward(workspace, rows, masks, units);
  }

  contribute(): void {
    throw new Error('sparse rows are not the units of a hidden layer');
  }

  backward(rows: Rows, units: Units): void {
    this.#activation.backward(this.#plan.training, this.#deltas, rows, units);
  }

  gradient(slice: Slice, rows: Rows, target: number): void {
    const { input, training } = this.#plan;
    const { panelWidth } = this.#layer;
    const { panelBytes } = training;
    const count = rows.last - rows.first;
    const deltas = this.#deltas + slice.panel * (panelWidth / 16) * panelBytes;
    const firstDelta = deltas + rows.first * rowBytes;
    const weightRows = (slice.lastRow - slice.firstRow) * panelWidth * 4;
    const biasSums = slice.bias ? target + weightRows : this.#scratch.biasSums;
    for (let part = 0; part * 16 < panelWidth; part++)
      this.#kernels.columnSum(firstDelta + part * panelBytes, count, biasSums + part * rowBytes);
    // The place of the gradient of the panel's first feature.
    const panel = target - slice.firstRow * panelWidth * 4;
    if (input.gathers && this.#ranks !== null)
      this.#columns.gather(this.#ranks, rows, slice, deltas, panel, biasSums);
    else this.#scatter(slice, rows, panel, biasSums, firstDelta);
    if (input.entries === 0) return;
    const { blocks } = this.#plan.regions;
    this.#kernels.sumRangeGradients(panel, blocks.offset, slice.firstRow, slice.lastRow, panelWidth);
  }

  #scatter(slice: Slice, rows: Rows, panel: number, biasSums: number, deltas: number): void {
    const { input, regions, training } = this.#plan;
    const { panelWidth } = this.#layer;
    const kernels = this.#kernels;
    const ranges = input.rangeEnds.length;
    const bounds = training.bounds.offset + rows.first * (ranges + 1) * 4;
    const scatter = panelWidth === 64 ? kernels.sparseGradient64 : kernels.sparseGradient16;
    for (let range = slice.firstRange; range < slice.lastRange; range++) {
      const first = range === 0 ? 0 : input.rangeEnds[range - 1];
      const shift = regions.shift.offset + first * 4;
      const start = panel + first * panelWidth * 4;
      kernels.negativeOuter(shift, input.rangeEnds[range] - first, biasSums, panelWidth, start);
      scatter(bounds, ranges, range, rows.last - rows.first, deltas, training.panelBytes, panel);
    }
  }

  /** Byte offset of what the rows multiply. */
  get #weights(): number {
    const { derived, regions } = this.#plan;
    return derived[0]?.offset ?? regions.parameters.offset + this.#layer.offset * 4;
  }

  derive(slice: Slice): void {
    const { input, regions } = this.#plan;
    if (input.entries > 0) this.#sumRanges(slice);
    if (!input.centredByOwner) return;
    const { inputs, panelWidth } = this.#layer;
    const weights = regions.parameters.offset + slice.offset * 4;
    const out = regions.centredBias.offset + slice.panel * panelWidth * 4;
    this.#kernels.centredBias(weights, inputs, panelWidth, regions.shift.offset, out);
  }

  #sumRanges({ panel, firstRow, lastRow, bias }: Slice): void {
    const { offset, panelFloats, panelWidth } = this.#layer;
    const { regions } = this.#plan;
    const place = panel * panelFloats * 4;
    this.#kernels.sumRanges(
      regions.parameters.offset + offset * 4 + place,
      regions.blocks.offset,
      firstRow,
      lastRow,
      bias ? 1 : 0,
      panelWidth,
      this.#weights + place,
    );
  }
}
