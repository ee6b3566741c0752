/**
 * Opens damaged files of every format that the program reads: `npm run fuzz -- [--inputs N] [--seed S] [--format idx,csv,…]
 * [--only NUMBER] [--json FILE] [--record]`. Each must be opened rightly or refused in one line that names it, within a time limit and
 * without much memory; exit code 1 after any other outcome. Findings are kept in a temporary folder; a finding that is
 * mended becomes a file of test/fixtures/fuzz.
 */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { refuseChanges, writeRecord } from '../bench/record.ts';
import { type FormatName, formats, isFormat } from '../test/support/fuzz/formats.ts';
import type { Tally } from '../test/support/fuzz/fuzz.ts';
import type { FuzzTask } from './fuzz/worker.ts';
import { writeJsonRecord } from './json-record.ts';

/** Of one input; the machine may be busy. */
const longestMs = 20_000;
/** Resident memory above that at the start. */
const mostBytes = 1.5 * 2 ** 30;

const { values: given } = parseArgs({
  options: {
    inputs: { type: 'string', default: '100000' },
    seed: { type: 'string', default: '1' },
    format: { type: 'string', default: Object.keys(formats).join() },
    only: { type: 'string' },
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
const [inputs, seed] = [given.inputs, given.seed].map(Number);
if (!Number.isInteger(inputs) || inputs < 1)
  usage(`--inputs: expected an integer from 1 up, got ${given.inputs}`);
if (!Number.isInteger(seed)) usage(`--seed: expected an integer, got ${given.seed}`);

interface FormatResult extends Pick<Tally, 'opened' | 'refused' | 'slowestMs'> {
  readonly format: FormatName;
  readonly inputs: number;
  readonly findings: readonly { readonly number: number; readonly file: string; readonly problem: string }[];
  readonly seconds: number;
  readonly peakMiB: number;
}

const folder = mkdtempSync(join(tmpdir(), 'shardstep-fuzz-'));

function fuzzFormat(format: FormatName, first: number, count: number): Promise<FormatResult> {
  const began = performance.now();
  const startBytes = process.memoryUsage.rss();
  const current = new Float64Array(new SharedArrayBuffer(16));
  const workerData: FuzzTask = { format, seed, folder, first, count, current };
  const worker = new Worker(new URL('./fuzz/worker.ts', import.meta.url), { workerData });
  let peakBytes = 0;
  return new Promise((resolve, reject) => {
    const end = (tally: Omit<Tally, 'findings'>, findings: FormatResult['findings']) => {
      clearInterval(watchdog);
      resolve({
        ...{ format, inputs: count, opened: tally.opened, refused: tally.refused },
        ...{ slowestMs: Math.round(tally.slowestMs), findings },
        seconds: Math.round((performance.now() - began) / 1000),
        peakMiB: Math.round(peakBytes / 2 ** 20),
      });
    };
    const give = async (problem: string) => {
      await worker.terminate();
      const [number] = current;
      end({ opened: 0, refused: 0, slowestMs: 0 }, [{ number, file: '', problem }]);
    };
    let [seen, since] = [-1, 0];
    const watchdog = setInterval(() => {
      const bytes = process.memoryUsage.rss() - startBytes;
      peakBytes = Math.max(peakBytes, bytes);
      const [number] = current;
      if (number !== seen) [seen, since] = [number, performance.now()];
      if (bytes > mostBytes) give(`${Math.round(bytes / 2 ** 20)} MiB of memory`);
      else if (performance.now() - since > longestMs) give(`not received within ${longestMs / 1000} s`);
    }, 50);
    worker.once('error', reject).once('message', (tally: Tally) => {
      const findings = tally.findings.map(({ number, file, problem }) => {
        const kept = join(folder, `${format}-${seed}-${number}-${file.name}`);
        writeFileSync(kept, file.bytes);
        return { number, file: kept, problem };
      });
      end(tally, findings);
    });
  });
}

const results: FormatResult[] = [];
for (const [i, format] of names.entries()) {
  const share = Math.floor(inputs / names.length) + Number(i < inputs % names.length);
  const result =
    given.only === undefined
      ? await fuzzFormat(format, 0, share)
      : await fuzzFormat(format, Number(given.only), 1);
  results.push(result);
  console.log(
    `${format.padEnd(12)} ${result.inputs} files of seed ${seed}: ${result.opened} opened, ${result.refused} refused in one line, ` +
      `${result.findings.length} other; ${result.seconds} s, the slowest ${result.slowestMs} ms, ${result.peakMiB} MiB`,
  );
  for (const { number, file, problem } of result.findings)
    console.error(`  --format ${format} --seed ${seed} --only ${number}: ${problem}\n  ${file}`);
}
const sum = (of: (result: FormatResult) => number) =>
  results.reduce((total, result) => total + of(result), 0);
const others = sum(({ findings }) => findings.length);
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
