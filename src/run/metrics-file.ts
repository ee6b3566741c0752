/** metrics.csv: a row a step, appended while the run goes on, so that a run that is killed keeps its rows. */
import { openSync } from 'node:fs';
import { ExitCode } from '../user-error.js';
import { cannot } from './atomic-file.js';
import { BufferedFile } from './buffered-file.js';
import type { RunFolder } from './run-folder.js';

/** Rows of so long are lost at most if the process is killed. */
export const appendEveryMs = 200;

const heading = 'step,epoch,loss,accuracy,lr,elapsed_ms';

/** One row of metrics.csv: a step, before an evaluation may have followed it. */
export interface MetricsRow {
  step: number;
  epoch: number;
  /** Mean loss of the step's batch. */
  loss: number;
  lr: number;
  elapsedMs: number;
}

export class MetricsWriter {
  readonly #file = new BufferedFile(appendEveryMs);
  #rows = 0;
  /** The latest row, which an evaluation may yet follow. */
  #last: MetricsRow | null = null;

  constructor() {
    this.#file.write(`${heading}\n`);
  }

  /** Rows go to the folder's file from now on; before, they are kept in memory. */
  open(folder: RunFolder): void {
    this.#file.open(() => openSync(folder.file('metrics.csv'), 'w'));
  }

  get rows(): number {
    return this.#rows;
  }

  step(row: MetricsRow): void {
    this.#put('');
    this.#last = row;
    this.#rows++;
  }

  /** The accuracy (0–1) of the evaluation that ran after the latest step; ignored before the first. */
  evaluated(accuracy: number): void {
    this.#put(accuracy);
  }

  /** Numbers in their shortest form that reads back the same. */
  #put(accuracy: number | ''): void {
    if (this.#last === null) return;
    const { step, epoch, loss, lr, elapsedMs } = this.#last;
    this.#last = null;
    this.#file.write(`${step},${epoch},${loss},${accuracy},${lr},${elapsedMs}\n`);
  }

  /** Appends what there is: no evaluation follows. */
  flush(): void {
    this.#put('');
    this.#file.drain();
  }

  /** Ends the file with what there is, also after an interruption. Throws UserError (exit 1) if a row could not be written. */
  async write(folder: RunFolder): Promise<void> {
    if (!this.#file.isOpen) this.open(folder);
    this.flush();
    this.#file.close();
    const { failure } = this.#file;
    if (failure !== null) throw cannot('write', folder.file('metrics.csv'), failure, ExitCode.failure);
  }
}
