/** Regions of the shared memory as arrays of numbers. */
import type { Region } from './arena.js';

type Memory = WebAssembly.Memory;

export const floatsIn = ({ buffer }: Memory, { offset, bytes }: Region): Float32Array =>
  new Float32Array(buffer, offset, bytes / 4);

export const doublesIn = ({ buffer }: Memory, { offset, bytes }: Region): Float64Array =>
  new Float64Array(buffer, offset, bytes / 8);

export const wordsIn = ({ buffer }: Memory, { offset, bytes }: Region): Int32Array =>
  new Int32Array(buffer, offset, bytes / 4);
