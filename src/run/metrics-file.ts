/**
 * metrics.csv: a row a step. Rows are kept in memory and appended to the file now and then, so that steps wait for no disk
 * and a run that is killed keeps what it had; at the end the file is written whole.
 */
import { appendFileSync } from 'node:fs';
import { type RunFolder, writeAtomic } from './run-folder.js';

/** Between two appends, milliseconds. */
const appendEveryMs = 500;

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
  #file: string | null = null;
  /** Rows that the file has, and when it was appended to last. */
  #appended = 0;
  #appendedAt = 0;
  readonly #steps: number[] = [];
  readonly #epochs: number[] = [];
  readonly #losses: number[] = [];
  readonly #rates: number[] = [];
  readonly #elapsedMs: number[] = [];
  /** By row; rows without an evaluation are absent. */
  readonly #accuracies = new Map<number, number>();

  /** Rows go to the folder's file from now on. */
  open(folder: RunFolder): void {
    this.#file = folder.file('metrics.csv');
    this.#appendedAt = performance.now();
  }

  get rows(): number {
    return this.#steps.length;
  }

  step({ step, epoch, loss, lr, elapsedMs }: MetricsRow): void {
    this.#steps.push(step);
    this.#epochs.push(epoch);
    this.#losses.push(loss);
    this.#rates.push(lr);
    this.#elapsedMs.push(elapsedMs);
    if (this.#file !== null && performance.now() - this.#appendedAt > appendEveryMs) this.#append(this.#file);
  }

  /** The accuracy (0–1) of the evaluation that ran after the latest step; ignored before the first. */
  evaluated(accuracy: number): void {
    if (this.rows > 0) this.#accuracies.set(this.rows - 1, accuracy);
  }

  /** The whole file; numbers in their shortest form that reads back the same. */
  csv(): string {
    return `${heading}\n${this.#lines(0, this.rows)}`;
  }

  #lines(first: number, last: number): string {
    let text = '';
    for (let row = first; row < last; row++) {
      const accuracy = this.#accuracies.get(row) ?? '';
      const before = `${this.#steps[row]},${this.#epochs[row]},${this.#losses[row]}`;
      text += `${before},${accuracy},${this.#rates[row]},${this.#elapsedMs[row]}\n`;
    }
    return text;
  }

  /** All rows but the last, which an evaluation may follow. What cannot be written now is an error at the end. */
  #append(file: string): void {
    const last = this.rows - 1;
    const first = this.#appended;
    try {
      const text = this.#lines(first, last);
      appendFileSync(file, first === 0 ? `${heading}\n${text}` : text, { flag: first === 0 ? 'w' : 'a' });
      this.#appended = last;
    } catch {}
    this.#appendedAt = performance.now();
  }

  /** Writes what there is, also after an interruption. Throws UserError as `writeAtomic` does. */
  async write(folder: RunFolder): Promise<void> {
    await writeAtomic(folder.file('metrics.csv'), this.csv());
  }
}
