/** The dense product, from three plain loops to the shipped tile, in the first-level cache. */
import { instantiateKernels } from '../../dist/kernels/kernels.js';
import { Scratch } from '../../dist/kernels/scratch.js';
import { loadedKernels } from '../harness.ts';
import { linkExports } from './compile.ts';
import { measureRates, peakWork, type Rates, type Work } from './rates.ts';

type Rung = (rows: number, depth: number, a: number, b: number, c: number, cRow: number) => void;
interface Ladder {
  dense1: Rung;
  dense2: Rung;
  dense3: Rung;
  dense4: Rung;
}

/** 48 rows of A and B: 36 KiB. */
const [rows, depth] = [48, 128];

export const denseTile = 'matmul16: 6 rows, A in panels';
const outerTile = 'outer16, the weight gradient: 6, 5 and 5 inputs';

export async function climbDenseLadder(): Promise<Rates> {
  const memory = new WebAssembly.Memory({ initial: 64, maximum: 64, shared: true });
  const scratch = new Scratch(memory, 1);
  const file = 'bench/assembly/ladder';
  const names = ['dense1', 'dense2', 'dense3', 'dense4'] as const;
  const ladder = linkExports<Ladder>('ladder', new Map(names.map((name) => [name, file])), memory);
  const kernels = instantiateKernels(loadedKernels().modules.engine, memory);
  const a = scratch.floats(rows * depth).pointer;
  const b = scratch.floats(depth * 16).pointer;
  const c = scratch.zeros(depth * 16).pointer;
  const zeros = scratch.zeros(16).pointer;
  const d = scratch.floats(rows * 16).pointer;
  const peak = peakWork(memory, scratch.zeros(112).pointer);
  const none = Number.NEGATIVE_INFINITY;
  const flop = 2 * rows * depth * 16;
  const rung = (name: keyof Ladder, words: string): Work => ({
    name: words,
    flop,
    call: () => ladder[name](rows, depth, a, b, c, 64),
  });
  const works: Work[] = [
    rung('dense1', '1: three loops'),
    rung('dense2', '2: four columns at a time'),
    rung('dense3', '3: 16 columns, fused, 256 bits'),
    rung('dense4', '4: four rows'),
    {
      name: denseTile,
      flop,
      call: () => kernels.matmul16(rows, depth, a, rows * 64, b, c, 64, zeros, none),
    },
    { name: outerTile, flop, call: () => kernels.outer16(rows, a, rows * 64, 0, depth, d, c, 64) },
  ];
  const note = `C[${rows}][16] = A[${rows}][${depth}] · B[${depth}][16], all in the first-level cache, one core, in turn; median (min–max) of 25. Every rung adds one idea to the previous one; the sources are in bench/assembly/ladder.ts.`;
  return measureRates('The dense tile as a ladder', note, peak, works);
}
