/**
 * The shortcut on one rank: a network of one layer on the same rows, whose outputs are added to those of the layers, and
 * whose deltas are the gradient of the outputs.
 */
import type { Kernels } from '../../kernels/kernels.js';
import type { LayerLayout } from '../../model/layers/layer.js';
import type { Slice } from '../../model/slice.js';
import type { Plan, Region, Workspace } from '../../plan/plan.js';
import type { Rows } from '../backend.js';
import { allUnits, type LayerRuntime, type LayerSite, rowBytes } from './layer.js';

export class Shortcut {
  readonly #plan: Plan;
  readonly #layout: LayerLayout;
  readonly #kernels: Kernels;
  readonly #layer: LayerRuntime;
  readonly #bytes: Uint8Array;
  /** Of the workspaces that it was called with. */
  readonly #own = new Map<Workspace, Workspace>();

  /** `open`: the layer that a plan begins with. */
  constructor(site: Omit<LayerSite, 'index'>, layout: LayerLayout, open: (site: LayerSite) => LayerRuntime) {
    const { plan, kernels, memory } = site;
    this.#plan = plan;
    this.#layout = layout;
    this.#kernels = kernels;
    this.#layer = open({ ...site, plan: planOf(plan, layout), index: 0 });
    this.#bytes = new Uint8Array(memory.buffer);
  }

  /** After the layers: their outputs are in the workspace. */
  forward(workspace: Workspace, rows: Rows): void {
    this.#layer.forward(this.#within(workspace), rows, null, allUnits);
    const count = (rows.last - rows.first) * 16;
    for (const [outputs, part] of this.#panels(workspace, rows)) this.#kernels.addInto(outputs, part, count);
  }

  /** After the loss: keeps the gradient of the outputs. Columns that they do not have stay zero, as `forward` left them. */
  backward(rows: Rows): void {
    const bytes = (rows.last - rows.first) * rowBytes;
    for (const [outputs, part] of this.#panels(this.#plan.training, rows))
      this.#bytes.copyWithin(part, outputs, outputs + bytes);
  }

  /** Without a bias of its own. */
  gradient(slice: Slice, rows: Rows, target: number): void {
    this.#layer.gradient(slice, rows, target);
    if (!slice.bias) return;
    const { panelWidth } = this.#layout;
    const bias = target + (slice.lastRow - slice.firstRow) * panelWidth * 4;
    this.#bytes.fill(0, bias, bias + panelWidth * 4);
  }

  /** Byte offsets of the rows in each panel of the outputs, and in that of the shortcut's part. */
  *#panels({ activations, shortcut, panelBytes }: Workspace, rows: Rows): Iterable<[number, number]> {
    const { layers, outputs } = this.#plan;
    for (let panel = 0; panel * 16 < outputs; panel++) {
      const place = panel * panelBytes + rows.first * rowBytes;
      yield [activations[layers.length - 1].offset + place, regionOf(shortcut).offset + place];
    }
  }

  #within(workspace: Workspace): Workspace {
    const known = this.#own.get(workspace);
    if (known !== undefined) return known;
    const own = workspaceOf(workspace);
    this.#own.set(workspace, own);
    return own;
  }
}

/** Of a network that is the shortcut alone. Its centred bias is computed when it is used, its columns are not gathered. */
const planOf = (plan: Plan, layout: LayerLayout): Plan => ({
  ...plan,
  layers: [layout],
  training: workspaceOf(plan.training),
  input: { ...plan.input, centredByOwner: false, gathers: false },
});

const workspaceOf = (workspace: Workspace): Workspace => ({
  ...workspace,
  activations: [regionOf(workspace.shortcut)],
  deltas: [],
  preActivations: [],
});

function regionOf(shortcut: Region | null): Region {
  if (shortcut === null) throw new Error('the plan has no shortcut');
  return shortcut;
}
