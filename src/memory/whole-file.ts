/**
 * Files that are read whole. A device such as /dev/zero has no end, a named pipe without a writer keeps its reader for
 * ever, and Node reads either until the memory ends.
 */
import { readFileSync, type Stats, statSync } from 'node:fs';
import { requireMemory } from './memory-limit.js';

/** Node reads no larger file at once. */
const largestBytes = 2 ** 31 - 1;

/** @throws Error whose message is the reason, for what is no file or larger than `mostBytes` or the memory. */
export function requireWhole(name: string, stats: Stats, mostBytes = largestBytes): void {
  if (!stats.isFile())
    throw new Error(
      `it is ${stats.isDirectory() ? 'a folder' : 'neither a file nor a folder'}, expected a file`,
    );
  if (stats.size > mostBytes) throw new Error(`${stats.size} bytes, expected at most ${mostBytes}`);
  requireMemory({ [name]: stats.size }, 'use a smaller file');
}

/** @throws Error of the system, or that of `requireWhole`. */
export function readWholeFile(file: string): Buffer {
  requireWhole(file, statSync(file));
  return readFileSync(file);
}
