/**
 * Fast and slow cores (big.LITTLE, P and E, one core that runs hot): their speeds as Linux reports them, without a
 * measurement. The capacities of the scheduler are compared, else the greatest clock rates.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';

export interface Core {
  /** The first CPU of the core that this process may use. */
  readonly cpu: number;
  /** As a share of the speed of the fastest core. */
  readonly speed: number;
}

/** Turbo clocks of equal cores differ by a few per cent. */
const alike = 0.9;

/** Fastest first; empty if the cores are alike or nothing is known. `cpus`: one CPU of each core. */
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

/** The number of threads, one a core, that do most if all have the same work: each step waits for the slowest core. */
export function evenThreads(cores: readonly Core[]): number {
  const throughput = cores.map(({ speed }, at) => (at + 1) * speed);
  return throughput.lastIndexOf(Math.max(...throughput)) + 1;
}

/** A core below this share of the fastest speed delays the barriers by more than it saves. */
const slowestUseful = 0.2;

/** The number of useful threads, one a core, if the work of each worker is in proportion to the speed of its core. */
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
