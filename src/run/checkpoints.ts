/**
 * The checkpoints of a run: when the state is copied, and the files that are written of it while the run goes on. At most
 * one file is being written at a time; of several copies that wait meanwhile, only the newest is kept.
 */
import fs from 'node:fs/promises';
import path from 'node:path';
import type { Config } from '../config/schema.js';
import { type CheckpointInterval, checkpointInterval } from '../config/schema-checkpoint.js';
import { type Checkpoint, capture } from '../coordinator/checkpoint.js';
import type { Session } from '../coordinator/session.js';
import type { TrainingState } from '../coordinator/state.js';
import type { Position, RunObserver } from '../coordinator/training-run.js';
import { measured } from '../coordinator/work.js';
import { errorCode } from '../file-failure.js';
import { isBetter, type Metric } from '../metrics/metric.js';
import { Pace } from '../plan/pace.js';
import type { runLength } from '../plan/run-length.js';
import type { Warn } from '../warnings.js';
import { type Contents, syncFolder, temporaryName, writeAtomic } from './atomic-file.js';
import { encodeCheckpoint, type RunFacts } from './checkpoint-file.js';
import { bestName, checkpointName, checkpointsIn, lastName, stepOf } from './checkpoint-names.js';

/** `auto`: a run that takes less by its own speed has no checkpoints. */
const shortestAutoMs = 10_000;

export interface CheckpointTask {
  readonly config: Config;
  readonly folder: string;
  readonly facts: RunFacts;
  readonly length: ReturnType<typeof runLength>;
  /** Appends all rows and events so far to their files. */
  readonly flush: () => void;
  /** These files; they need not exist. */
  readonly records: readonly string[];
  readonly warn: Warn;
  /** Of the run that is resumed, and the best value of the metric among its checkpoints. */
  readonly from: TrainingState | null;
  readonly best: number | null;
  readonly metric: Metric;
}

export class Checkpoints {
  readonly #task: CheckpointTask;
  readonly #every: CheckpointInterval;
  readonly #session: Session;
  #capturedMs: number;
  readonly #pace: Pace;
  #bestValue: number | null;
  /** Copies that no file has yet. */
  #waiting: Checkpoint | null = null;
  #best: Checkpoint | null = null;
  #writing: Promise<void> | null = null;
  /** Names of the numbered files that were written whole. */
  readonly #written = new Set<string>();
  readonly #failing = new Set<'records' | 'checkpoint'>();
  /** The step of the newest file; null without one. */
  writtenStep: number | null;

  private constructor(task: CheckpointTask, every: CheckpointInterval, session: Session) {
    this.#task = task;
    this.#every = every;
    this.#session = session;
    this.#capturedMs = performance.now();
    this.#pace = new Pace(session.plan, task.from ?? { step: 0, elapsedMs: 0 });
    this.#bestValue = task.best;
    this.writtenStep = task.from?.step ?? null;
  }

  /** Null if they are off. */
  static of(task: CheckpointTask, session: Session): Checkpoints | null {
    const every = checkpointInterval(task.config.checkpoint.every);
    return every && new Checkpoints(task, every, session);
  }

  /** What they see of the run. */
  readonly observer: Pick<RunObserver, 'atMost' | 'between' | 'failed'> = {
    atMost: (position) => this.#atMost(position),
    between: (state) => this.#between(state),
    failed: (kept) => this.#keep(kept.state, () => kept),
  };

  #atMost({ step }: Position): number {
    const { unit, count } = this.#every;
    if (unit === 'epochs') return Number.POSITIVE_INFINITY;
    if (unit === 'steps') return count - (step % count);
    return this.#pace.stepsIn(this.#capturedMs + count * 1000 - performance.now());
  }

  #between(state: TrainingState): void {
    const { step, evaluation, evaluatedAt } = state;
    this.#pace.now(state);
    const isEvaluated = evaluation !== null && evaluatedAt === step;
    const { metric } = this.#task;
    const value = isEvaluated ? measured(evaluation, metric.name) : null;
    const improves = value !== null && (this.#bestValue === null || isBetter(metric, value, this.#bestValue));
    const isDue = this.#isDue(step);
    if (improves && this.#isLong(state)) {
      this.#bestValue = value;
      this.#best = capture(this.#session, state);
      if (isDue) this.#waiting = this.#best;
    } else if (isDue) this.#waiting = capture(this.#session, state);
    if (!isDue) return;
    this.#capturedMs = performance.now();
    this.#start();
  }

  #isDue(step: number): boolean {
    const { unit, count } = this.#every;
    if (unit === 'steps') return step % count === 0;
    if (unit === 'epochs') return step % (count * this.#task.length.stepsPerEpoch) === 0;
    return performance.now() - this.#capturedMs >= count * 1000;
  }

  /** With `auto`, a run is long if its steps take long enough at their present speed. */
  #isLong({ step, elapsedMs }: TrainingState): boolean {
    return (
      !this.#every.isAuto || (step > 0 && (elapsedMs / step) * this.#task.length.totalSteps >= shortestAutoMs)
    );
  }

  /** After an interruption that leaves the weights of a whole step. */
  interrupted(state: TrainingState): void {
    this.#keep(state, () => capture(this.#session, state));
  }

  /** Unless there is a copy or a file of this step, or a later one; while one is being written, that may still fail. */
  #keep(state: TrainingState, copy: () => Checkpoint): void {
    const newest = this.#waiting?.state.step ?? this.writtenStep ?? 0;
    if (state.step <= newest || !this.#isLong(state)) return;
    this.#waiting = copy();
    this.#start();
  }

  #start(): void {
    // A checkpoint without the rows before it would leave a gap. No row is waiting for its evaluation now.
    try {
      this.#task.flush();
      this.#failing.delete('records');
    } catch (error) {
      // The log reports it at the end of the run, which goes on.
      if (this.#waiting !== null) this.#complain(this.#waiting, error, 'records');
      this.#waiting = null;
      return;
    }
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = null;
    });
  }

  /** A run whose checkpoint cannot be written continues: the last one is still whole. */
  async #writeAll(): Promise<void> {
    while (this.#waiting !== null) {
      const [checkpoint, best] = [this.#waiting, this.#best];
      this.#waiting = null;
      // A copy of a step before that of the file that was being written.
      if (checkpoint.state.step <= (this.writtenStep ?? 0)) continue;
      try {
        await this.#write(checkpoint, best);
        this.#failing.delete('checkpoint');
      } catch (error) {
        this.#complain(checkpoint, error);
      }
    }
  }

  async #write(checkpoint: Checkpoint, best: Checkpoint | null): Promise<void> {
    const { folder, facts } = this.#task;
    const { step } = checkpoint.state;
    await Promise.all(this.#task.records.map(sync));
    if (best !== null) await this.#writeBest(best);
    const name = checkpointName(step);
    const file = path.join(folder, name);
    const contents = await encodeCheckpoint({ facts, checkpoint });
    await writeAtomic(file, contents);
    this.writtenStep = step;
    this.#written.add(name);
    await link(file, path.join(folder, lastName), contents).catch((error: unknown) =>
      this.#warn(`the checkpoint after step ${step} is not ${lastName}`, error),
    );
    await this.#prune().catch((error: unknown) =>
      this.#warn(`checkpoints before step ${step} are not deleted`, error),
    );
  }

  /** The newest stay. One of a later step than that from which the run goes on could not be read then, and does not count. */
  async #prune(): Promise<void> {
    const { folder, config, from } = this.#task;
    const names = checkpointsIn(folder);
    const isOurs = (name: string) => this.#written.has(name) || (stepOf(name) ?? 0) <= (from?.step ?? 0);
    const kept = names.filter(isOurs).slice(0, config.checkpoint.keep);
    for (const name of names) if (!kept.includes(name)) await fs.rm(path.join(folder, name), { force: true });
  }

  async #writeBest(best: Checkpoint): Promise<void> {
    const { folder, facts } = this.#task;
    await writeAtomic(path.join(folder, bestName), await encodeCheckpoint({ facts, checkpoint: best }));
    if (this.#best === best) this.#best = null;
  }

  /** Waits until everything is written that has been copied. */
  async finish(): Promise<void> {
    while (this.#writing !== null) await this.#writing;
    const best = this.#best;
    if (best !== null) await this.#writeBest(best).catch((error: unknown) => this.#complain(best, error));
  }

  /** Once, until it works again. */
  #complain({ state }: Checkpoint, error: unknown, what: 'records' | 'checkpoint' = 'checkpoint'): void {
    if (this.#failing.has(what)) return;
    this.#failing.add(what);
    this.#warn(`no checkpoint after step ${state.step}`, error);
  }

  #warn(what: string, error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    this.#task.warn('checkpoint-not-written', `${what}: ${reason}; the next one is tried`);
  }
}

/** A file of records to the disk, if there is one: a log is not if it is silent. */
async function sync(file: string): Promise<void> {
  const handle = await fs.open(file, 'r+').catch((error: unknown) => {
    if (errorCode(error) !== 'ENOENT') throw error;
    return null;
  });
  await handle?.sync().finally(() => handle.close());
}

/** Another name of a finished file, in place of an older one; a copy on file systems without links. */
async function link(file: string, name: string, contents: Contents): Promise<void> {
  const temporary = temporaryName(name);
  try {
    await fs.link(file, temporary);
    await fs.rename(temporary, name);
    await syncFolder(path.dirname(name));
  } catch {
    await writeAtomic(name, contents);
  } finally {
    await fs.rm(temporary, { force: true });
  }
}
