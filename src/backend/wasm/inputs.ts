/** Where a network's inputs come from: rows of a workspace, and the labels that go with them. */
import type { PartName } from '../../data/dataset.js';
import type { Plan, Workspace } from '../../plan/plan.js';
import type { Rows } from '../backend.js';
import type { ForwardPass } from './forward.js';

/** Byte offsets: classes i32, and for each row the place of its class, i32. One object per source, valid until its next rows. */
export interface RowLabels {
  labels: number;
  order: number;
}

export interface InputSource {
  /** Rows of the batch that starts at `firstSample` of the epoch's order. */
  batch(pass: ForwardPass, firstSample: number, rows: Rows): RowLabels;
  /** Rows from sample `first` of a part on; `made`: byte offset of inputs made within the run. */
  evaluated(pass: ForwardPass, part: PartName, first: number, rows: Rows, made: number): RowLabels;
}

/** Pixels, which lie in memory packed. */
export class PixelSource implements InputSource {
  readonly #plan: Plan;
  readonly #rowLabels: RowLabels = { labels: 0, order: 0 };

  constructor(plan: Plan) {
    this.#plan = plan;
  }

  batch(pass: ForwardPass, firstSample: number, rows: Rows): RowLabels {
    const order = this.#plan.regions.order.offset + (firstSample + rows.first) * 4;
    return this.#fetch(pass, 'train', order, rows);
  }

  evaluated(pass: ForwardPass, part: PartName, first: number, rows: Rows): RowLabels {
    return this.#fetch(pass, part, this.#plan.regions.identity.offset + first * 4, rows);
  }

  #fetch(pass: ForwardPass, part: PartName, order: number, rows: Rows): RowLabels {
    pass.fetch(part, order, rows);
    this.#rowLabels.labels = this.#plan.parts[part].targets.offset;
    this.#rowLabels.order = order;
    return this.#rowLabels;
  }
}

/** Where row `first` of a workspace's dense inputs begins. */
export function inputRow({ inputs }: Workspace, first: number): number {
  return inputs.offset + first * 64;
}
