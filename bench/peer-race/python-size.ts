/** Bytes on disk of a Python library with all that it depends on, told by bench/peers/installed_size.py in its environment. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import * as z from 'zod';
import { root } from '../harness.ts';
import { parsed } from './session.ts';
import type { InstalledSize } from './types.ts';

const limitMs = 60_000;
const answer = z.object({ bytes: z.int().positive(), cudaBytes: z.int().min(0).optional() });

/** @throws Error that tells what the program said instead. */
export async function installedSizeOfPython(python: string, peer: string): Promise<InstalledSize> {
  const words = [`${root}bench/peers/installed_size.py`, peer];
  const { stdout } = await promisify(execFile)(python, words, { timeout: limitMs });
  const { bytes, cudaBytes } = parsed(answer, stdout.trim());
  return cudaBytes === undefined || cudaBytes === 0 ? { bytes } : { bytes, cudaBytes };
}
