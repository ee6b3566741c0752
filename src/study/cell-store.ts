/**
 * cells.ndjson: every finished cell is a line, written as soon as its result is known. Finished cells survive any end
 * of the process; a line that was cut in the middle is not a cell.
 */
import { appendFileSync } from 'node:fs';
import * as z from 'zod';
import { cannot, errorCode } from '../file-failure.js';
import { readWholeFile } from '../memory/whole-file.js';
import { ExitCode } from '../user-error.js';

/** The result of an evaluation during the run. */
const curvePoint = z
  .object({
    step: z.int(),
    images: z.number(),
    /** Resident clock, without the evaluations before this one. */
    ms: z.number(),
    /** Share, 0–1. */
    accuracy: z.number(),
  })
  .readonly();
export type CurvePoint = z.infer<typeof curvePoint>;

const cell = z.object({
  /** `cellKey` of the variant. */
  key: z.string(),
  comparison: z.string(),
  variant: z.string(),
  seed: z.int(),
  /** Null if the loss became infinite or NaN. */
  accuracy: z.number().nullable(),
  loss: z.number().nullable(),
  /** Resident clock of the whole run with its last evaluation only. */
  residentMs: z.number(),
  steps: z.int(),
  images: z.number(),
  curve: z.array(curvePoint).readonly(),
  /** Gradient noise scale in images, if log.noiseScale is set. */
  noiseScale: z.number().nullable().optional(),
  /** ISO 8601, UTC. */
  date: z.string(),
});
export type Cell = Readonly<z.infer<typeof cell>>;

/** Number of steps with which a variant takes as long as its baseline's run. */
const equalTime = z.object({ kind: z.literal('equal-time'), key: z.string(), steps: z.int().min(1) });

const line = z.discriminatedUnion('kind', [cell.extend({ kind: z.literal('cell') }), equalTime]);

export class CellStore {
  readonly #file: string | null;
  readonly #cells = new Map<string, Cell>();
  readonly #steps = new Map<string, number>();
  /** Lines that could not be read. */
  readonly damaged: number;
  /** The last line is incomplete. */
  #cut: boolean;

  /**
   * Reads the existing file, if any (null: there is none). `keeps`: whether cells are written to it.
   * @throws UserError if it cannot be read.
   */
  constructor(file: string | null, keeps = true) {
    this.#file = keeps ? file : null;
    const text = file === null ? '' : readText(file);
    let damaged = 0;
    for (const each of text.split('\n')) {
      if (each === '') continue;
      const read = line.safeParse(parsed(each));
      if (!read.success) damaged++;
      else if (read.data.kind === 'cell') this.#cells.set(idOf(read.data.key, read.data.seed), read.data);
      else this.#steps.set(read.data.key, read.data.steps);
    }
    this.damaged = damaged;
    // The next line must not continue a line that was cut.
    this.#cut = text !== '' && !text.endsWith('\n');
  }

  get(key: string, seed: number): Cell | undefined {
    return this.#cells.get(idOf(key, seed));
  }

  get size(): number {
    return this.#cells.size;
  }

  /** Keeps the cell. @throws UserError if its line cannot be written. */
  add(finished: Cell): void {
    this.#cells.set(idOf(finished.key, finished.seed), finished);
    this.#append(`${JSON.stringify({ kind: 'cell', ...finished })}\n`);
  }

  /** `key`: of the variant and its baseline together. */
  equalTimeSteps(key: string): number | undefined {
    return this.#steps.get(key);
  }

  keepEqualTimeSteps(key: string, steps: number): void {
    this.#append(`${JSON.stringify({ kind: 'equal-time', key, steps })}\n`);
    this.#steps.set(key, steps);
  }

  #append(text: string): void {
    if (this.#file === null) return;
    try {
      appendFileSync(this.#file, this.#cut ? `\n${text}` : text);
      this.#cut = false;
    } catch (error) {
      throw cannot('write', this.#file, error, ExitCode.failure);
    }
  }
}

const idOf = (key: string, seed: number) => `${key} ${seed}`;

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Empty without the file. */
function readText(file: string): string {
  try {
    return readWholeFile(file).toString('utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return '';
    throw cannot('read', file, error, ExitCode.failure);
  }
}
