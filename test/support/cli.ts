/** The command line as a user meets it: a process of its own in a folder of its own. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFile, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from './data-files.ts';

export const coordinator = fileURLToPath(new URL('../../dist/coordinator', import.meta.url));

export interface CliOptions {
  readonly cwd: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** Words before the interpreter, such as taskset -c 0. */
  readonly through?: readonly string[];
  /** Another Node than that of the tests. */
  readonly node?: string;
  /** Another coordinator than the built one. */
  readonly program?: string;
  /** Sends SIGINT, or another signal, as soon as stderr holds this text. */
  readonly interruptAfter?: string;
  readonly interruptBy?: NodeJS.Signals;
}

export interface CliResult {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A run that hangs is killed: its code is null then. No command of the tests takes long, however busy the machine. */
const patienceMs = 300_000;

export function cli(words: readonly string[], options: CliOptions): Promise<CliResult> {
  const { SHARDSTEP_DATA: _, LOG_LEVEL: __, FORCE_COLOR: ___, ...inherited } = process.env;
  const [program, ...before] = [...(options.through ?? []), options.node ?? process.execPath];
  const child = spawn(program, [...before, options.program ?? coordinator, ...words], {
    cwd: options.cwd,
    env: { ...inherited, ...options.environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: patienceMs,
    killSignal: 'SIGKILL',
  });
  let stdout = '';
  let stderr = '';
  let interrupted = false;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    if (options.interruptAfter === undefined || interrupted) return;
    if (!stderr.includes(options.interruptAfter)) return;
    interrupted = true;
    child.kill(options.interruptBy ?? 'SIGINT');
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
}

/** A working directory that is gone when the test is over. */
export const workingDirectory = async (t: TestContext): Promise<string> => realpath(await temporaryFolder(t));

/** Runs the command and demands its exit code; what it said is in the failure. */
export async function expectCode(
  code: number,
  words: readonly string[],
  options: CliOptions,
): Promise<CliResult> {
  const result = await cli(words, options);
  assert.equal(result.code, code, `${words.join(' ')}\n${result.stderr}${result.stdout}`);
  return result;
}

export async function readJson<T>(...path: string[]): Promise<T> {
  return JSON.parse(await readFile(join(...path), 'utf8')) as T;
}

/** What the tests look at in result.json of a training run. */
export interface TrainingResult {
  readonly status: string;
  readonly reason: string;
  readonly accuracy: number | null;
  readonly testAccuracy?: number;
  readonly target: number | null;
  readonly threads: number;
  readonly oversubscribed: boolean;
  readonly seed: number;
  readonly epochs: number;
  readonly steps: number;
  readonly images: number;
  readonly residentMs: number;
  readonly coldMs: number;
  readonly phases: Readonly<Record<string, number>>;
  readonly runs?: readonly {
    readonly seed: number;
    readonly status: string;
    readonly accuracy: number;
    readonly residentMs: number;
  }[];
}

export interface LogLine {
  readonly event: string;
  readonly schema: number;
  readonly [field: string]: unknown;
}

/** Every line of log.ndjson; each must be JSON with schema 1. */
export async function readLog(folder: string): Promise<LogLine[]> {
  const text = await readFile(join(folder, 'log.ndjson'), 'utf8');
  assert.ok(text.endsWith('\n'), 'the log ends in the middle of a line');
  const lines = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as LogLine);
  for (const line of lines) assert.equal(line.schema, 1);
  return lines;
}

export interface MetricsRow {
  readonly step: number;
  readonly epoch: number;
  readonly loss: number;
  readonly accuracy: number | null;
  readonly lr: number;
  readonly elapsedMs: number;
}

/** The rows of metrics.csv under its one allowed heading. */
export async function readMetrics(folder: string): Promise<MetricsRow[]> {
  const [heading, ...rows] = (await readFile(join(folder, 'metrics.csv'), 'utf8')).trimEnd().split('\n');
  assert.equal(heading, 'step,epoch,loss,accuracy,lr,elapsed_ms');
  return rows.map((row) => {
    const cells = row.split(',');
    assert.equal(cells.length, 6, row);
    const [step, epoch, loss, , lr, elapsedMs] = cells.map(Number);
    return { step, epoch, loss, accuracy: cells[3] === '' ? null : Number(cells[3]), lr, elapsedMs };
  });
}
