/** Makes samples of picture files in threads of their own. The samples do not depend on the number of threads. */
import { availableParallelism } from 'node:os';
import { Piscina } from 'piscina';
import type { PictureFit } from '../config/choices.js';
import type { ImageShape } from '../data/images/prepare.js';
import { interruption } from '../data/interruption.js';
import type { Decoded, DecodeTask } from '../data/pictures/decode-some.js';
import type { DecodeOptions, OpenDecoder, PictureDecoder } from '../data/pictures/decoder.js';
import { requireMemory } from '../memory/memory-limit.js';
import { sizeOf } from '../numbers/size.js';
import { grouped } from '../numbers/words.js';
import { refusedThread } from './thread-limit.js';
import { codeRangeSizeMb, requireWorkerMemory } from './thread-memory.js';

/** `threads`: by default as many as the process may use, but no more than the pictures are tasks. */
export const decoderOf =
  (threads = availableParallelism()): OpenDecoder =>
  (pictures, options) =>
    new DecodingThreads(Math.max(1, Math.min(threads, Math.ceil(pictures / pictureCount))), options);

/** Of a task: some milliseconds for small pictures, and small enough to share out large ones. */
const pictureCount = 32;
const noteMs = 10_000;

class DecodingThreads implements PictureDecoder {
  readonly #pool: Piscina<DecodeTask, Decoded[]>;
  readonly #options: DecodeOptions;

  /** @throws UserError when the system allows no more threads, or too little memory for them. */
  constructor(threads: number, options: DecodeOptions) {
    requireWorkerMemory(threads);
    this.#options = options;
    try {
      this.#pool = new Piscina({
        filename: new URL('./picture-worker.js', import.meta.url).href,
        minThreads: threads,
        maxThreads: threads,
        recordTiming: false,
        resourceLimits: { codeRangeSizeMb },
        atomics: 'disabled',
      });
    } catch (error) {
      throw refusedThread(error);
    }
  }

  look(paths: readonly string[]): Promise<Decoded[]> {
    return this.#inTasks(paths, 'looked at', () => null);
  }

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
      throw signal?.aborted ? interruption('decoding pictures', signal) : refusedThread(error);
    }
  }
}
