/**
 * Opens damaged files of every format that the program reads: `npm run fuzz -- [--inputs N] [--seed S] [--format idx,csv,…]
 * [--only NUMBER] [--jobs FORMATS AT ONCE] [--json FILE] [--record]`. Each must be opened rightly or refused in one short
 * line that names it, within a time limit and without much memory; exit code 1 after any other outcome. Findings are kept in a
 * temporary folder, which is removed if there are none; a finding that is mended becomes a file of test/fixtures/fuzz.
 */
import { fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { refuseChanges, writeRecord } from '../bench/record.ts';
import { type FormatName, formats, isFormat } from '../test/support/fuzz/formats.ts';
import type { FormatInputs, FormatResult } from './fuzz/watch.ts';
import { writeJsonRecord } from './json-record.ts';

const { values: given } = parseArgs({
  options: {
    inputs: { type: 'string', default: '100000' },
    seed: { type: 'string', default: '1' },
    format: { type: 'string', default: Object.keys(formats).join() },
    only: { type: 'string' },
    jobs: { type: 'string', default: '2' },
    json: { type: 'string' },
    record: { type: 'boolean', default: false },
  },
});
if (given.record) refuseChanges();

function usage(problem: string): never {
  console.error(`fuzz: ${problem}`);
  process.exit(2);
}

const names = given.format.split(',').map((name): FormatName => {
  if (!isFormat(name)) usage(`--format: expected some of ${Object.keys(formats).join()}, got ${name}`);
  return name;
});
function integer(flag: 'inputs' | 'seed' | 'jobs' | 'only', least: number): number {
  const value = Number(given[flag]);
  if (!Number.isInteger(value) || value < least)
    usage(`--${flag}: expected an integer from ${least} up, got ${given[flag]}`);
  return value;
}
const [inputs, seed, jobs] = [integer('inputs', 1), integer('seed', 0), integer('jobs', 1)];
const only = given.only === undefined ? null : integer('only', 0);

const folder = mkdtempSync(join(tmpdir(), 'shardstep-fuzz-'));

/** In a process of its own, with a folder of its own. */
function fuzzFormat(format: FormatName, first: number, count: number): Promise<FormatResult> {
  const inputs: FormatInputs = {
    format,
    seed,
    folder: mkdtempSync(join(folder, `${format}-`)),
    first,
    count,
  };
  const child = fork(new URL('./fuzz/watch.ts', import.meta.url));
  return new Promise((resolve) => {
    child.once('message', (result) => resolve(result as FormatResult));
    // After a message, this has no effect.
    child.once('exit', (code, signal) => {
      const findings = [{ number: null, file: '', problem: `the process ended with ${signal ?? code}` }];
      const counts = { opened: 0, refused: 0, slowestMs: 0, seconds: 0, peakMiB: 0 };
      resolve({ format, inputs: count, ...counts, findings });
    });
    child.send(inputs);
  });
}

function show({ format, findings, ...result }: FormatResult): void {
  console.log(
    `${format.padEnd(12)} ${result.inputs} files of seed ${seed}: ${result.opened} opened, ${result.refused} refused in one line, ` +
      `${findings.length} other; ${result.seconds} s, the slowest ${result.slowestMs} ms, ${result.peakMiB} MiB`,
  );
  for (const { number, file, problem } of findings)
    console.error(`  --format ${format} --seed ${seed} --only ${number}: ${problem}\n  ${file}`);
}

const results: FormatResult[] = [];
let next = 0;
async function work(): Promise<void> {
  while (next < names.length) {
    const at = next++;
    const format = names[at];
    const share = Math.floor(inputs / names.length) + Number(at < inputs % names.length);
    results[at] = only === null ? await fuzzFormat(format, 0, share) : await fuzzFormat(format, only, 1);
    show(results[at]);
  }
}
await Promise.all(Array.from({ length: jobs }, work));

const sum = (of: (result: FormatResult) => number) =>
  results.reduce((total, result) => total + of(result), 0);
const others = sum(({ findings }) => findings.length);
if (others === 0) rmSync(folder, { recursive: true, force: true });
console.log(`${sum((result) => result.inputs)} files, ${others} neither opened nor refused in one line`);

if (given.json !== undefined)
  writeJsonRecord(given.json, 'fuzz', seed, { inputs: sum((result) => result.inputs), formats: results });
if (given.record)
  await writeRecord(
    'fuzz',
    {
      bars: [],
      tables: [
        {
          title: 'Damaged files by format',
          note: `Seed ${seed}. Other: neither opened nor refused in one line that names the file.`,
          rows: [
            ['format', 'files', 'opened', 'refused', 'other', 'slowest ms', 'memory above the start, MiB'],
            ...results.map(({ format, inputs: files, opened, refused, findings, slowestMs, peakMiB }) => [
              format,
              ...[files, opened, refused, findings.length, slowestMs, peakMiB].map(String),
            ]),
          ],
        },
      ],
      samples: { files: results.map(({ inputs: files }) => files) },
    },
    { words: process.argv.slice(2) },
  );
process.exitCode = others > 0 ? 1 : 0;
