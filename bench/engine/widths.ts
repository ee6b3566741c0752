/**
 * The vector width of each kernel's fused multiply-adds in V8's machine code. A kernel that stays at 128 bits gives the
 * same results at half the speed: no test detects it, this table does.
 */
import { execFileSync } from 'node:child_process';
import type { Table } from '../../scripts/performance/record-format.ts';
import { loadedKernels, printed, root } from '../harness.ts';
import { compileExports } from './compile.ts';

const features = 'src/kernels/directions/assembly/index';

/** Kernels with multiply-adds, by file. GELU and tanh are omitted: they have a handful among many other operations. */
const kernels: readonly (readonly [file: string, kernels: readonly string[]])[] = [
  ['src/kernels/assembly/sparse64', ['sparseForward64', 'sparseGradient64']],
  ['src/kernels/assembly/sparse16', ['sparseForward16', 'sparseGradient16']],
  ['src/kernels/assembly/columns', ['sparseGather64']],
  ['src/kernels/assembly/matmul', ['matmul16']],
  ['src/kernels/assembly/active', ['activeForward64']],
  ['src/kernels/assembly/outer', ['outer16']],
  ['src/kernels/assembly/inputs', ['centredBias']],
  ['src/kernels/assembly/gradient', ['negativeOuter']],
  ['src/kernels/assembly/update', ['sgd']],
  [features, ['extract', 'propagate', 'gradient', 'train', 'evaluate', 'fitComponents']],
];

export interface Widths {
  readonly table: Table;
  /** Kernels with more multiply-adds of 128 bits than allowed. */
  readonly narrow: readonly string[];
}

/** Null if machine code cannot be read, or is not meant to be 256 bits wide. */
export function countWidths(): Widths | null {
  if (process.platform !== 'linux' || process.arch !== 'x64' || loadedKernels().level !== 'relaxed-256')
    return null;
  const rows: string[][] = [['kernel', '256 bits', '128 bits']];
  const narrow: string[] = [];
  for (const [file, names] of kernels) {
    const allowed = file === features ? 0.25 : 0;
    for (const kernel of names) {
      const module = compileExports(kernel, new Map([[kernel, file]]));
      const out = execFileSync(process.execPath, [`${root}bench/engine/count-process.ts`, module], {
        encoding: 'utf8',
      });
      const { at256, at128 } = JSON.parse(out) as { at256: number; at128: number };
      rows.push([kernel, `${at256}`, `${at128}`]);
      if (at128 > allowed * at256) narrow.push(kernel);
    }
  }
  const title = 'Width of the multiply-adds';
  const note =
    'Fused multiply-add instructions in the machine code that V8 makes of each kernel, unrolled copies included. A kernel of the engine should have none at 128 bits; those on direction features have a few outside their loops (logarithms, places on the grid).';
  return { table: printed({ title, note, rows }), narrow };
}
