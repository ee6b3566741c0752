/**
 * A layer behind a ReLU, in a predictor: rows that fill no tile of matmul16, such as a single sample, skip the inputs that
 * are zero. A tile of one or two rows waits for its own last sums: 2.4 µs for a row of 256-128, of which 0.6 are left. The
 * results are those of the dense layer, bit for bit, because a product with zero changes no sum and the others keep
 * their order. Whole tiles are faster as they are: weights of arbitrary inputs come from the second-level cache.
 */
import type { Rows } from '../backend/backend.js';
import { DenseLayer } from '../backend/wasm/dense-layer.js';
import { type LayerSite, rowBytes } from '../backend/wasm/layer.js';
import type { Kernels } from '../kernels/kernels.js';
import { entryBytes } from '../kernels/sparse-rows.js';
import type { Region, Take } from '../memory/arena.js';
import type { LayerLayout } from '../model/layers/layer.js';
import type { Plan, Workspace } from '../plan/plan.js';

/** Of a rank. */
export interface SkippingRoom {
  readonly entries: Region;
  readonly bounds: Region;
}

/** Panels that the kernel computes at a time. */
const panelsAtOnce = 4;

/** Rows of a tile of matmul16. */
const tileRows = 6;

/** Kernels write up to this many bytes after the last entry. */
const slack = 64;

export function planSkipping({ layers }: Plan, take: Take): SkippingRoom {
  const widest = Math.max(...layers.map(({ width }) => width));
  return { entries: take(tileRows * (widest + 1) * entryBytes + slack), bounds: take((tileRows + 1) * 4) };
}

/** Whether a layer has inputs to skip and enough panels. */
export function skipsZeros({ activation, layers }: Plan, index: number): boolean {
  return index > 0 && activation === 'relu' && layers[index].panels >= panelsAtOnce;
}

export class SkippingLayer {
  readonly #plan: Plan;
  readonly #kernels: Kernels;
  readonly #layer: LayerLayout;
  readonly #index: number;
  readonly #dense: DenseLayer;
  readonly #room: SkippingRoom;
  readonly #tiles = { first: 0, last: 0 };

  constructor(site: LayerSite, room: SkippingRoom) {
    const { plan, kernels, index } = site;
    this.#plan = plan;
    this.#kernels = kernels;
    this.#layer = plan.layers[index];
    this.#index = index;
    this.#dense = new DenseLayer(site);
    this.#room = room;
  }

  forward(workspace: Workspace, { first, last }: Rows): void {
    const tiled = last - ((last - first) % tileRows);
    this.#tiles.first = first;
    this.#tiles.last = tiled;
    if (tiled > first) this.#dense.forward(workspace, this.#tiles, null);
    if (tiled < last) this.#skip(workspace, tiled, last - tiled);
  }

  #skip({ activations, panelBytes }: Workspace, firstRow: number, count: number): void {
    const { inputs, panels, panelFloats, offset } = this.#layer;
    const { entries, bounds } = this.#room;
    const { width } = this.#plan.layers[this.#index - 1];
    const source = activations[this.#index - 1].offset + firstRow * rowBytes;
    this.#kernels.packActive(source, count, width, panelBytes, entries.offset, bounds.offset);
    const floor = this.#index === this.#plan.layers.length - 1 ? Number.NEGATIVE_INFINITY : 0;
    const target = activations[this.#index].offset + firstRow * rowBytes;
    const first = this.#plan.regions.parameters.offset + offset * 4;
    const bias = inputs * rowBytes;
    let panel = 0;
    for (; panel + panelsAtOnce <= panels; panel += panelsAtOnce) {
      const weights = first + panel * panelFloats * 4;
      const out = target + panel * panelBytes;
      this.#kernels.activeForward64(
        bounds.offset,
        count,
        weights,
        panelFloats * 4,
        bias,
        out,
        panelBytes,
        floor,
      );
    }
    for (; panel < panels; panel++) {
      const weights = first + panel * panelFloats * 4;
      const out = target + panel * panelBytes;
      const init = weights + bias;
      this.#kernels.matmul16(count, inputs, source, panelBytes, weights, out, rowBytes, init, floor);
    }
  }
}
