/** A thread of a predictor: it computes its share of every round until the command to finish. */
import { workerData } from 'node:worker_threads';
import type { KernelModules } from '../kernels/load.js';
import { Aborted } from '../worker/aborted.js';
import { AbortReason, Control } from '../worker/control.js';
import { ChunkForward } from './chunk-forward.js';
import type { InferencePlan } from './inference-plan.js';

export interface InferenceTask {
  readonly inference: InferencePlan;
  readonly modules: KernelModules;
  readonly memory: WebAssembly.Memory;
  readonly rank: number;
}

/** How long a worker spins for the next round before it parks. */
const roundSpinMs = 1;

function runRank({ inference, modules, memory, rank }: InferenceTask): void {
  const { plan } = inference;
  const control = new Control(plan, memory);
  try {
    const forward = new ChunkForward(inference, modules, memory, rank);
    control.reportReady();
    for (let generation = 0; ; ) {
      generation = control.nextCommand(generation, plan.oversubscribed ? 0 : roundSpinMs);
      const round = control.readCommand();
      if (round === null) return;
      forward.claimChunks(round.count, () => control.claimChunk());
      control.reportDone();
    }
  } catch (error) {
    if (error instanceof Aborted) return;
    control.abort(AbortReason.workerError, rank);
    throw error;
  }
}

runRank(workerData as InferenceTask);
