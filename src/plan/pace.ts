/** The pace of a run: how many steps a command may have if the state is wanted at a certain time. */
import type { Plan } from './plan.js';
import { layerFlopPerMs } from './threads.js';

interface Progress {
  readonly step: number;
  readonly elapsedMs: number;
}

/** Useful arithmetic of plain TypeScript on one core. */
const plainFlopPerMs = 1e6;

/** Milliseconds of a step on a machine that is free. With more threads than cores they take turns: as long as on one, at most. */
export function estimatedStepMs({ parameters, batch, threads, backend, oversubscribed }: Plan): number {
  const flopPerMs = backend === 'js' ? plainFlopPerMs : layerFlopPerMs;
  return (6 * parameters * batch) / (flopPerMs * (oversubscribed ? 1 : threads));
}

export class Pace {
  /** Of a step: an estimate for the first command, then measured with the last one, evaluations included. */
  #stepMs: number;
  #before: Progress;

  constructor(plan: Plan, { step, elapsedMs }: Progress) {
    this.#stepMs = estimatedStepMs(plan);
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
