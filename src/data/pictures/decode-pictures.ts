/** Makes samples of picture files in threads of their own. The samples do not depend on the number of threads. */
import { availableParallelism } from 'node:os';
import { Piscina } from 'piscina';
import type { PictureFit } from '../../config/choices.js';
import { requireMemory } from '../../memory/memory-limit.js';
import { sizeOf } from '../../numbers/size.js';
import { grouped } from '../../numbers/words.js';
import type { ImageShape } from '../images/prepare.js';
import { interruption } from '../interruption.js';
import type { Decoded, DecodeTask } from './decode-task.js';

export interface DecodeOptions {
  readonly signal?: AbortSignal | undefined;
  readonly note: (line: string) => void;
  /** Threads that decode; by default as many as the process may use. */
  readonly threads?: number | undefined;
}

/** Of a task: some milliseconds for small pictures, and small enough to share out large ones. */
const pictureCount = 32;
const noteMs = 10_000;

export class PictureDecoder {
  readonly #pool: Piscina<DecodeTask, Decoded[]>;
  readonly #options: DecodeOptions;

  /** `pictures`: no more threads than they have tasks. */
  constructor(pictures: number, options: DecodeOptions) {
    const { threads = availableParallelism() } = options;
    const most = Math.max(1, Math.min(threads, Math.ceil(pictures / pictureCount)));
    this.#options = options;
    this.#pool = new Piscina({
      filename: new URL('./decode-task.js', import.meta.url).href,
      minThreads: most,
      maxThreads: most,
      recordTiming: false,
      atomics: 'disabled',
    });
  }

  /** What the files say of themselves, in their order. */
  look(paths: readonly string[]): Promise<Decoded[]> {
    return this.#inTasks(paths, 'looked at', () => null);
  }

  /** u8 [pictures][rows][columns][channels], in shared memory; those that failed are black. */
  async read(paths: readonly string[], shape: ImageShape, fit: PictureFit) {
    const bytes = paths.length * sizeOf(shape);
    requireMemory({ pictures: bytes }, 'lower data.images.size, or name a folder of fewer pictures');
    const room = new SharedArrayBuffer(bytes);
    const samples = (first: number) => ({ shape, fit, room, first });
    const results = await this.#inTasks(paths, 'decoded', samples);
    return { values: new Uint8Array(room), results };
  }

  close(): Promise<void> {
    return this.#pool.destroy();
  }

  async #inTasks(
    paths: readonly string[],
    done: string,
    samples: (first: number) => DecodeTask['samples'],
  ): Promise<Decoded[]> {
    const { signal, note } = this.#options;
    let [ready, notedMs] = [0, performance.now()];
    const firsts = Array.from(
      { length: Math.ceil(paths.length / pictureCount) },
      (_, task) => task * pictureCount,
    );
    try {
      const parts = await Promise.all(
        firsts.map(async (first) => {
          const some = paths.slice(first, first + pictureCount);
          const task = { paths: some, samples: samples(first) };
          const results = await this.#pool.run(task, signal === undefined ? {} : { signal });
          ready += some.length;
          if (performance.now() > notedMs + noteMs) {
            notedMs = performance.now();
            note(`${grouped(ready)} of ${grouped(paths.length)} pictures are ${done}`);
          }
          return results;
        }),
      );
      return parts.flat();
    } catch (error) {
      throw signal?.aborted ? interruption('decoding pictures', signal) : error;
    }
  }
}
