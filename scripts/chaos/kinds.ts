/** The disturbances. Each begins a run and returns when its process has ended. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Ended, numberedIn, type StartOptions, train } from './training.ts';

export interface Disturbed {
  readonly words: readonly string[];
  /** The run folder; it does not exist yet. */
  readonly run: string;
  readonly temporary: string;
  /** Of the undisturbed run. */
  readonly usualMs: number;
  /** Draws from 0 to below n. */
  readonly below: (n: number) => number;
  /** Null: not compiled. */
  readonly faultyDisk: string | null;
}

export interface Disturbance {
  readonly ended: Ended;
  /** The exit codes, or the signal, that the disturbance may cause. */
  readonly expects: readonly (number | NodeJS.Signals)[];
  /** Checkpoints that the harness damaged itself. */
  readonly damaged: readonly string[];
}

type Kind = (disturbed: Disturbed) => Promise<Disturbance | null>;

/** Up to a tenth after the usual end. */
const moment = ({ usualMs, below }: Disturbed) => below(Math.ceil(usualMs * 1.1));

const begin = (disturbed: Disturbed, options: Omit<StartOptions, 'temporary'>) =>
  train([...disturbed.words, '--quiet', '--out', disturbed.run], {
    temporary: disturbed.temporary,
    ...options,
  });

const bySignal =
  (signal: NodeJS.Signals, code: number | NodeJS.Signals): Kind =>
  async (disturbed) => {
    const disturb: StartOptions['disturb'] = (kill) => [setTimeout(() => kill(signal), moment(disturbed))];
    // A signal before the program listens ends it as the system does.
    return { ended: await begin(disturbed, { disturb }), expects: [0, code, signal], damaged: [] };
  };

const stoppedMs = 3000;

const pause: Kind = async (disturbed) => {
  const at = moment(disturbed);
  const disturb: StartOptions['disturb'] = (kill) => [
    setTimeout(() => kill('SIGSTOP'), at),
    setTimeout(() => kill('SIGCONT'), at + stoppedMs),
  ];
  return { ended: await begin(disturbed, { disturb }), expects: [0], damaged: [] };
};

/** A byte of the newest checkpoint changes after the process was killed. */
const flip: Kind = async (disturbed) => {
  const { run, below } = disturbed;
  const killed = await bySignal('SIGKILL', 'SIGKILL')(disturbed);
  const newest = numberedIn(run).at(0);
  if (killed === null || newest === undefined) return killed;
  const file = join(run, newest);
  const bytes = readFileSync(file);
  bytes[below(bytes.length)] ^= 1 << below(8);
  // In place: `last` is the same file.
  writeFileSync(file, bytes);
  return { ...killed, damaged: [newest, 'checkpoint-last.safetensors'] };
};

/** Files may not grow beyond a limit. */
const limit: Kind = async (disturbed) => ({
  ended: await begin(disturbed, { fileBlocks: 1 + disturbed.below(1200) }),
  expects: [0, 1],
  damaged: [],
});

/** A file system that is too small; null without the right to mount one. */
const full: Kind = async (disturbed) => {
  const { run, below } = disturbed;
  mkdirSync(run);
  const size = `size=${4 * (1 + below(600))}k`;
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', size, 'tmpfs', run]).status !== 0) return null;
  try {
    const ended = await begin(disturbed, {});
    // More room for the run that goes on.
    spawnSync('mount', ['-o', 'remount,size=64m', run]);
    return { ended, expects: [0, 1], damaged: [] };
  } catch (error) {
    spawnSync('umount', [run]);
    throw error;
  }
};

const faulty =
  (mode: 'eio' | 'enospc' | 'short'): Kind =>
  async (disturbed) => {
    const { faultyDisk, run, below } = disturbed;
    if (faultyDisk === null) return null;
    const first = 1 + below(60);
    const environment = {
      LD_PRELOAD: faultyDisk,
      CHAOS_PATH: run,
      CHAOS_MODE: mode,
      CHAOS_FIRST: `${first}`,
      CHAOS_LAST: below(2) === 0 ? `${first}` : '1000000000',
    };
    const ended = await begin(disturbed, { environment });
    return { ended, expects: mode === 'short' ? [0] : [0, 1], damaged: [] };
  };

/** A worker thread ends at some arrival at a barrier, or report. */
const worker: Kind = async (disturbed) => {
  const { run, below } = disturbed;
  const preload = fileURLToPath(new URL('./lost-worker.cjs', import.meta.url));
  const environment = {
    NODE_OPTIONS: `--require ${preload}`,
    // Beside the run, so that it is no file of its folders.
    CHAOS_WORKER: `${1 + below(below(2) === 0 ? 20 : 400)} ${run}-lost`,
  };
  return { ended: await begin(disturbed, { environment }), expects: [0, 1], damaged: [] };
};

export const kinds = {
  kill: bySignal('SIGKILL', 'SIGKILL'),
  term: bySignal('SIGTERM', 143),
  int: bySignal('SIGINT', 130),
  pause,
  worker,
  flip,
  limit,
  full,
  eio: faulty('eio'),
  enospc: faulty('enospc'),
  short: faulty('short'),
} satisfies Record<string, Kind>;

export type KindName = keyof typeof kinds;
export const isKind = (name: string): name is KindName => Object.hasOwn(kinds, name);
