/** metrics.csv: one row a step, appended while the run goes on, so that a killed run keeps its rows. */
import type { MetricName } from '../config/choices.js';
import { cannot } from '../file-failure.js';
import { ExitCode, type UserError } from '../user-error.js';
import { BufferedFile, openRecords } from './buffered-file.js';
import type { RunFolder } from './run-folder.js';

/** At most the rows of this long are lost if the process is killed. */
export const appendEveryMs = 200;

const heading = ['step', 'epoch', 'loss', 'accuracy', 'lr', 'elapsed_ms'];

/** One row of metrics.csv: a step, with the accuracy of the evaluation after it, if there was one. */
export interface MetricsRow {
  step: number;
  epoch: number;
  /** Mean loss of the step's batch. */
  loss: number;
  lr: number;
  elapsedMs: number;
}

/** This many rows are about 16 KiB. */
const mostKept = 256;

/** The metric that decides, after a step; of a resumed run, since then. */
export interface CurvePoint {
  readonly step: number;
  readonly epoch: number;
  readonly value: number;
}

export class MetricsWriter {
  readonly curve: CurvePoint[] = [];
  readonly #file = new BufferedFile();
  #rows = 0;
  /** Rows not yet written, as numbers: a short run formats no row before its end. */
  #kept: (MetricsRow & { readonly accuracy: number | ''; readonly value: number | '' })[] = [];
  #appendedAt = 0;
  readonly #continues: boolean;
  /** Of the last column, if the run is judged by another metric than the accuracy. */
  #metric: MetricName | null = null;

  /** `rows`: of a run that is resumed, already in its file, under the heading; null: a new file. */
  constructor(rows: number | null = null) {
    this.#continues = rows !== null;
    if (rows !== null) this.#rows = rows;
  }

  /** Before the file is opened. */
  measures(metric: MetricName): void {
    this.#metric = metric === 'accuracy' ? null : metric;
  }

  /** Later rows go to the folder's file; earlier rows are kept in memory until then. `failed`: if one cannot be written; it is tried again. */
  open(folder: RunFolder, failed: (error: UserError) => void = () => {}): void {
    const file = folder.file('metrics.csv');
    if (!this.#continues)
      this.#file.write(`${[...heading, ...(this.#metric === null ? [] : [this.#metric])].join()}\n`);
    this.#file.open(
      () => openRecords(file, this.#continues),
      (error) => failed(cannot('write', file, error, ExitCode.failure)),
    );
    this.#appendedAt = performance.now();
  }

  get rows(): number {
    return this.#rows;
  }

  /** An evaluation may still follow this row, but none of the rows before it. */
  step(row: MetricsRow): void {
    this.#appendIfDue();
    this.#kept.push({ ...row, accuracy: '', value: '' });
    this.#rows++;
  }

  /** Of the evaluation that ran after the latest step, accuracy from 0 to 1; ignored before the first step. */
  evaluated(accuracy: number | null, value: number | null = null): void {
    const last = this.#kept.pop();
    if (last === undefined) return;
    this.#kept.push({ ...last, accuracy: accuracy ?? '', value: value ?? '' });
    const decides = this.#metric === null ? accuracy : value;
    if (decides !== null) this.curve.push({ step: last.step, epoch: last.epoch, value: decides });
    this.#appendIfDue();
  }

  #appendIfDue(): void {
    const isDue = this.#kept.length >= mostKept || performance.now() - this.#appendedAt >= appendEveryMs;
    if (isDue && this.#file.isOpen) this.flush();
  }

  /**
   * Appends the gathered rows; the latest step gets no evaluation any more. Numbers have the shortest form that reads
   * back the same.
   */
  flush(): void {
    let text = '';
    for (const { step, epoch, loss, accuracy, lr, elapsedMs, value } of this.#kept)
      text += `${step},${epoch},${loss},${accuracy},${lr},${elapsedMs}${this.#metric === null ? '' : `,${value}`}\n`;
    this.#kept = [];
    if (text !== '') this.#file.write(text);
    this.#file.drain();
    this.#appendedAt = performance.now();
  }

  /**
   * Appends the gathered rows and closes the file, also after an interruption. Throws UserError (exit 1) if a row could
   * not be written.
   */
  async write(folder: RunFolder): Promise<void> {
    if (!this.#file.isOpen) this.open(folder);
    this.flush();
    this.#file.close();
    const { failure } = this.#file;
    if (failure !== null) throw cannot('write', folder.file('metrics.csv'), failure, ExitCode.failure);
  }
}
