/** Reads the results of the ranks from shared memory: sums of an evaluation, time by phase. */

import type { PartName } from '../data/dataset.js';
import { doublesIn } from '../memory/views.js';
import type { Judged } from '../metrics/judged.js';
import { metricOf, metricsOf, taskOf } from '../metrics/metric.js';
import type { Plan } from '../plan/plan.js';
import type { Goal } from '../plan/prepare-targets.js';
import { phases, statsPerRank } from '../sync/phase-clock.js';
import type { Evaluation, PhaseTimes } from './work.js';

/** Accuracy and mean loss of the last evaluation of a part, its chunks summed in order, and the metrics that the run needs. */
export function readEvaluation(
  plan: Plan,
  memory: WebAssembly.Memory,
  part: PartName,
  goal: Goal,
): Evaluation {
  const { count } = plan.parts[part];
  const chunks = doublesIn(memory, plan.regions.chunks);
  let lossSum = 0;
  let correct = 0;
  for (let chunk = 0; chunk * plan.evaluationChunk < count; chunk++) {
    lossSum += chunks[2 * chunk];
    correct += chunks[2 * chunk + 1];
  }
  const loss = lossSum / count;
  const isRegression = taskOf(plan.target, plan.loss) === 'regression';
  if (isRegression) return { accuracy: null, loss, metrics: metricsOf(readJudged(plan, memory, part, goal)) };
  const accuracy = correct / count;
  const metric = metricOf(plan.metric);
  if (metric.needs === 'sums') return { accuracy, loss };
  return { accuracy, loss, metrics: { [metric.name]: metric.of(judgedIn(plan, memory, part, goal)) } };
}

/** Of the last evaluation, of this part; null if the plan keeps no outputs. */
export function readJudged(
  plan: Plan,
  memory: WebAssembly.Memory,
  part: PartName,
  goal: Goal,
): Judged | null {
  return plan.scores === null ? null : judgedIn(plan, memory, part, goal);
}

const judgedIn = (plan: Plan, memory: WebAssembly.Memory, part: PartName, goal: Goal): Judged =>
  goal.judged(part, readOutputs(plan, memory, part));

/** A copy, f32 [count][outputs], of those of the last evaluation, of this part. */
export function readOutputs(
  { scores, outputs, parts }: Plan,
  memory: WebAssembly.Memory,
  part: PartName,
): Float32Array {
  if (scores === null) throw new Error('the plan keeps no outputs of an evaluation');
  return new Float32Array(memory.buffer, scores.offset, parts[part].count * outputs).slice();
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
