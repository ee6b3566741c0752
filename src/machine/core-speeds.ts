/**
 * Fast and slow cores (big.LITTLE, P and E, one core that runs hot): what Linux knows of their speeds before anything is
 * measured. Compared are the scheduler's capacities, else the greatest clocks.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';

export interface Core {
  /** The first CPU of the core that this process may use. */
  readonly cpu: number;
  /** Of the fastest core; 1 for that one. */
  readonly speed: number;
}

/** Turbo clocks of equal cores differ by a few per cent. */
const alike = 0.9;

/** Fastest first; empty where the cores are alike or nothing is known. `cpus`: one of each core. */
export function coreSpeeds(root: string, cpus: readonly number[]): Core[] {
  const folder = path.join(root, 'sys/devices/system/cpu');
  const sources = ['cpu_capacity', 'cpufreq/cpuinfo_max_freq'].map((file) =>
    cpus.map((cpu) => positive(path.join(folder, `cpu${cpu}`, file))),
  );
  for (const values of sources) {
    const known = values.filter((value) => value !== null);
    if (known.length < cpus.length || known.length < 2) continue;
    const fastest = Math.max(...known);
    if (Math.min(...known) >= alike * fastest) continue;
    return cpus
      .map((cpu, at) => ({ cpu, speed: known[at] / fastest }))
      .sort((a, b) => b.speed - a.speed || a.cpu - b.cpu);
  }
  return [];
}

/** How many threads, one a core, do most if all have the same work: the slowest of them keeps the others waiting. */
export function evenThreads(cores: readonly Core[]): number {
  const throughput = cores.map(({ speed }, at) => (at + 1) * speed);
  return throughput.lastIndexOf(Math.max(...throughput)) + 1;
}

/** A core that is slower than this costs its barrier more than it computes. */
const slowestUseful = 0.2;

/** How many threads are worth a core each if everyone's work is in proportion to the speed of its core. */
export function weightedThreads(cores: readonly Core[]): number {
  return cores.filter(({ speed }) => speed >= slowestUseful).length;
}

function positive(file: string): number | null {
  try {
    const value = Number(readFileSync(file, 'utf8'));
    return value > 0 ? value : null;
  } catch {
    return null;
  }
}
