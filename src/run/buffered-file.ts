/**
 * A file that grows by pieces while a run goes on. Pieces are gathered in memory and appended synchronously, when there
 * are many or some time has passed. A step costs no system call, and a killed run keeps the file up to the last append.
 * A file that cannot be written neither throws nor delays the run; `failure` holds the reason at the end.
 */
import { closeSync, writeFileSync } from 'node:fs';

/** Characters or bytes. */
const mostGathered = 16_384;

export class BufferedFile {
  readonly #everyMs: number;
  #open: (() => number) | null = null;
  #descriptor: number | null = null;
  #gathered: (string | Uint8Array)[] = [];
  #length = 0;
  #drainedAt = 0;
  #failure: unknown = null;
  #closed = false;

  /** `everyMs`: the first piece after this long appends all pieces, however few. */
  constructor(everyMs = Number.POSITIVE_INFINITY) {
    this.#everyMs = everyMs;
  }

  /** The file, or a function that makes it when there is something to append. Before this call, all pieces are kept. */
  open(descriptor: number | (() => number)): void {
    if (typeof descriptor === 'number') this.#descriptor = descriptor;
    this.#open = () => (typeof descriptor === 'number' ? descriptor : descriptor());
    this.#drainedAt = performance.now();
  }

  get isOpen(): boolean {
    return this.#open !== null;
  }

  /** Why the file could not be made or written, or null. */
  get failure(): unknown {
    return this.#failure;
  }

  /** Pieces that belong together, such as the characters of a line, must come as one. */
  write(piece: string | Uint8Array): void {
    if (this.#closed || this.#failure !== null) return;
    this.#gathered.push(piece);
    this.#length += piece.length;
    const isDue = this.#length >= mostGathered || performance.now() - this.#drainedAt >= this.#everyMs;
    if (isDue && this.#open !== null) this.drain();
  }

  /** Appends the gathered pieces. */
  drain(): void {
    if (this.#open === null || this.#failure !== null || this.#length === 0) return;
    const pieces = this.#gathered;
    this.#gathered = [];
    this.#length = 0;
    try {
      this.#descriptor ??= this.#open();
      writeFileSync(this.#descriptor, Buffer.concat(pieces.map((piece) => Buffer.from(piece))));
    } catch (error) {
      this.#failure = error;
    }
    this.#drainedAt = performance.now();
  }

  /** Appends the gathered pieces and closes the file; later pieces are dropped. */
  close(): void {
    this.drain();
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
