/**
 * How wide V8 made each kernel's fused multiply-adds, from its machine code. A kernel that silently stays at 128 bits
 * gives the same results at half the speed: no test sees it, this table does.
 */
import { execFileSync } from 'node:child_process';
import type { Table } from '../../scripts/performance/record-format.ts';
import { loadedKernels, root, table } from '../harness.ts';
import { compileExports } from './compile.ts';

/** Kernels with multiply-adds, by file. GELU and tanh are left out: a handful of them in much else. */
const kernels: readonly (readonly [file: string, kernels: readonly string[]])[] = [
  ['sparse64', ['sparseForward64', 'sparseGradient64']],
  ['sparse16', ['sparseForward16', 'sparseGradient16']],
  ['columns', ['sparseGather64']],
  ['matmul', ['matmul16']],
  ['outer', ['outer16']],
  ['inputs', ['centredBias']],
  ['gradient', ['negativeOuter']],
  ['update', ['sgd']],
];

export interface Widths {
  readonly table: Table;
  /** Kernels with multiply-adds of 128 bits. */
  readonly narrow: readonly string[];
}

/** Null where machine code cannot be read, or is not meant to be 256 bits wide. */
export function countWidths(): Widths | null {
  if (process.platform !== 'linux' || process.arch !== 'x64' || loadedKernels().level !== 'relaxed-256')
    return null;
  const rows: string[][] = [['kernel', '256 bits', '128 bits']];
  const narrow: string[] = [];
  for (const [file, names] of kernels) {
    for (const kernel of names) {
      const module = compileExports(kernel, new Map([[kernel, `src/kernels/assembly/${file}`]]));
      const out = execFileSync(process.execPath, [`${root}bench/engine/count-process.ts`, module], {
        encoding: 'utf8',
      });
      const { at256, at128 } = JSON.parse(out) as { at256: number; at128: number };
      rows.push([kernel, `${at256}`, `${at128}`]);
      if (at128 > 0 || at256 === 0) narrow.push(kernel);
    }
  }
  const title = 'Width of the multiply-adds';
  const note =
    'Fused multiply-add instructions in the machine code that V8 makes of each kernel, unrolled copies included. Anything at 128 bits is a kernel that has lost half its speed.';
  console.log(`${title}\n\n${note}\n\n${table(rows)}\n`);
  return { table: { title, note, rows }, narrow };
}
