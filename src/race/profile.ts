/** `--profile-startup`: where the time from the start of the process to the accuracy went. */
import type { Raced } from './race.js';

/** A table of phases, each with its own milliseconds and those since the start. */
export function profileTable({ marks, level, compiled }: Raced): string {
  const rows = marks.map(([phase, atMs], i) => {
    const ms = atMs - (i === 0 ? 0 : marks[i - 1][1]);
    return `${phase.padEnd(24)}${ms.toFixed(1).padStart(8)} ms${atMs.toFixed(1).padStart(9)}`;
  });
  const heading = `${''.padEnd(24)}${'phase'.padStart(11)}${'since start'.padStart(9)}`;
  const kernels = `kernels ${level}, ${compiled}; Node.js ${process.versions.node}`;
  return `${[heading, ...rows, kernels].join('\n')}\n`;
}
