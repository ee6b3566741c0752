/** Training commands as processes of their own, and what they leave behind. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readCheckpoint } from '../../dist/run/checkpoint-file.js';
import { checkpointsIn } from '../../dist/run/checkpoint-names.js';
import { atEnd } from './cleanup.ts';

const coordinator = fileURLToPath(new URL('../../dist/coordinator', import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stderr: string;
  readonly elapsedMs: number;
  /** Milliseconds since the Unix epoch. */
  readonly endedAt: number;
  /** Processes of its group that still run. */
  readonly orphans: number;
  readonly isHung: boolean;
}

export interface StartOptions {
  readonly temporary: string;
  /** Instead of the program here. */
  readonly program?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** A shell's limit of file sizes, in blocks of 1024 bytes. */
  readonly fileBlocks?: number;
  /** Called once it runs; returns what gives it up, called at the end. */
  readonly disturb?: (kill: (signal: NodeJS.Signals) => void) => () => void;
}

const patienceMs = 120_000;

export function train(words: readonly string[], options: StartOptions): Promise<Ended> {
  const { temporary, program = coordinator, environment, fileBlocks, disturb } = options;
  const command = [process.execPath, program, 'train', ...words];
  const [file, ...rest] =
    fileBlocks === undefined
      ? command
      : ['bash', '-c', `ulimit -f ${fileBlocks}; exec "$@"`, 'bash', ...command];
  const started = performance.now();
  const child = spawn(file, rest, {
    env: { ...process.env, TMPDIR: temporary, ...environment },
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
  });
  const group = child.pid;
  const kill = (signal: NodeJS.Signals) => {
    try {
      if (group !== undefined && child.exitCode === null && child.signalCode === null)
        process.kill(-group, signal);
    } catch {
      // It has just ended.
    }
  };
  const ended = atEnd(() => kill('SIGKILL'));
  let isHung = false;
  const watchdog = setTimeout(() => {
    isHung = true;
    kill('SIGKILL');
  }, patienceMs);
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const giveUp = disturb?.(kill);
  return new Promise((resolve, reject) => {
    child.once('error', reject).once('close', (code, signal) => {
      clearTimeout(watchdog);
      giveUp?.();
      ended();
      const endedMs = performance.now();
      const orphans = group === undefined ? 0 : membersOf(group);
      const elapsedMs = endedMs - started;
      resolve({
        code,
        signal,
        stderr,
        elapsedMs,
        endedAt: performance.timeOrigin + endedMs,
        orphans,
        isHung,
      });
    });
  });
}

/** Running processes of a group, by /proc; 0 where there is none. */
function membersOf(group: number): number {
  if (!existsSync('/proc/self/stat')) return 0;
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      // After the name in brackets: state, parent, group.
      const [state, , its] = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').at(-1)?.split(' ') ?? [];
      return Number(its) === group && state !== 'Z';
    } catch {
      return false;
    }
  }).length;
}

/** SHA-256 of the final weights; null without them. */
export function weightsOf(run: string): string | null {
  const file = join(run, 'final.safetensors');
  return existsSync(file) ? createHash('sha256').update(readFileSync(file)).digest('hex') : null;
}

export const numberedIn = (run: string): string[] => (existsSync(run) ? checkpointsIn(run) : []);

/** Checkpoints of any name that cannot be read. */
export function unreadableIn(run: string): string[] {
  if (!existsSync(run)) return [];
  const names = readdirSync(run).filter((name) => /^checkpoint-.*\.safetensors$/.test(name));
  return names.filter((name) => {
    try {
      readCheckpoint(join(run, name));
      return false;
    } catch {
      return true;
    }
  });
}

/** After a run that ended in order: locks, temporary files in its folder, anything in its folder for them. */
export function leftoversIn(run: string, temporary: string): string[] {
  const own = existsSync(run) ? readdirSync(run).filter((name) => /\.tmp|\.lock$|^\./.test(name)) : [];
  return [...own, ...readdirSync(temporary)];
}
