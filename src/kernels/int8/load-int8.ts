/** Compiles the kernels of integer networks at the level of the loaded ones, and checks them. */
import { allocate } from '../../memory/shared-memory.js';
import { UserError } from '../../user-error.js';
import { type Level, levels } from '../levels.js';
import { compileApart } from '../load-apart.js';
import { checkInt8 } from './int8-checks.js';
import { type Int8Kernels, instantiateInt8 } from './int8-kernels.js';

export interface Int8Module {
  readonly module: WebAssembly.Module;
  /** Dot products into 32 bits are the faster ones on this processor. The results are equal. */
  readonly usesDots: boolean;
}

/**
 * `level`: of the kernels that are loaded. Falls back on plain SIMD.
 * @throws UserError if no level passes its self-test.
 */
export async function loadInt8(level: Level): Promise<Int8Module> {
  const memory = allocate(16 * 65536);
  const refused: string[] = [];
  for (const candidate of new Set<Level>([level, levels[levels.length - 1]])) {
    const module = await compileApart('int8', candidate);
    const kernels = instantiateInt8(module, memory);
    const wrong = checkInt8(kernels, memory);
    if (wrong.length === 0) return { module, usesDots: dotsAreFaster(kernels, memory) };
    refused.push(`${candidate}: ${wrong.join(', ')}`);
  }
  throw new UserError(`no integer kernels work on this machine (wrong: ${refused.join('; ')})`);
}

/** The best of some alternating calls, 64 rows of 64 quads of a panel: some 0.1 ms each. */
function dotsAreFaster(kernels: Int8Kernels, memory: WebAssembly.Memory): boolean {
  const [rows, inputs] = [64, 256];
  const bytes = new Uint8Array(memory.buffer, 65536, rows * inputs).fill(100);
  const weights = bytes.byteOffset + bytes.byteLength;
  const vectors = weights + inputs * 64;
  const starts = vectors + 1024;
  const entries = starts + 1024;
  const out = entries + rows * (inputs / 4 + 1) * 8 + 128;
  kernels.packBytes(bytes.byteOffset, rows, inputs, 1, vectors, entries, starts, vectors + 512);
  const best = [kernels.forward64, kernels.forwardDots64].map((forward) => ({
    forward,
    ms: Number.POSITIVE_INFINITY,
  }));
  for (let round = 0; round < 8; round++)
    for (const each of best) {
      const started = performance.now();
      each.forward(starts, rows, weights, vectors, vectors + 256, vectors + 512, out, 256, 0);
      each.ms = Math.min(each.ms, performance.now() - started);
    }
  return best[1].ms < best[0].ms;
}
