/**
 * Bytes on disk of a Python library with all its dependencies, computed by bench/peers/installed_size.py in its
 * environment.
 */
import { spawnSync } from 'node:child_process';
import * as z from 'zod';
import { root } from '../harness.ts';
import { ending, parsed, startFailure } from './session.ts';
import type { InstalledSize } from './types.ts';

const limitMs = 60_000;
const answer = z.object({ bytes: z.int().positive(), cudaBytes: z.int().min(0).optional() });

/** @throws Error that quotes the program's output. */
export function installedSizeOfPython(python: string, distribution: string): InstalledSize {
  const words = [`${root}bench/peers/installed_size.py`, distribution];
  const { stdout, stderr, status, signal, error } = spawnSync(python, words, {
    encoding: 'utf8',
    timeout: limitMs,
  });
  if (error !== undefined) throw new Error(startFailure(error));
  if (status !== 0) throw new Error(ending({ exitCode: status, signalCode: signal }, stderr));
  const { bytes, cudaBytes = 0 } = parsed(answer, stdout.trim());
  return cudaBytes === 0 ? { bytes } : { bytes, cudaBytes };
}
