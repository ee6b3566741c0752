/** The clock that sync strategies use, on a profiled rank: the backend itself stamps its computations. */
import { type Phase, PhaseClock } from '../sync/phase-clock.js';
import { phaseNumber } from './phases.js';
import type { PhaseRecorder } from './recorder.js';

export class ProfiledClock extends PhaseClock {
  readonly #recorder: PhaseRecorder;
  readonly #waits: boolean;

  /** `waits`: whether there is another rank to wait for. */
  constructor(stats: Float64Array, recorder: PhaseRecorder, waits: boolean) {
    super(stats);
    this.#recorder = recorder;
    this.#waits = waits;
  }

  override enter(phase: Phase | null): void {
    this.beat(phase ?? 'idle');
    if (phase === 'wait' && this.#waits) this.#recorder.enter(phaseNumber.wait);
    if (phase === 'update') this.#recorder.enter(phaseNumber.update);
  }
}
