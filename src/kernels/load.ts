/** Compiles the best kernel module that this machine runs correctly: flags, compilation, start-up self-test. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { allocate } from '../memory/shared-memory.js';
import { atOnce, inTurns, type Steps } from '../numbers/steps.js';
import { UserError } from '../user-error.js';
import { checkingAll } from './checks.js';
import { checkDirections } from './directions/direction-checks.js';
import { directionModule, instantiateDirections } from './directions/direction-kernels.js';
import type { DirectionShape } from './directions/spec.js';
import { instantiateKernels } from './kernels.js';
import { candidateLevels, type Level, moduleName, restoreCompilerFlags, setCompilerFlags } from './levels.js';

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
  throw new UserError(noKernels(refused));
}

/** The same, and V8's flags are restored afterwards. @throws as loadKernels does. */
export const loadKernelsRestoring: typeof loadKernels = (candidates, shape) => {
  try {
    return loadKernels(candidates, shape);
  } finally {
    restoreCompilerFlags(process.versions.v8);
  }
};

/** One compilation at a time: the flags hold for the whole process. */
let compiling: Promise<unknown> = Promise.resolve();

/**
 * The same for a library: compiled in the background, checked in steps, and V8's flags are restored afterwards.
 * @throws as loadKernels does.
 */
export function loadKernelsApart(
  candidates = candidateLevels(process.versions.v8, process.arch),
  shape: DirectionShape | null = null,
): Promise<LoadedKernels> {
  const loading = compiling.then(() => loadApart(candidates, shape));
  compiling = loading.catch(() => {});
  return loading;
}

async function loadApart(candidates: readonly Level[], shape: DirectionShape | null): Promise<LoadedKernels> {
  const refused: string[] = [];
  for (const level of candidates) {
    const files = readModules(shape, level);
    // A compilation in the background does not keep the process alive.
    const alive = setInterval(() => {}, 1000);
    setCompilerFlags(level, process.versions.v8);
    try {
      const modules: KernelModules = {
        engine: await WebAssembly.compile(files.engine),
        directions: files.directions && (await WebAssembly.compile(files.directions)),
      };
      await inTurns(checking(modules, shape), new AbortController().signal, () => {});
      return { modules, sha256: files.sha256, level, refused };
    } catch (error) {
      if (error instanceof UserError) throw error;
      refused.push(`${level}: ${error instanceof Error ? error.message : String(error)}`);
    } finally {
      restoreCompilerFlags(process.versions.v8);
      clearInterval(alive);
    }
  }
  throw new UserError(noKernels(refused));
}

/**
 * Compiles another module of a level in the background; V8's flags are restored afterwards. `kind`: its name without
 * the level's module.
 */
export function compileApart(kind: string, level: Level): Promise<WebAssembly.Module> {
  const loading = compiling.then(async () => {
    const { marked } = readModule(`${kind}.${moduleName(level)}`, level);
    const alive = setInterval(() => {}, 1000);
    setCompilerFlags(level, process.versions.v8);
    try {
      return await WebAssembly.compile(marked);
    } finally {
      restoreCompilerFlags(process.versions.v8);
      clearInterval(alive);
    }
  });
  compiling = loading.catch(() => {});
  return loading;
}

const noKernels = (refused: readonly string[]) =>
  `no WebAssembly kernels work on this machine (${refused.join('; ')})`;

function compileAndCheck(shape: DirectionShape | null, level: Level) {
  const { sha256, engine, directions } = readModules(shape, level);
  const modules: KernelModules = {
    engine: new WebAssembly.Module(engine),
    directions: directions && new WebAssembly.Module(directions),
  };
  atOnce(checking(modules, shape));
  return { modules, sha256 };
}

/** The bytes of the modules that a level runs. */
function readModules(shape: DirectionShape | null, level: Level) {
  const sha256: Record<string, string> = {};
  const read = (name: string) => {
    const file = readModule(name, level);
    sha256[name] = file.sha256;
    return file.marked;
  };
  const kind = moduleName(level);
  const directions = shape === null ? null : read(`${directionModule(shape.grid)}.${kind}`);
  return { sha256, engine: read(kind), directions };
}

function readModule(name: string, level: Level) {
  const bytes = readFileSync(new URL(`./${name}.wasm`, import.meta.url));
  return { marked: withMarker(bytes, level), sha256: createHash('sha256').update(bytes).digest('hex') };
}

/** @throws Error naming the first kernel that computes wrongly. */
function* checking({ engine, directions }: KernelModules, shape: DirectionShape | null): Steps<void> {
  const memory = allocate(64 * 65536);
  const require = (checks: readonly { kernel: string; error: number }[], limit: number) => {
    const wrong = checks.find(({ error }) => !(error <= limit));
    if (wrong !== undefined) throw new Error(`kernel ${wrong.kernel} is off by ${wrong.error}`);
  };
  for (const check of checkingAll(instantiateKernels(engine, memory), memory)) {
    require([check], tolerance);
    yield null;
  }
  if (shape === null || directions === null) return;
  require(checkDirections(instantiateDirections(directions, memory), memory, shape), directionTolerance);
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
