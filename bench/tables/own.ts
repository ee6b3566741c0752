/** `shardstep fit` on a split, as a user starts it: a process for each seed, with no flag but the target, the files and the threads. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { root } from '../harness.ts';
import { type Split, threads } from './splits.ts';

const start = promisify(execFile);
const targetMissed = 3;
const most = { maxBuffer: 2 ** 28, cwd: root } as const;
const program = join(root, 'dist', 'coordinator');

export interface OwnRun {
  /** Process start → scores. */
  readonly coldSeconds: number;
  /** Rows in memory → scores: preparation, training, evaluation. */
  readonly seconds: number;
  /** The epochs with their evaluations. */
  readonly trainSeconds: number;
  /** Accuracy, or RMSE in the target's units, of the test rows. */
  readonly own: number;
  readonly reason: string;
  readonly epochs: number;
}

export async function fit(
  { table, trainFile, testFile }: Split,
  seed: number,
  folder: string,
  words: readonly string[] = [],
): Promise<OwnRun> {
  const files = ['fit', trainFile, '--target', table.target, '--test', testFile];
  const all = [...files, '--out', folder, '--overwrite', '--quiet', '--threads', `${threads}`, ...words];
  await start(process.execPath, [program, ...all, `seed=${seed}`], most).catch((error: unknown) => {
    // A target that is not reached is a result.
    if ((error as { code?: unknown }).code !== targetMissed) throw error;
  });
  const result = JSON.parse(readFileSync(join(folder, 'result.json'), 'utf8'));
  const { phases, coldMs, reason, epochs } = result;
  const metrics = result.testMetrics ?? result.metrics;
  return {
    coldSeconds: coldMs / 1000,
    seconds: (phases['prepare data'] + result.residentMs) / 1000,
    trainSeconds: result.residentMs / 1000,
    own: table.task === 'classes' ? metrics.accuracy : metrics.rmse,
    ...{ reason, epochs },
  };
}

/** RMSE of the natural logarithm, by `shardstep predict`. */
export async function logarithmicError({ table, testFile }: Split, folder: string): Promise<number> {
  const { stdout } = await start(
    process.execPath,
    [program, 'predict', folder, testFile, '--csv', '--quiet'],
    most,
  );
  const [head, ...lines] = stdout.trimEnd().split('\n');
  const value = head.split(',').indexOf('value');
  const predicted = lines.map((line) => Number(line.split(',')[value]));
  const targets = columnOf(testFile, table.target);
  if (predicted.length !== targets.length)
    throw new Error(`${testFile}: ${targets.length} rows, ${predicted.length} predictions`);
  const squares = predicted.map((price, row) => (Math.log(price) - Math.log(targets[row])) ** 2);
  return Math.sqrt(squares.reduce((sum, square) => sum + square, 0) / squares.length);
}

/** Of a file without quotes. */
function columnOf(file: string, name: string): number[] {
  const [head, ...lines] = readFileSync(file, 'utf8').trimEnd().split(/\r?\n/);
  const place = head.split(',').indexOf(name);
  return lines.map((line) => Number(line.split(',')[place]));
}
