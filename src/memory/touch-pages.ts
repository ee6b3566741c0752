/**
 * Pages of a new memory are made when they are first written, half a microsecond or more each. Workers that wait for the
 * samples make them meanwhile.
 */
import type { Region } from './arena.js';

const [pageWords, blockBytes] = [1024, 2 ** 20];
/** More would delay what a worker has to notice. */
const mostBytes = 2 ** 28;

/**
 * Makes pages of a region from its end, in blocks that the ranks share: the coordinator fills it from its beginning. The
 * atomic operation changes nothing, whatever another thread writes to the same word.
 */
export function touchPages(
  memory: WebAssembly.Memory,
  { offset, bytes }: Region,
  rank: number,
  ranks: number,
): void {
  const words = new Int32Array(memory.buffer);
  const end = offset + bytes;
  const start = Math.max(offset, end - mostBytes);
  for (let block = end - (rank + 1) * blockBytes; block + blockBytes > start; block -= ranks * blockBytes) {
    const last = Math.min(end, block + blockBytes) >> 2;
    for (let word = Math.max(start, block) >> 2; word < last; word += pageWords) Atomics.or(words, word, 0);
  }
}
