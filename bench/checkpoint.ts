/**
 * The cost of a checkpoint each second: `train` with and without, in turn, each a process of its own with a run folder. By
 * the resident clock, which includes the copies between two steps, the hash and the file.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { alternate, printed, ratios, root, shown, spread } from './harness.ts';
import { writeRecord } from './record.ts';

/** Some seconds each. */
const works = [
  { name: 'fastmlp (784-256-128-10)', words: ['train.epochs=12'] },
  { name: '784-1024-512-10', words: ['train.epochs=3', 'model.hidden=[1024,512]'] },
];
const rounds = 4;

interface Sample {
  readonly ms: number;
  readonly bytes: number;
}

async function trained(words: readonly string[], every: string): Promise<Sample> {
  const folder = mkdtempSync(join(tmpdir(), 'shardstep-bench-'));
  try {
    const all = ['train', '--config', 'fastmlp', '--json', '--quiet', '--out', folder, 'stop.target=null'];
    const { stdout } = await promisify(execFile)(process.execPath, [
      join(root, 'dist/coordinator'),
      ...[...all, ...words, `checkpoint.every=${every}`],
    ]);
    const [newest] = readdirSync(folder).filter((name) => name.startsWith('checkpoint-last'));
    const bytes = newest === undefined ? 0 : statSync(join(folder, newest)).size;
    return { ms: JSON.parse(stdout).residentMs, bytes };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export default async function bench(): Promise<void> {
  const rows: string[][] = [];
  const samples: Record<string, readonly number[]> = {};
  for (const { name, words } of works) {
    let size = 0;
    const taken = await alternate(
      ['off', '1s'].map((every) => ({
        name: every,
        async run() {
          const { ms, bytes } = await trained(words, every);
          size = Math.max(size, bytes);
          return ms;
        },
      })),
      { rounds, warmUp: 0 },
    );
    const [off, on] = ['off', '1s'].map((every) => taken.get(every)?.samples ?? []);
    samples[`${name}, off, ms`] = off;
    samples[`${name}, each second, ms`] = on;
    const cells = [shown(spread(off), 0), shown(spread(on), 0), shown(spread(ratios(on, off)), 3)];
    rows.push([name, (size / 1e6).toFixed(1), ...cells]);
  }
  const table = {
    title: 'A checkpoint each second, and none, in turn',
    note: 'Milliseconds of a run by the resident clock, median (min–max). Over: with over without, round by round.',
    rows: [['network', 'MB a file', 'off', 'each second', 'over'], ...rows],
  };
  await writeRecord('checkpoint', { bars: [], tables: [printed(table)], samples });
}
