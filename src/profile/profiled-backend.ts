/** Backends, each call of which tells the recorder its phase; what they compute is left to the one within. */
import type { Backend, PixelBackend } from '../backend/backend.js';
import type { FeatureBackend } from '../backend/feature-backend.js';
import { backwardNumber, phaseNumber } from './phases.js';
import type { PhaseRecorder } from './recorder.js';

/** `firstPhase`: of a step; kernels that tell more themselves take over from there. */
function profiledSteps(backend: Backend, recorder: PhaseRecorder, firstPhase: number): Backend {
  return {
    propagate(firstSample, rows, batchRows, result) {
      recorder.enterStep(firstPhase);
      backend.propagate(firstSample, rows, batchRows, result);
    },
    gradient(slice, rows, buffer) {
      recorder.enter(backwardNumber(slice.layer));
      backend.gradient(slice, rows, buffer);
    },
    reduce(slice, buffers) {
      recorder.enter(phaseNumber.reduce);
      backend.reduce(slice, buffers);
    },
    update(slice, step, learningRate) {
      recorder.enter(phaseNumber.update);
      backend.update(slice, step, learningRate);
    },
    refresh: (slices) => backend.refresh(slices),
    close: () => backend.close?.(),
  };
}

export function profiledPixels(
  backend: PixelBackend,
  recorder: PhaseRecorder,
  firstPhase: number,
): PixelBackend {
  return {
    ...profiledSteps(backend, recorder, firstPhase),
    evaluate(part, first, last, result) {
      recorder.whole(phaseNumber.evaluate, () => backend.evaluate(part, first, last, result));
    },
  };
}

export function profiledFeatures(
  backend: FeatureBackend,
  recorder: PhaseRecorder,
  firstPhase: number,
): FeatureBackend {
  return {
    ...profiledSteps(backend, recorder, firstPhase),
    fitTransform(images) {
      recorder.enter(phaseNumber.fit);
      backend.fitTransform(images);
    },
    beginEvaluation() {
      recorder.enter(phaseNumber.evaluate);
      backend.beginEvaluation();
    },
    evaluateBlocks(part, chunk, blocks, result) {
      recorder.whole(phaseNumber.evaluate, () => backend.evaluateBlocks(part, chunk, blocks, result));
    },
    trainAlone(steps) {
      recorder.enter(phaseNumber.train);
      backend.trainAlone(steps);
    },
  };
}
