/** Compiles the best kernel module that this machine runs correctly: flags, compilation, start-up self-test. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { UserError } from '../user-error.js';
import { checkAll } from './checks.js';
import { instantiateKernels } from './kernels.js';
import { candidateLevels, type Level, moduleName, setCompilerFlags } from './levels.js';

export interface LoadedKernels {
  readonly module: WebAssembly.Module;
  readonly level: Level;
  /** SHA-256 of the module's file. */
  readonly sha256: string;
  /** Better levels that were refused, with the reason. */
  readonly refused: readonly string[];
}

/** Greatest relative error that a kernel may show in the self-test; a wrong kernel is wrong by far more. */
const tolerance = 1e-4;

/**
 * Tries the levels from the best down and returns the first whose kernels pass the self-test.
 * @throws UserError when not even plain SIMD works.
 */
export function loadKernels(candidates = candidateLevels(process.versions.v8, process.arch)): LoadedKernels {
  const refused: string[] = [];
  for (const level of candidates) {
    try {
      setCompilerFlags(level, process.versions.v8);
      const bytes = readFileSync(new URL(`./${moduleName(level)}.wasm`, import.meta.url));
      const module = new WebAssembly.Module(withMarker(bytes, level));
      const memory = new WebAssembly.Memory({ initial: 6, maximum: 6, shared: true });
      const wrong = checkAll(instantiateKernels(module, memory), memory).find(
        (check) => !(check.error <= tolerance),
      );
      if (wrong !== undefined) throw new Error(`kernel ${wrong.kernel} is off by ${wrong.error}`);
      return { module, level, sha256: createHash('sha256').update(bytes).digest('hex'), refused };
    } catch (error) {
      refused.push(`${level}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  throw new UserError(`no WebAssembly kernels work on this machine (${refused.join('; ')})`);
}

/**
 * Appends an empty custom section with the level's name: V8 shares compiled code between modules of the same
 * bytes, and would otherwise answer a recompilation under other flags with the code already made.
 */
function withMarker(bytes: Uint8Array, level: Level): Uint8Array<ArrayBuffer> {
  const name = new TextEncoder().encode(level);
  const out = new Uint8Array(bytes.length + 3 + name.length);
  out.set(bytes);
  out.set([0, name.length + 1, name.length], bytes.length);
  out.set(name, bytes.length + 3);
  return out;
}
