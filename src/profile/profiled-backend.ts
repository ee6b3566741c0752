/** A backend that enters the phase of each call in the recorder and leaves the computation to the wrapped backend. */
import type { Backend } from '../backend/backend.js';
import type { RunTransform } from '../data/transforms/directions/extractor.js';
import { backwardNumber, phaseNumber } from './phases.js';
import type { PhaseRecorder } from './recorder.js';

/** `firstPhase`: the first phase of a step; kernels that enter their own phases continue from there. */
export function profiledBackend(backend: Backend, recorder: PhaseRecorder, firstPhase: number): Backend {
  return {
    propagate(firstSample, rows, batchRows, step, result) {
      recorder.enterStep(firstPhase);
      backend.propagate(firstSample, rows, batchRows, step, result);
    },
    forwardUnits(firstSample, rows, shard, units, place, step) {
      recorder.enterStep(firstPhase);
      backend.forwardUnits(firstSample, rows, shard, units, place, step);
    },
    backwardUnits(rows, units, place, result) {
      recorder.enter(phaseNumber.reduce);
      backend.backwardUnits(rows, units, place, result);
    },
    gradient(slice, rows, buffer) {
      recorder.enter(backwardNumber(slice.layer));
      backend.gradient(slice, rows, buffer);
    },
    reduce(slice, buffers) {
      recorder.enter(phaseNumber.reduce);
      backend.reduce(slice, buffers);
    },
    measure(slice) {
      recorder.enter(phaseNumber.update);
      backend.measure(slice);
    },
    update(slice, step, learningRate) {
      recorder.enter(phaseNumber.update);
      backend.update(slice, step, learningRate);
    },
    refresh: (slices) => backend.refresh(slices),
    beginEvaluation() {
      recorder.enter(phaseNumber.evaluate);
      backend.beginEvaluation();
    },
    evaluate(part, first, last, made, result) {
      recorder.whole(phaseNumber.evaluate, () => backend.evaluate(part, first, last, made, result));
    },
    score(firstSample, rows, losses, result) {
      recorder.enterStep(firstPhase);
      backend.score(firstSample, rows, losses, result);
    },
    trainAlone(steps) {
      recorder.enter(phaseNumber.train);
      backend.trainAlone(steps);
    },
    close: () => backend.close(),
  };
}

export function profiledTransform(transform: RunTransform, recorder: PhaseRecorder): RunTransform {
  return {
    trainingChunk(chunk, samples) {
      recorder.enter(phaseNumber.features);
      transform.trainingChunk(chunk, samples);
    },
    fit(samples) {
      recorder.enter(phaseNumber.fit);
      transform.fit(samples);
    },
    evaluatedChunk(part, chunk, out) {
      recorder.enter(phaseNumber.features);
      transform.evaluatedChunk(part, chunk, out);
    },
    place: (part, chunk) => transform.place(part, chunk),
  };
}
