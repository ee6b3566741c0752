/** A network of layers on one rank: rows of a workspace go up through them, deltas of the training workspace down. */
import type { Kernels } from '../../kernels/kernels.js';
import type { Slice } from '../../model/slice.js';
import type { MaskOrigin } from '../../optim/dropout.js';
import type { Plan, Workspace } from '../../plan/plan.js';
import type { Units } from '../../plan/plan-units.js';
import type { RankRows } from '../../plan/rank-rows.js';
import type { Rows } from '../backend.js';
import { DenseLayer } from './dense-layer.js';
import { allUnits, type LayerRuntime, type LayerSite, scratchOf } from './layer.js';
import { Shortcut } from './shortcut.js';
import { SparseLayer } from './sparse-layer.js';

/** The class that runs each kind of layer. A new kind of layer is a file and a line here. */
export function openLayer(site: LayerSite): LayerRuntime {
  const { input } = site.plan;
  return site.index === 0 && input.rangeEnds.length > 0 ? new SparseLayer(site) : new DenseLayer(site);
}

/** Null for a plan without a shortcut. */
export function openShortcut(site: Omit<LayerSite, 'index'>): Shortcut | null {
  const { shortcut } = site.plan;
  return shortcut && new Shortcut(site, shortcut, openLayer);
}

export class Network {
  readonly #layers: readonly LayerRuntime[];
  readonly #shortcut: Shortcut | null;

  constructor(plan: Plan, kernels: Kernels, memory: WebAssembly.Memory, rank: number) {
    const scratch = scratchOf(plan, rank);
    const site = { plan, kernels, memory, rank, scratch };
    this.#layers = plan.layers.map((_, index) => openLayer({ ...site, index }));
    this.#shortcut = openShortcut(site);
  }

  /** A rank's rows of a batch have been fetched. */
  receive(rows: Rows, ranks: RankRows, place = 0): void {
    for (const layer of this.#layers) layer.receive(rows, ranks, place);
  }

  /** Takes rows of the workspace, already fetched, up to the outputs of the last layer. `masks`: null leaves out no unit. */
  forward(workspace: Workspace, rows: Rows, masks: MaskOrigin | null): void {
    if (rows.first === rows.last) return;
    for (const layer of this.#layers) layer.forward(workspace, rows, masks);
    this.#shortcut?.forward(workspace, rows);
  }

  /** From the gradient of the outputs down to the deltas of the first layer. */
  backward(rows: Rows): void {
    this.#shortcut?.backward(rows);
    for (let l = this.#layers.length - 1; l >= 0; l--) this.#layers[l].backward(rows, allUnits, allUnits);
  }

  /** Takes rows up through some units of the one hidden layer, to their part of the outputs. */
  forwardUnits(workspace: Workspace, rows: Rows, masks: MaskOrigin | null, units: Units, part: number): void {
    const [hidden, output] = this.#layers;
    hidden.forward(workspace, rows, masks, units);
    output.contribute(workspace, rows, units, part);
  }

  /** From the gradient of the outputs down to the deltas of some units of the one hidden layer. */
  backwardUnits(rows: Rows, units: Units): void {
    const [hidden, output] = this.#layers;
    output.backward(rows, allUnits, units);
    hidden.backward(rows, units, allUnits);
  }

  gradient(slice: Slice, rows: Rows, target: number): void {
    this.#of(slice).gradient(slice, rows, target);
  }

  derive(slice: Slice): void {
    // Nothing is derived from a shortcut.
    this.#layers[slice.layer]?.derive(slice);
  }

  #of({ layer }: Slice): Pick<LayerRuntime, 'gradient'> {
    const found = this.#layers[layer] ?? this.#shortcut;
    if (found === null) throw new Error(`the plan has no layer ${layer}`);
    return found;
  }
}
