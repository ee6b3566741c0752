/** The pace of a run: how many steps a command may have if the state is wanted at a certain time. */
import type { Plan } from './plan.js';
import { layerFlopPerMs } from './threads.js';

interface Progress {
  readonly step: number;
  readonly elapsedMs: number;
}

export class Pace {
  /** Of a step: an estimate for the first command, then measured with the last one, evaluations included. */
  #stepMs: number;
  #before: Progress;

  constructor({ parameters, batch, threads }: Plan, { step, elapsedMs }: Progress) {
    this.#stepMs = (6 * parameters * batch) / (layerFlopPerMs * threads);
    this.#before = { step, elapsedMs };
  }

  /** After each command. */
  now({ step, elapsedMs }: Progress): void {
    const { step: before, elapsedMs: beforeMs } = this.#before;
    if (step > before) this.#stepMs = Math.max(1e-6, (elapsedMs - beforeMs) / (step - before));
    this.#before = { step, elapsedMs };
  }

  /** Steps that take about so long; at least one. */
  stepsIn(ms: number): number {
    return Math.max(1, Math.ceil(ms / this.#stepMs));
  }
}
