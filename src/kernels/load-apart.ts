/**
 * The kernels of a loaded model, for a library: compiled in the background, and V8's flags hold only meanwhile. Nothing
 * that only a training needs is imported, because the caller waits for it.
 */
import { allocate } from '../memory/shared-memory.js';
import { inTurns, type Steps } from '../numbers/steps.js';
import { UserError } from '../user-error.js';
import { checkingInference } from './checks-inference.js';
import { directionModule, instantiateDirections } from './directions/direction-kernels.js';
import type { DirectionShape } from './directions/spec.js';
import { instantiateKernels } from './kernels.js';
import { type Level, levelsHere, moduleName, restoreCompilerFlags, setCompilerFlags } from './levels.js';
import type { KernelModules, LoadedKernels } from './load.js';
import { bytesOf, hashesOf, noKernels, refuseWrong, selfTestBytes, tolerances } from './modules.js';

/**
 * The first level from the best down whose kernels of inference pass the self-test, which runs in steps. `shape`: is
 * awaited while they are compiled.
 * @throws as loadKernels does, and as `shape` does.
 */
export async function loadKernelsApart(
  candidates: readonly Level[] = levelsHere(),
  shape: Promise<DirectionShape | null> | null = null,
): Promise<LoadedKernels> {
  const refused: string[] = [];
  for (const level of candidates) {
    const compiled = compileApart('inference', level);
    const needed = await shape;
    const grid = needed && directionModule(needed.grid);
    try {
      const directions = grid && (await compileApart(grid, level));
      const modules: KernelModules = { engine: await compiled, directions };
      await inTurns(checking(modules), new AbortController().signal, () => {});
      if (needed !== null) await checkDirections(modules, needed);
      const names = ['inference', ...(grid === null ? [] : [grid])];
      const sha256 = hashesOf(names.map((name) => `${name}.${moduleName(level)}`));
      return { modules, sha256, level, refused };
    } catch (error) {
      if (error instanceof UserError) throw error;
      refused.push(`${level}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  throw new UserError(noKernels(refused));
}

function* checking({ engine }: KernelModules): Steps<void> {
  const memory = allocate(selfTestBytes);
  for (const check of checkingInference(instantiateKernels(engine, memory), memory)) {
    refuseWrong([check], tolerances.engine);
    yield null;
  }
}

async function checkDirections({ directions }: KernelModules, shape: DirectionShape): Promise<void> {
  if (directions === null) return;
  const { checkDirections: check } = await import('./directions/direction-checks.js');
  const memory = allocate(selfTestBytes);
  refuseWrong(check(instantiateDirections(directions, memory), memory, shape), tolerances.directions);
}

/** One compilation at a time: the flags hold for the whole process. */
let compiling: Promise<unknown> = Promise.resolve();

/**
 * Compiles a module of a level in the background; V8's flags are restored afterwards. `kind`: its name without the
 * level's module.
 */
export function compileApart(kind: string, level: Level): Promise<WebAssembly.Module> {
  const loading = compiling.then(async () => {
    const bytes = bytesOf(`${kind}.${moduleName(level)}`, level);
    // A compilation in the background does not keep the process alive.
    const alive = setInterval(() => {}, 1000);
    setCompilerFlags(level, process.versions.v8);
    try {
      return await WebAssembly.compile(bytes);
    } finally {
      restoreCompilerFlags(process.versions.v8);
      clearInterval(alive);
    }
  });
  compiling = loading.catch(() => {});
  return loading;
}
