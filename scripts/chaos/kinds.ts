/** The disturbances. Each begins a run and returns when its process has ended. */
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CachedProgram } from './cached-program.ts';
import { atMoment, type Moments } from './moment.ts';
import { mount, resize } from './mounts.ts';
import { type Ended, numberedIn, type StartOptions, train } from './training.ts';
import { faultOfWorker } from './worker-faults.ts';

export interface Tools {
  /** Null: not needed, or not compiled. */
  readonly faultyDisk: string | null;
  /** Null: not needed. */
  readonly installed: CachedProgram | null;
}

export interface Disturbed extends Moments, Tools {
  readonly temporary: string;
  /** Of a run that is resumed and disturbed again, after `train`; absent: the run begins, and its folder does not exist yet. */
  readonly resume?: readonly string[];
}

export interface Disturbance {
  readonly ended: Ended;
  /** The exit codes, or the signal, that the disturbance may cause. */
  readonly expects: readonly (number | NodeJS.Signals)[];
  /** Checkpoints that the harness damaged itself. */
  readonly damaged: readonly string[];
  /** For the runs that go on. */
  readonly goesOn?: Pick<StartOptions, 'program' | 'environment'>;
}

type Kind = (disturbed: Disturbed) => Promise<Disturbance | null>;

const begin = ({ reference, run, temporary, resume }: Disturbed, options: Omit<StartOptions, 'temporary'>) =>
  train([...(resume ?? [...reference.configuration.words, '--out', run]), '--quiet'], {
    temporary,
    ...options,
  });

const bySignal =
  (signal: NodeJS.Signals, code: number | NodeJS.Signals): Kind =>
  async (disturbed) => {
    const disturb: StartOptions['disturb'] = (kill) => atMoment(disturbed, () => kill(signal));
    // A signal before the program listens ends it as the system does.
    return { ended: await begin(disturbed, { disturb }), expects: [0, code, signal], damaged: [] };
  };

const stoppedMs = 3000;

const pause: Kind = async (disturbed) => {
  const disturb: StartOptions['disturb'] = (kill) =>
    atMoment(disturbed, () => {
      kill('SIGSTOP');
      setTimeout(() => kill('SIGCONT'), stoppedMs);
    });
  return { ended: await begin(disturbed, { disturb }), expects: [0], damaged: [] };
};

const flipped = (file: string, below: Disturbed['below']): void => {
  const bytes = readFileSync(file);
  bytes[below(bytes.length)] ^= 1 << below(8);
  // In place: a checkpoint's other name, `last`, is the same file.
  writeFileSync(file, bytes);
};

/** A byte of the newest checkpoint changes after the process was killed. */
const flip: Kind = async (disturbed) => {
  const { run, below } = disturbed;
  const killed = await bySignal('SIGKILL', 'SIGKILL')(disturbed);
  const newest = numberedIn(run).at(0);
  if (killed === null || newest === undefined) return killed;
  flipped(join(run, newest), below);
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
  if (!mount(run, 4 * (1 + below(600)))) return null;
  const ended = await begin(disturbed, {});
  resize(run, 65_536);
  return { ended, expects: [0, 1], damaged: [] };
};

/** A byte of an archive, or of V8's code, changes in the cache before the run. Half of the mirrors cannot be reached. */
const cache: Kind = async (disturbed) => {
  const { installed, run, below } = disturbed;
  if (installed === null) return null;
  const own = `${run}-cache`;
  cpSync(installed.cache, own, { recursive: true });
  const within = join(own, below(4) === 0 ? 'code' : 'datasets');
  const files = readdirSync(within, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  const { parentPath, name } = files[below(files.length)];
  flipped(join(parentPath, name), below);
  const isReachable = below(2) === 0;
  const { program, environment } = installed;
  return {
    ended: await begin(disturbed, { program, environment: environment(own, isReachable) }),
    expects: isReachable ? [0] : [0, 1],
    damaged: [],
    goesOn: { program, environment: environment(own, true) },
  };
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
  const at = 1 + below(below(4) === 0 ? 20 : 1000);
  // The file is beside the run, so that it is no file of its folders.
  const environment = faultOfWorker('exit', 'added', at, `${run}-lost`);
  return { ended: await begin(disturbed, { environment }), expects: [0, 1], damaged: [] };
};

export const kinds = {
  kill: bySignal('SIGKILL', 'SIGKILL'),
  term: bySignal('SIGTERM', 143),
  int: bySignal('SIGINT', 130),
  pause,
  worker,
  flip,
  cache,
  limit,
  full,
  eio: faulty('eio'),
  enospc: faulty('enospc'),
  short: faulty('short'),
} satisfies Record<string, Kind>;

/** These disturb a run that was resumed, too; the others need a folder of their own making. */
export const again = ['kill', 'term', 'int', 'flip', 'eio', 'enospc', 'short'] as const satisfies KindName[];

export type KindName = keyof typeof kinds;
export const isKind = (name: string): name is KindName => Object.hasOwn(kinds, name);
