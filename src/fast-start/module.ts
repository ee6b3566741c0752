/** The kernels of the race: the exports of one grid's module that it calls, in a separate module. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Level, levelsHere, moduleName, setCompilerFlags } from '../kernels/levels.js';
import { codeFile, readCode } from './code-cache.js';
import type { RaceKernels } from './sprint.js';

export interface RaceModule {
  readonly level: Level;
  /** The origin of the code. */
  readonly compiled: string;
  readonly kernels: RaceKernels;
  readonly memory: WebAssembly.Memory;
}

export const moduleFile = (grid: number, level: Level): string =>
  join(import.meta.dirname, `../kernels/race-${grid}.${moduleName(level)}.wasm`);

/**
 * The best level that compiles. Whether it also computes correctly is checked after the race, by the self-test of the
 * same functions.
 */
export function openRaceModule(grid: number, pages: number, compiles: boolean): RaceModule {
  let reason: unknown = null;
  for (const level of levelsHere()) {
    try {
      setCompilerFlags(level, process.versions.v8);
      const file = moduleFile(grid, level);
      const bytes = readFileSync(file);
      const kept = compiles ? null : readCode(codeFile(file, level), bytes);
      const module = kept ?? new WebAssembly.Module(bytes);
      const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
      // The module belongs to this package, so the shape of its exports is known.
      const instance = new WebAssembly.Instance(module, { env: { memory } });
      const kernels = instance.exports as unknown as RaceKernels;
      return {
        level,
        compiled: kept === null ? 'compiled' : 'machine code cached by the build',
        memory,
        kernels,
      };
    } catch (error) {
      reason = error;
    }
  }
  throw reason;
}
