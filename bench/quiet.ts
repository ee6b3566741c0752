/**
 * Waits for a moment in which no other process uses the machine, for benchmarks of a few milliseconds on every core.
 */
import os from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

const lookMs = 40;
/** Share of all cores' time that must be idle. */
const idleEnough = 0.85;
const patienceMs = 5000;

/** Whether such a moment came within the time limit. */
export async function quietMoment(): Promise<boolean> {
  for (const startedAt = performance.now(); performance.now() - startedAt < patienceMs; ) {
    const before = cpuTimes();
    await sleep(lookMs);
    const after = cpuTimes();
    // Kernels count in ticks of 10 ms: without a tick, nothing is known.
    const total = after.total - before.total;
    if (total > 0 && (after.idle - before.idle) / total >= idleEnough) return true;
  }
  return false;
}

function cpuTimes() {
  let idle = 0;
  let total = 0;
  for (const { times } of os.cpus()) {
    idle += times.idle;
    total += times.idle + times.user + times.nice + times.sys + times.irq;
  }
  return { idle, total };
}
