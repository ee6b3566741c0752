/**
 * The state of a rank in strategies whose workers train apart: a backend on the rank's own regions of the shared
 * memory.
 */
import type { Backend } from '../backend/backend.js';
import { doublesIn, floatsIn } from '../memory/views.js';
import type { Slice } from '../model/slice.js';
import type { Plan } from '../plan/plan.js';

export class Replica {
  /** The backend on this rank's regions; on the shared weights if the replicas have none of their own. */
  readonly backend: Backend;
  /** Per rank: rows that its replica has trained on since the last averaging. */
  readonly rows: Float64Array;
  /**
   * f64 [2]: 1 if the replica has started from the run's parameters; steps of the run on it. In shared memory with `rows`
   * behind it, so that a checkpoint has them; zero at the start of a run.
   */
  readonly #progress: Float64Array;
  readonly #slices: readonly Slice[];
  /** f32 [parameters] and [state vectors · parameters], shared and this rank's own. */
  readonly #shared: Vectors;
  readonly #own: Vectors;
  /** Every rank's weights, f32 [parameters] each; none if the replicas use the shared weights. */
  readonly #weights: readonly Float32Array[];

  constructor(plan: Plan, memory: WebAssembly.Memory, rank: number, backend: Backend) {
    const { regions, replicas, threads, slices } = plan;
    this.backend = backend;
    const progress = doublesIn(memory, replicas[rank].progress);
    this.#progress = progress.subarray(0, 2);
    this.rows = progress.subarray(2, 2 + threads);
    this.#slices = slices.flat();
    this.#shared = {
      weights: floatsIn(memory, regions.parameters),
      states: floatsIn(memory, regions.states),
    };
    this.#weights = replicas.flatMap(({ parameters }) =>
      parameters === null ? [] : floatsIn(memory, parameters),
    );
    this.#own = {
      weights: this.#weights[rank] ?? this.#shared.weights,
      states: floatsIn(memory, replicas[rank].states),
    };
  }

  get isCurrent(): boolean {
    return this.#progress[0] === 1;
  }

  /** Counts a step, for optimisers that count their steps; returns its number, from 1. */
  countUpdate(): number {
    this.#progress[1]++;
    return this.#progress[1];
  }

  /** Before the first command of a run, which may be the rest of one. */
  begin(): void {
    if (this.isCurrent) this.backend.refresh(this.#slices);
  }

  /** Starts from the shared weights and the shared state of the optimiser. */
  adopt(): void {
    this.#own.states.set(this.#shared.states);
    this.#progress.set([1, 0]);
    this.pull();
  }

  /** Copies the shared weights; the state of the optimiser stays this replica's own. */
  pull(): void {
    if (this.#own.weights !== this.#shared.weights) this.#own.weights.set(this.#shared.weights);
    this.backend.refresh(this.#slices);
    this.rows.fill(0);
  }

  /**
   * Sets slices of the shared weights to the mean of all replicas, each weighted by its rows as in federated averaging
   * (McMahan et al. 2017). So one step of plain SGD and an average equal a synchronous step, for shards of any sizes.
   * Summed in the order of the ranks.
   */
  average(slices: readonly Slice[]): void {
    const rows = this.rows.reduce((sum, each) => sum + each, 0);
    for (const { offset, floats } of slices) {
      const mean = this.#shared.weights.subarray(offset, offset + floats);
      mean.fill(0);
      this.#weights.forEach((weights, rank) => {
        const share = this.rows[rank] / rows;
        for (let i = 0; i < floats; i++) mean[i] += share * weights[offset + i];
      });
    }
  }
}

interface Vectors {
  readonly weights: Float32Array;
  readonly states: Float32Array;
}
