/** Compiles the best kernel module that this machine runs correctly: flags, compilation, start-up self-test. */
import { allocate } from '../memory/shared-memory.js';
import { loadElementary } from '../numbers/elementary.js';
import { UserError } from '../user-error.js';
import { checkAll } from './checks.js';
import { checkDirections } from './directions/direction-checks.js';
import { directionModule, instantiateDirections } from './directions/direction-kernels.js';
import type { DirectionShape } from './directions/spec.js';
import { instantiateKernels } from './kernels.js';
import { type Level, levelsHere, moduleName, restoreCompilerFlags, setCompilerFlags } from './levels.js';
import { bytesOf, hashesOf, noKernels, refuseWrong, selfTestBytes, tolerances } from './modules.js';

export interface KernelModules {
  /** All kernels; of loadKernelsApart: those of inference. */
  readonly engine: WebAssembly.Module;
  /** Only for recipes with direction features. */
  readonly directions: WebAssembly.Module | null;
}

export interface LoadedKernels {
  readonly modules: KernelModules;
  readonly level: Level;
  /** SHA-256 of each module's file, by its name; computed when it is read. */
  readonly sha256: Readonly<Record<string, string>>;
  /** Better levels that were refused, with the reason. */
  readonly refused: readonly string[];
}

/**
 * Tries the levels from the best down and returns the first whose kernels pass the self-test. `shape`: of the
 * direction features that are needed; null: none.
 * @throws UserError when not even plain SIMD works, or when there is not enough memory.
 */
export function loadKernels(
  candidates: readonly Level[] = levelsHere(),
  shape: DirectionShape | null = null,
): LoadedKernels {
  loadElementary();
  try {
    return firstThatWorks(candidates, shape);
  } finally {
    // Under other flags V8 refuses its own cached code: a worker would compile Node's modules, 30 ms.
    restoreCompilerFlags(process.versions.v8);
  }
}

function firstThatWorks(candidates: readonly Level[], shape: DirectionShape | null): LoadedKernels {
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
  throw new UserError(noKernels(refused));
}

function compileAndCheck(shape: DirectionShape | null, level: Level) {
  const kind = moduleName(level);
  const named = shape === null ? null : `${directionModule(shape.grid)}.${kind}`;
  const modules: KernelModules = {
    engine: new WebAssembly.Module(bytesOf(kind, level)),
    directions: named && new WebAssembly.Module(bytesOf(named, level)),
  };
  const memory = allocate(selfTestBytes);
  refuseWrong(checkAll(instantiateKernels(modules.engine, memory), memory), tolerances.engine);
  if (shape !== null && modules.directions !== null) {
    const kernels = instantiateDirections(modules.directions, memory);
    refuseWrong(checkDirections(kernels, memory, shape), tolerances.directions);
  }
  return { modules, sha256: hashesOf(named === null ? [kind] : [named, kind]) };
}
