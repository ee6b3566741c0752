/**
 * A file that grows by pieces while a run goes on. Pieces are gathered in memory and appended, synchronously, when there are
 * many or some time has passed: a step costs no call of the system, and a run that is killed keeps the file up to then.
 * A file that cannot be written neither throws nor holds up the run; `failure` says why at the end.
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

  /** `everyMs`: pieces are appended with the first one after so long, however few. */
  constructor(everyMs = Number.POSITIVE_INFINITY) {
    this.#everyMs = everyMs;
  }

  /** Before it, all pieces are kept. The file, or what makes it when there is something to append. */
  open(descriptor: number | (() => number)): void {
    if (typeof descriptor === 'number') this.#descriptor = descriptor;
    this.#open = () => (typeof descriptor === 'number' ? descriptor : descriptor());
    this.#drainedAt = performance.now();
  }

  get isOpen(): boolean {
    return this.#open !== null;
  }

  /** What the file could not be made or written for, or null. */
  get failure(): unknown {
    return this.#failure;
  }

  /** Pieces that belong together, such as a line, must come as one. */
  write(piece: string | Uint8Array): void {
    if (this.#closed || this.#failure !== null) return;
    this.#gathered.push(piece);
    this.#length += piece.length;
    const isDue = this.#length >= mostGathered || performance.now() - this.#drainedAt >= this.#everyMs;
    if (isDue && this.#open !== null) this.drain();
  }

  /** Appends what is gathered. */
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

  /** Appends what is gathered and lets the file go; later pieces are dropped. */
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
