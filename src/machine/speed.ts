/** The measured speed of one core: the dense kernel's float32 rate and the memory bandwidth, in 50 ms. */
import { instantiateKernels } from '../kernels/kernels.js';
import type { LoadedKernels } from '../kernels/load.js';
import { reservedBytes } from '../memory/arena.js';
import { allocate } from '../memory/shared-memory.js';
import { countCores } from './cores.js';
import { gatherHardware, type MeasuredSpeed } from './hardware.js';

const budgetMs = 25;
const [rows, depth] = [96, 256];
/** Two vectors, together far larger than a third-level cache of 32 MiB. */
const vectorBytes = 48 * 2 ** 20;

/** Best rate of repeated calls within the budget. */
function bestPerMs(workPerCall: number, call: () => void): number {
  let best = 0;
  for (const until = performance.now() + budgetMs; performance.now() < until; ) {
    const started = performance.now();
    call();
    best = Math.max(best, workPerCall / (performance.now() - started));
  }
  return best;
}

/** Resolves when both speeds are measured. */
export type ProbedSpeed = MeasuredSpeed & { readonly gflops: number; readonly bandwidthGBs: number };

export function measureSpeed({ modules, level }: LoadedKernels): ProbedSpeed {
  const memory = allocate(reservedBytes + 2 * vectorBytes);
  const kernels = instantiateKernels(modules.engine, memory);
  const [a, b] = [reservedBytes, reservedBytes + vectorBytes];
  const c = b + depth * 64;
  // The whole product fits the first-level cache: 96 × 256 inputs twice, 16 outputs; a call is 0.8 MFLOP.
  const repeats = 8;
  const gflops = bestPerMs((repeats * 2 * rows * depth * 16) / 1e6, () => {
    for (let i = 0; i < repeats; i++)
      kernels.matmul16(rows, depth, a, rows * 64, b, c, 64, b, Number.NEGATIVE_INFINITY);
  });
  // Two vectors are read, one is written. The first call touches the pages and is not the fastest.
  kernels.addInto(a, b, vectorBytes / 4);
  const gigabytes = bestPerMs((3 * vectorBytes) / 1e6, () => kernels.addInto(a, b, vectorBytes / 4));
  return { wasmLevel: level, gflops, bandwidthGBs: gigabytes };
}

/** The machine as records hold it: the facts that the hardware reports, and the measured speed of one core. */
export async function measuredMachine(kernels: LoadedKernels) {
  const { wasmLevel, gflops, bandwidthGBs } = measureSpeed(kernels);
  const facts = await gatherHardware();
  const { physical: cores } = await countCores();
  return {
    ...facts,
    processor: facts.processor ?? 'unknown processor',
    cores,
    wasmLevel,
    gflops,
    bandwidthGBs,
  };
}
