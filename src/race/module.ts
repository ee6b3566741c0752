/** The kernels of the race: the exports of one grid's module that it calls, in a module of their own. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { candidateLevels, type Level, moduleName, setCompilerFlags } from '../kernels/levels.js';
import type { RaceKernels } from './sprint.js';

export interface RaceModule {
  readonly level: Level;
  readonly kernels: RaceKernels;
  readonly memory: WebAssembly.Memory;
}

/**
 * The best level that compiles. Whether it also computes rightly is found out after the race, by the self-test of the
 * same functions.
 */
export function openRaceModule(grid: number, pages: number): RaceModule {
  let reason: unknown = null;
  for (const level of candidateLevels(process.versions.v8, process.arch)) {
    try {
      setCompilerFlags(level, process.versions.v8);
      const file = join(import.meta.dirname, `../kernels/race-${grid}.${moduleName(level)}.wasm`);
      const module = new WebAssembly.Module(readFileSync(file));
      const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
      // The module is ours, so the shape of its exports is known.
      const instance = new WebAssembly.Instance(module, { env: { memory } });
      return { level, memory, kernels: instance.exports as unknown as RaceKernels };
    } catch (error) {
      reason = error;
    }
  }
  throw reason;
}
