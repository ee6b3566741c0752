/** What a checkpoint costs in a process that does nothing else: its parts, wall time and processor time. */
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { capture } from '../../dist/coordinator/checkpoint.js';
import { initialState } from '../../dist/coordinator/state.js';
import { writeAtomic } from '../../dist/run/atomic-file.js';
import { encodeCheckpoint, type RunFacts } from '../../dist/run/checkpoint-file.js';
import type { Trainer } from '../harness.ts';

export interface Part {
  readonly ms: number[];
  /** Of all threads of the process. */
  readonly cpuMs: number[];
}

const rounds = 25;

export async function partsOf(
  { session }: Trainer,
  facts: RunFacts,
  folder: string,
): Promise<ReadonlyMap<string, Part>> {
  const parts = new Map<string, Part>();
  const timed = async <T>(name: string, work: () => T | Promise<T>): Promise<T> => {
    const part = parts.get(name) ?? { ms: [], cpuMs: [] };
    parts.set(name, part);
    const cpu = process.cpuUsage();
    const from = performance.now();
    const result = await work();
    part.ms.push(performance.now() - from);
    const { user, system } = process.cpuUsage(cpu);
    part.cpuMs.push((user + system) / 1000);
    return result;
  };
  for (let round = 0; round < rounds; round++) {
    await sleep(50);
    const checkpoint = await timed('copy', () => capture(session, initialState(1)));
    const contents = await timed('encode and hash', () => encodeCheckpoint({ facts, checkpoint }));
    await timed('write and sync', () => writeAtomic(path.join(folder, 'part'), contents));
  }
  return parts;
}
