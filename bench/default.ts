/**
 * The default recipe, measured twice: by the resident clock in a warm worker pool, and as a whole process from spawn to
 * exit, in turn with an empty Node process.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { plural } from '../dist/numbers/words.js';
import { alternate, openTrainer, printed, root, shown, singleAndAll, spread } from './harness.ts';
import { writeRecord } from './record.ts';
import { untilExit } from './until.ts';

const [residentRounds, processRounds] = [40, 20];
const targetsMs = { resident: 150, process: 1000 };

export default async function bench(): Promise<void> {
  const counts = await singleAndAll();
  const most = Math.max(...counts);
  const trainers = await Promise.all(counts.map((threads) => openTrainer('mnist-97', [], threads)));
  const accuracies = new Set<number>();
  const resident = await alternate(
    trainers.map((trainer) => ({
      name: `${trainer.threads}`,
      async run() {
        const { residentMs, evaluation } = await trainer.train(true);
        if (evaluation !== null) accuracies.add(evaluation.accuracy ?? Number.NaN);
        return residentMs;
      },
    })),
    { rounds: residentRounds },
  );
  for (const trainer of trainers) await trainer.close();

  const folder = mkdtempSync(path.join(os.tmpdir(), 'shardstep-bench-'));
  const [run, empty] = ['node dist/coordinator train --quiet', 'node -e 0'];
  const process = (...words: string[]) => untilExit(root, globalThis.process.execPath, ...words);
  const processes = await alternate(
    [
      {
        name: run,
        run: () => process('dist/coordinator', 'train', '--quiet', `--out=${folder}`, '--overwrite'),
      },
      { name: empty, run: () => process('-e', '0') },
    ],
    { rounds: processRounds },
  );
  rmSync(folder, { recursive: true });

  const threadWords = (count: number) => `resident, ${plural(count, 'thread')}`;
  const taken = new Map([
    ...[...resident].map(([n, each]) => [threadWords(Number(n)), each] as const),
    ...processes,
  ]);
  const rows = [...taken].map(([name, { first, samples }]) => [
    name,
    shown(spread(samples)),
    first[0].toFixed(1),
    `${samples.length}`,
  ]);
  const table = printed({
    title: 'The default recipe',
    rows: [['ms', 'median (min–max)', 'first', 'samples'], ...rows],
  });
  const middle = (name: string) => spread(taken.get(name)?.samples ?? []).median;
  const [singleMs, bestMs] = [1, most].map((count) => middle(threadWords(count)));
  const notes = [
    `speed-up of ${plural(most, 'thread')}: ${(singleMs / bestMs).toFixed(2)}`,
    `process over ${empty}: ${(middle(run) / middle(empty)).toFixed(1)}`,
    `test accuracy of every run: ${[...accuracies].join(', ')}`,
    ...[
      { name: 'resident', gotMs: bestMs, targetMs: targetsMs.resident },
      { name: 'process', gotMs: middle(run), targetMs: targetsMs.process },
    ].map(({ name, gotMs, targetMs }) => {
      const verdict = gotMs <= targetMs ? 'met' : 'missed';
      return `${name} ≤ ${targetMs} ms: ${verdict} (median ${gotMs.toFixed(1)} ms)`;
    }),
  ];
  console.log(notes.join('\n'));
  const samples = Object.fromEntries([...taken].map(([name, each]) => [`${name}, ms`, each.samples]));
  await writeRecord('default', { bars: [], tables: [table], notes, samples });
}
