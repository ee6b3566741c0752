/** Reads the results of the ranks from shared memory: sums of an evaluation, time by phase. */

import type { PartName } from '../data/dataset.js';
import { doublesIn } from '../memory/views.js';
import type { Plan } from '../plan/plan.js';
import { phases, statsPerRank } from '../sync/phase-clock.js';
import type { Evaluation, PhaseTimes } from './work.js';

/** Accuracy and mean loss of the last evaluation of a part, its chunks summed in order. */
export function readEvaluation(plan: Plan, memory: WebAssembly.Memory, part: PartName): Evaluation {
  const { count } = plan.parts[part];
  const chunks = doublesIn(memory, plan.regions.chunks);
  let lossSum = 0;
  let correct = 0;
  for (let chunk = 0; chunk * plan.evaluationChunk < count; chunk++) {
    lossSum += chunks[2 * chunk];
    correct += chunks[2 * chunk + 1];
  }
  return { accuracy: correct / count, loss: lossSum / count };
}

/** Mean over the ranks, milliseconds; the coordinator's combining counts as update, not as waiting. */
export function readPhaseTimes({ threads, regions }: Plan, memory: WebAssembly.Memory): PhaseTimes {
  const stats = doublesIn(memory, regions.stats);
  const mean = (phase: number) => {
    let sum = 0;
    for (let rank = 0; rank < threads; rank++) sum += stats[rank * statsPerRank + phase];
    return sum / threads;
  };
  const [compute, wait, update] = phases.map((_, phase) => mean(phase));
  const combining = stats[threads * statsPerRank];
  return { compute, wait: Math.max(0, wait - combining), update: update + combining };
}
