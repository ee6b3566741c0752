/** The files of the kernels' modules, and what all loaders of kernels agree on. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Level } from './levels.js';

/** Largest relative errors accepted in the self-test; a wrong kernel has a far larger error. */
export const tolerances = {
  engine: 1e-4,
  /** The grid has fixed-point coordinates. */
  directions: 1e-3,
} as const;

/** Memory of a self-test. */
export const selfTestBytes = 64 * 65536;

/** @throws Error naming the first kernel that computes wrongly. */
export function refuseWrong(checks: readonly { kernel: string; error: number }[], limit: number): void {
  const wrong = checks.find(({ error }) => !(error <= limit));
  if (wrong !== undefined) throw new Error(`kernel ${wrong.kernel} is off by ${wrong.error}`);
}

export const noKernels = (refused: readonly string[]) =>
  `no WebAssembly kernels work on this machine (${refused.join('; ')})`;

/** SHA-256 of the files of these modules, by name; computed when it is read, because loading a model needs none. */
export function hashesOf(names: readonly string[]): Readonly<Record<string, string>> {
  const hashes = {};
  for (const name of names)
    Object.defineProperty(hashes, name, { enumerable: true, get: () => hashOf(name) });
  return hashes;
}

const hashOf = (name: string) => createHash('sha256').update(read(name)).digest('hex');

const read = (name: string): Uint8Array => readFileSync(new URL(`./${name}.wasm`, import.meta.url));

/** The bytes to compile at a level. `name`: of the module's file. */
export const bytesOf = (name: string, level: Level) => withMarker(read(name), level);

/**
 * Appends an empty custom section with the level's name. V8 shares compiled code between modules of the same bytes;
 * without the section, compiling under other flags would return the code already made.
 */
function withMarker(bytes: Uint8Array, level: Level): Uint8Array<ArrayBuffer> {
  const name = new TextEncoder().encode(level);
  const out = new Uint8Array(bytes.length + 3 + name.length);
  out.set(bytes);
  out.set([0, name.length + 1, name.length], bytes.length);
  out.set(name, bytes.length + 3);
  return out;
}
