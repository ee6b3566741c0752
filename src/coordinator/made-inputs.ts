/** Inputs that are made within a run, such as direction features: records of which evaluated part memory holds them. */
import type { PartName } from '../data/dataset.js';

export class MadeInputs {
  readonly #keepsEvaluated: boolean;
  /** The part of which workers make inputs ahead of its evaluation. */
  #ahead: PartName | null = null;
  /** The part whose inputs are all in memory. */
  #stored: PartName | null = null;

  /** `keepsEvaluated`: whether memory has room for all inputs of an evaluated part; false if no inputs are made. */
  constructor(keepsEvaluated: boolean) {
    this.#keepsEvaluated = keepsEvaluated;
  }

  /** At the start of a run: its transform is fitted anew, so all inputs have to be made again. */
  reset(): void {
    this.#stored = null;
    this.#ahead = null;
  }

  /** Before a command, which evaluates a part or none: whether memory holds its inputs, and whether to begin again. */
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
