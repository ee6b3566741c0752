/**
 * Peak memory of a process group: the sum of its processes' resident set sizes, sampled every few milliseconds in /proc
 * (Linux). Shared pages count once for each process. The peak of a single process is also read from the kernel's own
 * mark (VmHWM), which misses nothing between two samples.
 */
import { readdirSync, readFileSync } from 'node:fs';

export interface MemoryMeter {
  /** The peak so far in bytes; null without /proc. */
  read(): number | null;
  close(): void;
}

const lookEveryMs = 20;

/** `group`: the id of its leading process. */
export function openMemoryMeter(group: number): MemoryMeter {
  let peak: number | null = null;
  function look(): number | null {
    const sizes = groupSizes(group);
    if (sizes.length > 0) {
      const together = sizes.reduce((sum, { now }) => sum + now, 0);
      peak = Math.max(peak ?? 0, together, ...sizes.map(({ most }) => most));
    }
    return peak;
  }
  const timer = setInterval(look, lookEveryMs);
  return { read: look, close: () => clearInterval(timer) };
}

/** Resident bytes of each process of the group, now and at most; empty without /proc. */
function groupSizes(group: number): { now: number; most: number }[] {
  const found: { now: number; most: number }[] = [];
  for (const pid of processes()) {
    const stat = textOf(`/proc/${pid}/stat`);
    // `pid (name) state parent group …`: a name may hold spaces and brackets.
    const [, , groupOfIt] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (Number(groupOfIt) !== group) continue;
    const status = textOf(`/proc/${pid}/status`);
    const bytes = (key: string) =>
      1024 * Number(new RegExp(`^${key}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0);
    found.push({ now: bytes('VmRSS'), most: bytes('VmHWM') });
  }
  return found.filter(({ most }) => most > 0);
}

function processes(): string[] {
  try {
    return readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  } catch {
    return [];
  }
}

/** Empty if the process has just ended. */
function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
