/**
 * The default recipe, measured twice: by the resident clock in a warm worker pool, and as a whole process from spawn to
 * exit, in turn with an empty Node process.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { countCores } from '../dist/machine/cores.js';
import { alternate, openTrainer, root, shown, spread, table, writeResults } from './harness.ts';

const [residentRounds, processRounds] = [40, 20];
const targetsMs = { resident: 150, process: 1000 };

/** Milliseconds from spawn to exit. @throws if the process fails. */
function processMs(words: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const started = performance.now();
    const child = spawn(process.execPath, [...words], { cwd: root, stdio: 'ignore' });
    child.on('error', reject);
    child.on('exit', (code) => {
      if (code === 0) resolve(performance.now() - started);
      else reject(new Error(`node ${words.join(' ')} ended with exit code ${code}`));
    });
  });
}

export default async function bench(): Promise<void> {
  const { physical } = await countCores();
  const counts = physical === 1 ? [1] : [1, physical];
  const trainers = await Promise.all(counts.map((threads) => openTrainer('mnist-97', [], threads)));
  const accuracies = new Set<number>();
  const resident = await alternate(
    trainers.map((trainer) => ({
      name: `${trainer.threads}`,
      async run() {
        const { residentMs, evaluation } = await trainer.train(true);
        if (evaluation !== null) accuracies.add(evaluation.accuracy);
        return residentMs;
      },
    })),
    { rounds: residentRounds },
  );
  for (const trainer of trainers) await trainer.close();

  const folder = mkdtempSync(path.join(os.tmpdir(), 'shardstep-bench-'));
  const [run, empty] = ['node dist/coordinator train --quiet', 'node -e 0'];
  const processes = await alternate(
    [
      { name: run, run: () => processMs(['dist/coordinator', 'train', '--quiet', `--out=${folder}`]) },
      { name: empty, run: () => processMs(['-e', '0']) },
    ],
    { rounds: processRounds },
  );
  rmSync(folder, { recursive: true });

  const rows = [...resident].map(([threads, { first, samples }]) => [
    `resident, ${threads} thread${threads === '1' ? '' : 's'}`,
    shown(spread(samples)),
    first[0].toFixed(1),
    `${samples.length}`,
  ]);
  for (const [name, { first, samples }] of processes)
    rows.push([name, shown(spread(samples)), first[0].toFixed(1), `${samples.length}`]);
  console.log(table([['ms', 'median (min–max)', 'first', 'samples'], ...rows]));
  const middle = (samples: readonly number[] | undefined) => spread(samples ?? []).median;
  const [wholeMs, emptyMs] = [run, empty].map((name) => middle(processes.get(name)?.samples));
  const bestMs = middle(resident.get(`${physical}`)?.samples);
  console.log(
    `\nspeed-up of ${physical} threads: ${(middle(resident.get('1')?.samples) / bestMs).toFixed(2)}`,
  );
  console.log(`process over ${empty}: ${(wholeMs / emptyMs).toFixed(1)}`);
  console.log(`test accuracy of every run: ${[...accuracies].join(', ')}`);
  const verdict = (name: string, gotMs: number, targetMs: number) =>
    console.log(
      `${name} ≤ ${targetMs} ms: ${gotMs <= targetMs ? 'met' : 'missed'} (median ${gotMs.toFixed(1)} ms)`,
    );
  verdict('resident', bestMs, targetsMs.resident);
  verdict('process', wholeMs, targetsMs.process);
  writeResults('default', {
    targetsMs,
    residentMs: Object.fromEntries(resident),
    processMs: Object.fromEntries(processes),
  });
}
