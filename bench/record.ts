/**
 * The output of a benchmark: record.json with every sample and the machine, record.md for readers. With `--record` on
 * the command line it goes to results/records/, which is committed; otherwise to results/.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import { join, resolve } from 'node:path';
import { measuredMachine } from '../dist/machine/speed.js';
import { commandOf } from '../scripts/performance/bars.ts';
import type { PeersRace } from '../scripts/performance/peers/format.ts';
import {
  type Bar,
  type BenchRecord,
  folderName,
  recordSchema,
  type Table,
} from '../scripts/performance/record-format.ts';
import { limitOf, measuredOf, recordMarkdown } from '../scripts/performance/record-markdown.ts';
import { loadedKernels, root } from './harness.ts';

export { type BarId, judge } from '../scripts/performance/bars.ts';
export type { Bar, Table } from '../scripts/performance/record-format.ts';

export interface RecordContents {
  readonly bars: readonly Bar[];
  readonly tables: readonly Table[];
  /** All samples by case; the case's name contains the unit. */
  readonly samples: Readonly<Record<string, readonly number[]>>;
  readonly notes?: readonly string[];
  readonly peers?: PeersRace;
}

export interface RecordOptions {
  /** The words after the benchmark's name. */
  readonly words?: readonly string[];
  /** Text files to write beside the record, by name. */
  readonly files?: Readonly<Record<string, string>>;
  /** Path of the folder to write to, instead of one under results/. */
  readonly folder?: string;
}

/** Read when the benchmark is loaded, so that its own load is not included. */
const loadAtStart = os.loadavg()[0] ?? 0;

/** Prints the verdicts, writes the record and prints its path. @throws if a figure is not finite. */
export async function writeRecord(
  bench: string,
  contents: RecordContents,
  { words = process.argv.slice(3), files = {}, folder: wanted }: RecordOptions = {},
): Promise<void> {
  const date = new Date().toISOString();
  const machine = { ...(await measuredMachine(loadedKernels())), loadAtStart };
  const record: BenchRecord = recordSchema.parse({
    schema: 1,
    bench,
    date,
    command: [commandOf(bench), ...words].join(' '),
    machine,
    commit: commit(),
    notes: [],
    ...contents,
  });
  for (const bar of record.bars) console.log(verdictLine(bar));
  const usual = words.includes('--record')
    ? `results/records/${folderName(record)}`
    : `results/bench-${bench}_${date.slice(0, 19).replace('T', '_').replaceAll(':', '-')}`;
  const folder = wanted ?? usual;
  const path = resolve(root, folder);
  mkdirSync(path, { recursive: true });
  for (const [name, text] of Object.entries({
    'record.json': recordText(record),
    'record.md': recordMarkdown(record),
    ...files,
  }))
    writeFileSync(join(path, name), text);
  console.log(`\nrecord: ${folder}`);
}

/** JSON with every list of numbers on one line. */
function recordText(record: BenchRecord): string {
  const text = JSON.stringify(record, null, 2);
  const oneLine = (list: string) => list.replaceAll(/\s+/g, ' ').replace('[ ', '[').replace(' ]', ']');
  return `${text.replaceAll(/\[\s[-+.,\de\s]+\]/g, oneLine)}\n`;
}

function verdictLine(bar: Bar): string {
  const verdict = { true: 'met', false: 'MISSED', null: 'not measured' }[`${bar.met}`];
  const got = bar.measured === null ? '' : `: ${measuredOf(bar)}`;
  const why = bar.explanation === undefined ? '' : ` (${bar.explanation})`;
  return `${verdict}: ${bar.text}, ${limitOf(bar)}${got}${why}`;
}

/** @throws if a record is requested that cannot be reproduced: the checkout has changes. */
export function refuseChanges(): void {
  if (process.argv.includes('--record') && commit()?.endsWith('+'))
    throw new Error('--record: tracked files have changes; commit them first');
}

/** The commit, with `+` if tracked files have changes; null outside a checkout. Takes no locks. */
export function commit(): string | null {
  try {
    const git = (...words: string[]) =>
      execFileSync('git', ['--no-optional-locks', ...words], {
        cwd: root,
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      }).trim();
    const changed = git('status', '--porcelain', '--untracked-files=no') !== '';
    return `${git('rev-parse', 'HEAD')}${changed ? '+' : ''}`;
  } catch {
    return null;
  }
}
