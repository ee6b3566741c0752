/** A thread of a predictor: it computes its share of every round until the command to finish. */
import { workerData } from 'node:worker_threads';
import { Aborted } from '../worker/aborted.js';
import { AbortReason, Control } from '../worker/control.js';
import { ChunkForward, type InferenceTask, modelOpener } from './chunk-forward.js';

/** How long a worker spins for the next round before it parks. */
const roundSpinMs = 1;

async function runRank(task: InferenceTask): Promise<void> {
  const { inference, memory, rank } = task;
  const { plan } = inference;
  const control = new Control(plan, memory);
  try {
    const forward = new ChunkForward(task, await modelOpener(task));
    control.reportReady();
    for (let generation = 0; ; ) {
      generation = control.nextCommand(generation, plan.oversubscribed ? 0 : roundSpinMs);
      const images = control.roundImages;
      if (images < 0) return;
      forward.computeShare(control, images, control.roundChunk);
      control.reportDone();
    }
  } catch (error) {
    if (error instanceof Aborted) return;
    control.abort(AbortReason.workerError, rank);
    throw error;
  }
}

await runRank(workerData as InferenceTask);
