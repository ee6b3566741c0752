/**
 * A file that grows by pieces while a run goes on. Pieces are gathered in memory and appended synchronously, when there
 * are many or some time has passed. A step costs no system call, and a killed run keeps the file up to the last append.
 * A file that cannot be written neither throws nor delays the run: what it lacks is kept and written later; `failure` holds the
 * reason meanwhile.
 */
import { closeSync, constants, fstatSync, ftruncateSync, openSync, writeSync } from 'node:fs';

/** Characters or bytes. */
const mostGathered = 16_384;
/** Of a file that cannot be written. With more, it stays as it is. */
const mostUnwritten = 2 ** 25;

/** Not to append, as the system means it: what is written in part is written again in the same place. */
export const openRecords = (file: string, continues: boolean): number =>
  openSync(file, continues ? constants.O_WRONLY | constants.O_CREAT : 'w');

export class BufferedFile {
  readonly #everyMs: number;
  #open: (() => number) | null = null;
  #failed: (error: unknown) => void = () => {};
  #descriptor: number | null = null;
  /** Bytes of the file, all of them whole pieces; null before its first. */
  #size: number | null = null;
  #gathered: (string | Uint8Array)[] = [];
  #length = 0;
  /** In turn; each holds whole pieces. */
  #unwritten: Buffer[] = [];
  #drainedAt = 0;
  #failure: unknown = null;
  #isGivenUp = false;
  #closed = false;

  /** `everyMs`: the first piece after this long appends all pieces, however few. */
  constructor(everyMs = Number.POSITIVE_INFINITY) {
    this.#everyMs = everyMs;
  }

  /**
   * `file` opens it when there is something to append, again if that fails. Before this call, all pieces are kept.
   * `failed`: called once when the file cannot be written, and again after it could be.
   */
  open(file: () => number, failed: (error: unknown) => void = () => {}): void {
    this.#open = file;
    this.#failed = failed;
    this.#drainedAt = performance.now();
  }

  get isOpen(): boolean {
    return this.#open !== null;
  }

  /** Why the file lacks pieces, or null. */
  get failure(): unknown {
    return this.#failure;
  }

  /** Pieces that belong together, such as the characters of a line, must come as one. */
  write(piece: string | Uint8Array): void {
    if (this.#closed || this.#isGivenUp) return;
    this.#gathered.push(piece);
    this.#length += piece.length;
    const isDue = this.#length >= mostGathered || performance.now() - this.#drainedAt >= this.#everyMs;
    if (isDue && this.#open !== null) this.drain();
  }

  /** Appends the gathered pieces, after those that could not be written before. */
  drain(): void {
    const before = this.#failure;
    this.#append();
    if (before === null && this.#failure !== null) this.#failed(this.#failure);
  }

  #append(): void {
    const open = this.#open;
    if (open === null || this.#isGivenUp) return;
    if (this.#length > 0)
      this.#unwritten.push(Buffer.concat(this.#gathered.map((piece) => Buffer.from(piece))));
    this.#gathered = [];
    this.#length = 0;
    if (this.#unwritten.length === 0) return;
    this.#drainedAt = performance.now();
    try {
      this.#descriptor ??= open();
      let size = this.#size ?? fstatSync(this.#descriptor).size;
      this.#size = size;
      for (let next = this.#unwritten[0]; next !== undefined; next = this.#unwritten[0]) {
        writeWhole(this.#descriptor, next, size);
        size += next.length;
        this.#size = size;
        this.#unwritten.shift();
      }
      this.#failure = null;
    } catch (error) {
      this.#failure = error;
      this.#cut();
      this.#isGivenUp = this.#unwritten.reduce((sum, { length }) => sum + length, 0) > mostUnwritten;
      if (this.#isGivenUp) this.#unwritten = [];
    }
  }

  /** A part of a piece: it is written again, but a process that is killed before leaves whole ones. */
  #cut(): void {
    if (this.#descriptor === null || this.#size === null) return;
    try {
      ftruncateSync(this.#descriptor, this.#size);
    } catch {
      // The reader of a file that was cut expects such a part at its end.
    }
  }

  /** Appends the gathered pieces and closes the file; later pieces are dropped. */
  close(): void {
    this.#append();
    this.#closed = true;
    if (this.#descriptor === null) return;
    try {
      closeSync(this.#descriptor);
    } catch (error) {
      this.#failure ??= error;
    }
    this.#descriptor = null;
    this.#open = null;
  }
}

function writeWhole(descriptor: number, bytes: Uint8Array, position: number): void {
  for (let at = 0; at < bytes.length; )
    at += writeSync(descriptor, bytes, at, bytes.length - at, position + at);
}
