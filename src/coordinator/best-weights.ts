/**
 * Early stopping as Goodfellow, Bengio & Courville (2016, algorithm 7.1) have it: a run that went on past its best
 * evaluation ends with the weights of that evaluation.
 */
import type { Session } from './session.js';
import type { Evaluation } from './work.js';

export class BestWeights {
  readonly #session: Session;
  #best: { readonly step: number; readonly evaluation: Evaluation } | null = null;
  /** As long as the parameters. */
  #copy: Float32Array | null = null;

  constructor(session: Session) {
    this.#session = session;
  }

  /** Takes the next evaluation, of the session's present weights; of two that are as good the first is kept. */
  judge(step: number, evaluation: Evaluation): void {
    if (this.#best !== null && evaluation.accuracy <= this.#best.evaluation.accuracy) return;
    this.#best = { step, evaluation };
    const { vector } = this.#session;
    this.#copy ??= new Float32Array(vector.length);
    this.#copy.set(vector);
  }

  /** Puts the best weights back; null when they are those after `step`, the last. */
  restore(step: number): { readonly step: number; readonly evaluation: Evaluation } | null {
    if (this.#best === null || this.#copy === null || this.#best.step === step) return null;
    this.#session.vector.set(this.#copy);
    this.#session.refresh();
    return this.#best;
  }
}
