/**
 * Real barriers: as many threads as cores, and 12, with and without busy neighbours. After each meeting every thread
 * verifies that all have arrived and none is ahead. `-- barrier [COUNT] [COUNT_OF_12]`: 10^7 and 10^5 by default, which
 * take most of an hour, because a meeting beside busy neighbours waits for the scheduler.
 */
import { countCores } from '../dist/machine/cores.js';
import { barrierSpinMs } from '../dist/worker/step-loop.js';
import { type Meetings, meet } from './barrier/meet.ts';
import { writeRecord } from './record.ts';

export default async function bench(): Promise<void> {
  const numbers = process.argv.slice(3).filter((word) => /^\d+$/.test(word));
  const [many = 10_000_000, few = 100_000] = numbers.map(Number);
  const { available } = await countCores();
  const cases: readonly Meetings[] = [
    { parties: available, count: many, maxSpinMs: barrierSpinMs, neighbours: 0 },
    { parties: available, count: many, maxSpinMs: barrierSpinMs, neighbours: available },
    { parties: 12, count: few, maxSpinMs: 0, neighbours: 0 },
    { parties: 12, count: few, maxSpinMs: 0, neighbours: available },
  ];
  const rows = [['threads', 'busy neighbours', 'barriers', 'faults', 'microseconds each', 'minutes']];
  const samples: Record<string, number[]> = {};
  let failed = 0;
  for (const one of cases) {
    const { meetings, faults, elapsedMs } = await meet(one);
    const eachUs = (1000 * elapsedMs) / meetings;
    rows.push([
      ...[one.parties, one.neighbours, meetings, faults].map(String),
      ...[eachUs.toFixed(2), (elapsedMs / 60_000).toFixed(1)],
    ]);
    console.log(rows.at(-1)?.join('  '));
    samples[`us a barrier, ${one.parties} threads, ${one.neighbours} neighbours`] = [eachUs];
    failed += faults + one.count - meetings;
  }
  const note = 'A fault: a thread passed before another had arrived, or was more than one barrier ahead.';
  await writeRecord('barrier', {
    bars: [],
    tables: [{ title: `Real barriers on ${available} cores`, note, rows }],
    samples,
  });
  if (failed > 0) process.exitCode = 1;
}
