/**
 * Runs that outlive their workers. Copies of the run's state are made in memory from time to time, between two commands. If a
 * worker is lost, others may be in the middle of a step, which cannot be undone: the weights in the shared memory are of no
 * use. The run goes on from the last copy on new workers, or ends and hands it over.
 */
import { requireMemory } from '../memory/memory-limit.js';
import { copyParts } from '../plan/memory-parts.js';
import { Pace } from '../plan/pace.js';
import { WorkerFailure } from '../worker/session-errors.js';
import { type Checkpoint, capture, restore } from './checkpoint.js';
import { Interrupted } from './interruption.js';
import type { Course } from './next-work.js';
import { follow, type RunObserver, silent } from './run-loop.js';
import type { Session } from './session.js';
import type { TrainingState } from './state.js';

/**
 * Copies cost at most this share of the time, and are not made more often than that. Workers lose about twice the time of a copy:
 * they wait for it, and find their caches cold.
 */
const [costShare, leastMs] = [0.005, 500];

export class Copies {
  readonly #session: Session;
  readonly #pace: Pace;
  kept: Checkpoint | null = null;
  /** A moving average: one copy may meet a machine that is busy. */
  #copyMs: number | null = null;
  #dueAt = performance.now() + leastMs;

  /** `keepsStart`: the first copy is that of the start. */
  constructor(session: Session, start: TrainingState, keepsStart = false) {
    this.#session = session;
    this.#pace = new Pace(session.plan, start);
    if (keepsStart) this.kept = capture(session, start);
  }

  /** So that no copy waits for the end of a long command. */
  get atMost(): number {
    return this.#pace.stepsIn(this.#dueAt - performance.now());
  }

  /** After a command. */
  copyIfDue(state: TrainingState): void {
    this.#pace.now(state);
    const from = performance.now();
    if (from < this.#dueAt) return;
    this.kept = capture(this.#session, state, this.kept);
    const to = performance.now();
    this.#copyMs = this.#copyMs === null ? to - from : 0.7 * this.#copyMs + 0.3 * (to - from);
    this.#dueAt = to + Math.max(leastMs, this.#copyMs / costShare);
  }
}

type Kind = 'step' | 'evaluation' | 'epoch' | 'noise' | 'between';

/** Passes on each report once, though its step may be taken again. */
class Once {
  readonly #to: RunObserver;
  readonly #passed: Record<Kind, number> = { step: 0, evaluation: -1, epoch: 0, noise: 0, between: 0 };

  constructor(to: RunObserver) {
    this.#to = to;
  }

  #isNew(kind: Kind, count: number): boolean {
    if (count <= this.#passed[kind]) return false;
    this.#passed[kind] = count;
    return true;
  }

  readonly reports: Omit<RunObserver, 'stopped' | 'lost' | 'failed'> = {
    step: (position, ...rest) => {
      if (this.#isNew('step', position.step)) this.#to.step(position, ...rest);
    },
    evaluation: (position, evaluation) => {
      if (this.#isNew('evaluation', position.step)) this.#to.evaluation(position, evaluation);
    },
    epoch: (position, ...rest) => {
      if (this.#isNew('epoch', position.epoch)) this.#to.epoch(position, ...rest);
    },
    noiseScale: (position, estimate) => {
      if (this.#isNew('noise', position.step)) this.#to.noiseScale(position, estimate);
    },
    between: (state) => {
      if (this.#isNew('between', state.step)) this.#to.between(state);
    },
    atMost: (position) => this.#to.atMost(position),
    ordered: (...times) => this.#to.ordered(...times),
    tick: (position) => {
      if (position.step >= this.#passed.step) this.#to.tick(position);
    },
  };
}

/** Losses in a row, without a step that is new to the run between them, of which the next one ends it. */
const mostLosses = 3;

/** Judges whether a run goes on after a loss: what fails again and again is not the worker. */
class Losses {
  #last = -1;
  #furthest = -1;
  #inRow = 0;

  /** `from`: the step after which the run went on; `to`: the last step before the loss. */
  goesOn(from: number, to: number): boolean {
    const isNew = to > this.#furthest;
    const isSame = to === this.#last;
    this.#inRow = isNew ? 1 : this.#inRow + 1;
    this.#last = to;
    this.#furthest = Math.max(this.#furthest, to);
    return isNew || (!isSame && to > from && this.#inRow <= mostLosses);
  }
}

/**
 * As `follow`. `continues`: if a worker is lost, the run goes on from the last copy. It fails if the same step then fails again, if
 * no step was done since the copy, or after `mostLosses` without a new step.
 * @throws as Session.run does; UserError if there is no memory for the copies.
 */
export async function followWithCopies<Reason extends string>(
  session: Session,
  course: Course<Reason>,
  start: TrainingState,
  given: Partial<RunObserver>,
  continues: boolean,
): ReturnType<typeof follow<Reason>> {
  const observer: RunObserver = { ...silent, ...given };
  if (!continues && observer.failed === undefined) return follow(session, course, start, observer);
  const bytes = [...session.lasting.values()].reduce((sum, { byteLength }) => sum + byteLength, 0);
  const lower = 'use a smaller model.hidden, or parallel.onWorkerLoss=fail and checkpoint.every=off';
  requireMemory(copyParts(bytes, observer.failed !== undefined), lower);
  const copies = new Copies(session, start, continues);
  const { reports } = new Once(observer);
  const losses = new Losses();
  for (let from = start; ; ) {
    let stop = () => {};
    let sofar = from;
    let stoppedAt = 0;
    const watched: RunObserver = {
      ...reports,
      lost() {},
      atMost: (position) => Math.min(copies.atMost, reports.atMost(position)),
      between(state) {
        copies.copyIfDue(state);
        reports.between(state);
      },
      stopped(outcome, state) {
        stop = () => observer.stopped(outcome, state);
        sofar = state;
        stoppedAt = performance.now();
      },
    };
    try {
      return await follow(session, course, from, watched);
    } catch (error) {
      const { kept } = copies;
      const end = (cause: unknown) => {
        const isLost = cause instanceof WorkerFailure || (cause instanceof Interrupted && !session.isWhole);
        if (isLost && kept !== null) observer.failed?.(kept);
        stop();
        return cause;
      };
      const isLoss = continues && error instanceof WorkerFailure;
      if (!isLoss || kept === null || !losses.goesOn(from.step, sofar.step)) throw end(error);
      await session.restart().catch((cause: unknown) => {
        throw end(cause);
      });
      // The resident clock goes on meanwhile.
      const elapsedMs = sofar.elapsedMs + performance.now() - stoppedAt;
      from = { ...restore(session, kept), elapsedMs };
      observer.lost({ step: from.step, epoch: from.epoch, elapsedMs }, error);
    }
  }
}
