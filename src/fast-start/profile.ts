/** `--profile-startup`: the phases from the start of the process to the accuracy. */
import type { Raced } from './race.js';

/**
 * A table of phases, each with its own milliseconds and those since the start. `printedMs`: when the line was printed.
 */
export function profileTable({ marks, level, compiled }: Raced, printedMs: number): string {
  const all = [...marks, ['print the line', printedMs] as const];
  const rows = all.map(([phase, atMs], i) => {
    const ms = atMs - (i === 0 ? 0 : all[i - 1][1]);
    return `${phase.padEnd(24)}${ms.toFixed(1).padStart(8)}${atMs.toFixed(1).padStart(12)} ms`;
  });
  const heading = `${'phase'.padEnd(24)}${'itself'.padStart(8)}${'since start'.padStart(15)}`;
  const kernels = `kernels ${level}, ${compiled}; Node.js ${process.versions.node}`;
  return `${[heading, ...rows, kernels].join('\n')}\n`;
}
