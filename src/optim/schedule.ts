/** Learning-rate schedules: the rate of each step, computed by the coordinator. */
import type { Config } from '../config/schema.js';
import { cos, pow } from '../numbers/elementary.js';

type ScheduleConfig = Config['schedule'];

/**
 * The learning rate of step `step` (from 0) of `totalSteps`; `peak` is optimizer.lr.
 * - constant;
 * - step: peak · γ^⌊epoch / every⌋;
 * - cosine: from peak to final · peak (Loshchilov & Hutter 2017);
 * - warmup-linear: from start · peak up to peak over the first `warmup` share, then linearly towards
 *   end · peak, which is reached one step after the last (Goyal et al. 2017 for the warm-up);
 * - one-cycle: PyTorch's OneCycleLR with cosine annealing (Smith & Topin 2018).
 */
export function learningRate(
  schedule: ScheduleConfig,
  peak: number,
  step: number,
  totalSteps: number,
  stepsPerEpoch: number,
): number {
  switch (schedule.name) {
    case 'constant':
      return peak;
    case 'step':
      return peak * pow(schedule.gamma, Math.floor(step / stepsPerEpoch / schedule.every));
    case 'cosine':
      return anneal(peak, peak * schedule.final, step / totalSteps);
    case 'warmup-linear': {
      const warmup = schedule.warmup * totalSteps;
      if (step < warmup) return peak * (schedule.start + ((1 - schedule.start) * step) / warmup);
      return peak * (1 + ((schedule.end - 1) * (step - warmup)) / (totalSteps - warmup));
    }
    case 'one-cycle': {
      const initial = peak / schedule.startDivisor;
      const top = Math.max(schedule.warmup * totalSteps - 1, 0);
      if (step <= top) return anneal(initial, peak, top === 0 ? 1 : step / top);
      return anneal(peak, initial / schedule.finalDivisor, (step - top) / Math.max(totalSteps - 1 - top, 1));
    }
  }
}

/** Half a cosine from `from` at share 0 to `to` at share 1. */
function anneal(from: number, to: number, share: number): number {
  return to + ((from - to) * (1 + cos(Math.PI * share))) / 2;
}
