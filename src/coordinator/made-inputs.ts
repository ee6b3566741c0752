/** Inputs that are made within a run, such as direction features: which evaluated part's the memory holds, or is about to. */
import type { PartName } from '../data/dataset.js';

export class MadeInputs {
  readonly #keepsEvaluated: boolean;
  /** The part of which workers make inputs ahead of its evaluation. */
  #ahead: PartName | null = null;
  /** The part whose inputs are all in memory. */
  #stored: PartName | null = null;

  /** `keepsEvaluated`: whether there is room for all inputs of an evaluated part; false too if inputs are not made within runs. */
  constructor(keepsEvaluated: boolean) {
    this.#keepsEvaluated = keepsEvaluated;
  }

  /** At the start of a run: with its transform, all inputs become others. */
  reset(): void {
    this.#stored = null;
    this.#ahead = null;
  }

  /** Before a command that evaluates a part, or null: whether its inputs are there, and whether to begin with its first chunk. */
  begin(evaluated: PartName | null, makesTraining: boolean): { stored: boolean; restarts: boolean } {
    const stored = this.#stored === evaluated && !makesTraining;
    const restarts = evaluated !== null && evaluated !== this.#ahead;
    this.#ahead = evaluated ?? this.#ahead;
    return { stored, restarts };
  }

  /** After a command that evaluated a part. */
  evaluated(part: PartName): void {
    this.#stored = this.#keepsEvaluated ? part : null;
    if (this.#stored === null) this.#ahead = null;
  }
}
