/** The kernels of online training, compiled when a network first needs them. */
import { UserError } from '../../user-error.js';
import { type Level, levelsHere, moduleName, restoreCompilerFlags, setCompilerFlags } from '../levels.js';
import { compileApart } from '../load-apart.js';
import { bytesOf, noKernels, refuseWrong, tolerances } from '../modules.js';
import { checkWide } from './check.js';
import type { OnlineKind } from './memory.js';

export interface OnlineKernels {
  /** Trains on the samples [first, last), returns the sum of their errors. `isNew`: in the first pass over these samples. */
  train(net: number, first: number, last: number, isNew: boolean): number;
  /** Passes over all samples until the mean error is not above `threshold`; returns how many. */
  passes(net: number, samples: number, most: number, threshold: number, isNew: boolean): number;
}

/** Constants, made late. */
const compiled: { exact: WebAssembly.Module | null; wide: WebAssembly.Module | null } = {
  exact: null,
  wide: null,
};

/** @throws UserError if no kernels work here. */
export function onlineKernels(kind: OnlineKind, memory: WebAssembly.Memory): OnlineKernels {
  return linked(kind === 'exact' ? exactModule() : wideModule(), memory);
}

/** Compiles the wide kernel in the background: later calls of `onlineKernels` do not wait for it. */
export async function prepareWide(): Promise<void> {
  if (compiled.wide !== null) return;
  const refused: string[] = [];
  for (const level of levelsHere())
    try {
      compiled.wide = checked(await compileApart('online-wide', level));
      return;
    } catch (error) {
      refused.push(reason(level, error));
    }
  throw new UserError(noKernels(refused));
}

/** With V8's own flags: a small network is trained before an optimised compilation would end. */
function exactModule(): WebAssembly.Module {
  compiled.exact ??= new WebAssembly.Module(bytesOf('online-exact', 'simd'));
  return compiled.exact;
}

function wideModule(): WebAssembly.Module {
  if (compiled.wide !== null) return compiled.wide;
  const refused: string[] = [];
  try {
    for (const level of levelsHere())
      try {
        setCompilerFlags(level, process.versions.v8);
        const bytes = bytesOf(`online-wide.${moduleName(level)}`, level);
        compiled.wide = checked(new WebAssembly.Module(bytes));
        return compiled.wide;
      } catch (error) {
        refused.push(reason(level, error));
      }
  } finally {
    restoreCompilerFlags(process.versions.v8);
  }
  throw new UserError(noKernels(refused));
}

/** @throws if it computes otherwise than the exact kernel. */
function checked(wide: WebAssembly.Module): WebAssembly.Module {
  const error = checkWide((kind, memory) => linked(kind === 'exact' ? exactModule() : wide, memory));
  refuseWrong([{ kernel: 'online-wide', error }], tolerances.engine);
  return wide;
}

const reason = (level: Level, error: unknown) =>
  `${level}: ${error instanceof Error ? error.message : error}`;

function linked(module: WebAssembly.Module, memory: WebAssembly.Memory): OnlineKernels {
  // The module belongs to this package, so the shape of its exports is known.
  return new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as OnlineKernels;
}
