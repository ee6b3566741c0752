/**
 * Selective back-propagation among the ranks. Each rank makes the forward pass of its shard of the batch and writes the
 * rows' losses. Then all ranks select the same rows by the same draws, and take an ordinary step on these alone, with
 * another forward pass. So the forward pass reads the whole batch, and the backward pass only the selected rows.
 */
import type { Backend, ShardResult } from '../backend/backend.js';
import { doublesIn, wordsIn } from '../memory/views.js';
import { Selector } from '../optim/selective.js';
import type { Plan } from '../plan/plan.js';
import type { SelectionPlan } from '../plan/plan-selection.js';
import { shardStart } from '../plan/shards.js';
import type { Step } from '../sync/strategy.js';

export interface SelectionParties {
  /** Makes the forward pass of the epoch's batches. */
  readonly scorer: Backend;
  /** By the plan of the selected samples. */
  readonly trainer: Backend;
  /** Waits for all workers. */
  readonly barrier: () => void;
}

export class Selection {
  readonly trainer: Backend;
  readonly #scorer: Backend;
  readonly #barrier: () => void;
  readonly #ringSteps: number;
  readonly #shares: Plan['shares'];
  readonly #selector: Selector;
  readonly #losses: Float64Array;
  readonly #draws: Uint32Array;
  readonly #order: Int32Array;
  readonly #chosen: Int32Array;
  readonly #trained: Float64Array;
  readonly #batch: ShardResult = { lossSum: 0, correct: 0 };

  constructor(
    plan: Plan,
    { beta, losses, draws, chosen, trained }: SelectionPlan,
    memory: WebAssembly.Memory,
    rank: number,
    { scorer, trainer, barrier }: SelectionParties,
  ) {
    this.trainer = trainer;
    this.#scorer = scorer;
    this.#barrier = barrier;
    this.#ringSteps = plan.ringSteps;
    this.#shares = plan.shares;
    this.#selector = new Selector(beta, plan.batch);
    this.#losses = doublesIn(memory, losses);
    this.#draws = new Uint32Array(memory.buffer, draws.offset, draws.bytes / 4);
    this.#order = wordsIn(memory, plan.regions.order);
    this.#chosen = wordsIn(memory, chosen[rank]);
    this.#trained = doublesIn(memory, trained);
  }

  /** `work` on the selected rows of the step's batch; the result is that of all rows, before the step. */
  step(step: Step, work: (step: Step) => void): void {
    step.clock.enter('compute');
    this.#scorer.score(step.firstSample, step.shard, this.#losses, this.#batch);
    step.clock.enter('wait');
    this.#barrier(); // every row's loss is written; losses are read before the step's own barriers, then overwritten
    step.clock.enter('compute');
    this.#choose(step);
    work(step);
    step.result.lossSum = this.#batch.lossSum;
    step.result.correct = this.#batch.correct;
  }

  #choose(step: Step): void {
    const { firstSample, batchRows, rank, ranks, number } = step;
    const losses = this.#losses.subarray(0, batchRows);
    const draws = this.#draws.subarray(firstSample, firstSample + batchRows);
    const count = this.#selector.choose(losses, draws, this.#chosen);
    for (let i = 0; i < count; i++) this.#chosen[i] = this.#order[firstSample + this.#chosen[i]];
    if (rank === 0) this.#trained[(number - 1) % this.#ringSteps] = count;
    step.firstSample = 0;
    step.batchRows = count;
    step.rows.last = count;
    step.shard.first = shardStart(count, ranks, rank, 1, this.#shares);
    step.shard.last = shardStart(count, ranks, rank + 1, 1, this.#shares);
  }
}
