/**
 * One rank's work in a run whose inputs are made within it. The rank claims chunks of training samples and makes their
 * inputs, rank 0 fits the transform, and all ranks train. Then the inputs of evaluated samples are made and evaluated
 * chunk by chunk. A rank that has to wait makes inputs of the evaluated part ahead of time.
 */
import type { Backend, ShardResult } from '../backend/backend.js';
import type { PartName } from '../data/dataset.js';
import type { RunTransform } from '../data/transforms/directions/extractor.js';
import type { DirectionsPlan } from '../data/transforms/directions/plan.js';
import { chunkImages, chunksOf } from '../kernels/directions/spec.js';
import { doublesIn } from '../memory/views.js';
import type { Plan } from '../plan/plan.js';
import { extractedAtSlot } from '../sync/phase-clock.js';
import { Aborted } from './aborted.js';
import type { Control, EvaluateCommand, RunCommand } from './control.js';
import type { StepLoop } from './step-loop.js';

/** Longest spin for a milestone of a single rank, if every thread has a core. */
const milestoneSpinMs = 2;

export interface RunParties {
  readonly control: Control;
  readonly loop: StepLoop;
  readonly backend: Backend;
  readonly transform: RunTransform;
  /** The barrier of all ranks. */
  readonly barrier: () => void;
}

export class TransformRun {
  readonly #plan: Plan;
  readonly #directions: DirectionsPlan;
  readonly #rank: number;
  readonly #parties: RunParties;
  readonly #chunks: Float64Array;
  readonly #extractedAt: Float64Array;
  /** Chunks of the evaluated part that this rank has made ahead and not yet evaluated. */
  #ahead: number[] = [];

  constructor(
    plan: Plan,
    directions: DirectionsPlan,
    memory: WebAssembly.Memory,
    rank: number,
    parties: RunParties,
  ) {
    this.#plan = plan;
    this.#directions = directions;
    this.#rank = rank;
    this.#parties = parties;
    this.#chunks = doublesIn(memory, plan.regions.chunks);
    this.#extractedAt = new Float64Array(memory.buffer, plan.regions.stats.offset + extractedAtSlot * 8, 1);
  }

  execute(command: RunCommand): void {
    const { backend, loop } = this.#parties;
    if (command.extract) this.#extract(command);
    const solo = this.#directions.team.trainers === 'one';
    if (command.count > 0 && !solo) loop.steps(command);
    if (command.count > 0 && solo && this.#rank === 0) {
      loop.stepsAlone(command, backend);
      this.#parties.control.announce('trained');
    } else if (command.count > 0 && solo) this.#workAheadUntil('trained', command.evaluate?.part ?? null);
    if (command.evaluate !== null) this.#evaluate(command.evaluate);
    loop.clock.enter(null);
  }

  /**
   * Makes the direction features of the run's training images; then every rank has the transform, fitted on them or
   * given.
   */
  #extract({ epochSamples, fit, evaluate }: RunCommand): void {
    const { control, transform, barrier, loop } = this.#parties;
    loop.clock.enter('compute');
    this.#ahead = [];
    const chunks = chunksOf(epochSamples);
    for (let chunk = control.claimExtraction(); chunk < chunks; chunk = control.claimExtraction()) {
      if (control.aborted) throw new Aborted();
      loop.clock.beat('compute');
      transform.trainingChunk(chunk, epochSamples);
    }
    loop.clock.enter('wait');
    barrier(); // the direction features and sums of every chunk are written
    loop.clock.enter('compute');
    if (this.#rank === 0) {
      if (fit) transform.fit(epochSamples);
      this.#extractedAt[0] = performance.timeOrigin + performance.now();
      control.announce('fitted');
    } else this.#workAheadUntil('fitted', evaluate?.part ?? null);
  }

  /**
   * While other ranks finish their share: makes direction features of the part to be evaluated next, if it is known.
   */
  #workAheadUntil(milestone: 'fitted' | 'trained', part: PartName | null): void {
    const { control, transform, loop } = this.#parties;
    loop.clock.enter('compute');
    const chunks = part === null ? 0 : chunksOf(this.#plan.parts[part].count);
    while (part !== null && !control.hasReached(milestone)) {
      if (control.aborted) throw new Aborted();
      const chunk = control.claimAhead();
      if (chunk >= chunks) break;
      loop.clock.beat('compute');
      transform.evaluatedChunk(part, chunk, transform.place(part, chunk));
      this.#ahead.push(chunk);
    }
    loop.clock.enter('wait');
    control.await(milestone, this.#plan.oversubscribed ? 0 : milestoneSpinMs);
  }

  #evaluate({ part, stored }: EvaluateCommand): void {
    const { control, transform, backend, loop } = this.#parties;
    loop.clock.enter('compute');
    backend.beginEvaluation();
    const chunks = chunksOf(this.#plan.parts[part].count);
    for (const chunk of this.#ahead) this.#evaluateChunk(part, chunk, transform.place(part, chunk));
    this.#ahead = [];
    const claim = stored ? () => control.claimChunk() : () => control.claimAhead();
    const { chunk: passing } = this.#directions.ranks[this.#rank];
    for (let chunk = claim(); chunk < chunks; chunk = claim()) {
      if (control.aborted) throw new Aborted();
      loop.clock.beat('evaluate');
      // Blocks that no rank needs again stay in the cache of the core that made them.
      const keeps = stored || this.#directions.keepsEvaluated;
      const out = keeps ? transform.place(part, chunk) : passing.offset;
      if (!stored) transform.evaluatedChunk(part, chunk, out);
      this.#evaluateChunk(part, chunk, out);
    }
  }

  readonly #result: ShardResult = { lossSum: 0, correct: 0 };

  #evaluateChunk(part: PartName, chunk: number, blocks: number): void {
    const first = chunk * chunkImages;
    const last = Math.min(this.#plan.parts[part].count, first + chunkImages);
    this.#parties.backend.evaluate(part, first, last, blocks, this.#result);
    this.#chunks[2 * chunk] = this.#result.lossSum;
    this.#chunks[2 * chunk + 1] = this.#result.correct;
  }
}
