/** Compiles the best kernel module that this machine runs correctly: flags, compilation, start-up self-test. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { allocate } from '../memory/shared-memory.js';
import { UserError } from '../user-error.js';
import { checkAll } from './checks.js';
import { checkDirections } from './directions/direction-checks.js';
import { directionModule, instantiateDirections } from './directions/direction-kernels.js';
import type { DirectionShape } from './directions/spec.js';
import { instantiateKernels } from './kernels.js';
import { candidateLevels, type Level, moduleName, setCompilerFlags } from './levels.js';

export interface KernelModules {
  readonly engine: WebAssembly.Module;
  /** Only for recipes with direction features. */
  readonly directions: WebAssembly.Module | null;
}

export interface LoadedKernels {
  readonly modules: KernelModules;
  readonly level: Level;
  /** SHA-256 of each module's file, by its name. */
  readonly sha256: Readonly<Record<string, string>>;
  /** Better levels that were refused, with the reason. */
  readonly refused: readonly string[];
}

/** Largest relative error accepted in the self-test; a wrong kernel has a far larger error. */
const tolerance = 1e-4;

/** The same for direction features, whose grid has fixed-point coordinates. */
const directionTolerance = 1e-3;

/**
 * Tries the levels from the best down and returns the first whose kernels pass the self-test. `shape`: of the
 * direction features that are needed; null: none.
 * @throws UserError when not even plain SIMD works, or when there is not enough memory.
 */
export function loadKernels(
  candidates = candidateLevels(process.versions.v8, process.arch),
  shape: DirectionShape | null = null,
): LoadedKernels {
  const refused: string[] = [];
  for (const level of candidates) {
    try {
      setCompilerFlags(level, process.versions.v8);
      return { ...compileAndCheck(shape, level), level, refused };
    } catch (error) {
      // Too little memory: another level would need as much.
      if (error instanceof UserError) throw error;
      refused.push(`${level}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  throw new UserError(`no WebAssembly kernels work on this machine (${refused.join('; ')})`);
}

function compileAndCheck(shape: DirectionShape | null, level: Level) {
  const sha256: Record<string, string> = {};
  const compile = (name: string) => {
    const bytes = readFileSync(new URL(`./${name}.wasm`, import.meta.url));
    sha256[name] = createHash('sha256').update(bytes).digest('hex');
    return new WebAssembly.Module(withMarker(bytes, level));
  };
  const kind = moduleName(level);
  const modules: KernelModules = {
    engine: compile(kind),
    directions: shape === null ? null : compile(`${directionModule(shape.grid)}.${kind}`),
  };
  const memory = allocate(64 * 65536);
  const checks: { kernel: string; error: number; tolerance: number }[] = [];
  for (const check of checkAll(instantiateKernels(modules.engine, memory), memory))
    checks.push({ ...check, tolerance });
  if (shape !== null && modules.directions !== null) {
    const directions = checkDirections(instantiateDirections(modules.directions, memory), memory, shape);
    checks.push(...directions.map((check) => ({ ...check, tolerance: directionTolerance })));
  }
  const wrong = checks.find((check) => !(check.error <= check.tolerance));
  if (wrong !== undefined) throw new Error(`kernel ${wrong.kernel} is off by ${wrong.error}`);
  return { modules, sha256 };
}

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
