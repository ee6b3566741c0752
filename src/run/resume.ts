/** Resuming a run: its newest checkpoint, what must be as it was, and the records that continue. */
import { createHash } from 'node:crypto';
import { existsSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { shown } from '../config/config-file.js';
import { withAbsolutePaths } from '../config/paths.js';
import type { Config } from '../config/schema.js';
import type { Checkpoint } from '../coordinator/checkpoint.js';
import type { Setup } from '../coordinator/setup.js';
import type { Evaluation } from '../coordinator/work.js';
import { cannot, errorCode } from '../file-failure.js';
import { readWholeFile } from '../memory/whole-file.js';
import type { Tensor } from '../model/safetensors.js';
import type { Plan } from '../plan/plan.js';
import { runLength } from '../plan/run-length.js';
import { sameForAnyThreads } from '../plan/threads.js';
import { ExitCode, UserError } from '../user-error.js';
import { version } from '../version.js';
import type { Warn } from '../warnings.js';
import { type RunFacts, readCheckpoint } from './checkpoint-file.js';
import { bestName, checkpointsIn, lastName } from './checkpoint-names.js';
import { cutLog, cutMetrics, cutScalars } from './cut-records.js';
import { piecesOf } from './file-pieces.js';
import { filesOfRuns } from './folder-contents.js';
import { type FolderLock, lockFolder } from './folder-lock.js';
import { eventFileName } from './run-folder.js';

/** A run that goes on; its folder is locked until `lock` is released. */
export interface Resumed {
  /** Absolute. */
  readonly folder: string;
  readonly lock: FolderLock;
  readonly facts: RunFacts;
  readonly checkpoint: Checkpoint;
  /** The name of its file. */
  readonly file: string;
  /** Of the checkpoint of the best evaluation; null without one. */
  readonly best: Evaluation | null;
}

/**
 * Locks the folder of a run and reads its newest checkpoint that is whole.
 * @throws UserError: no run (usage), in use (usage), finished (usage), no checkpoint (failure).
 */
export function openResumed(given: string, warn: Warn, asked = '--resume'): Resumed {
  const folder = path.resolve(given);
  const name = shown(folder, process.cwd());
  const refuse = (got: string) =>
    new UserError(
      `${asked}: ${name}: expected the folder of a run that was stopped, got ${got}`,
      ExitCode.usage,
      {
        refused: { key: 'resume', expected: 'the folder of a run that was stopped', received: given },
      },
    );
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory())
    throw refuse(existsSync(folder) ? 'a file' : 'nothing: no such folder');
  const files = filesOfRuns(folder);
  if (!files.includes('config.yaml') && !files.includes('log.ndjson')) throw refuse('a folder without a run');
  const lock = locked(folder, asked);
  try {
    const finished = finishedStatus(folder);
    if (finished !== null)
      throw refuse(
        `a run that has finished (${finished}): start another with model.init.file=${name}/final.safetensors`,
      );
    // The other names are of the same files, unless these were lost.
    const others = [lastName, bestName].filter((one) => files.includes(one));
    const names = [...checkpointsIn(folder), ...others];
    if (names.length === 0)
      throw refuse(
        'one without a checkpoint: it was stopped before the first, or checkpoint.every was off; --out with --overwrite starts it again',
      );
    return {
      folder,
      lock,
      ...newestWhole(folder, names, warn, asked),
      best: bestOf(folder, warn),
    };
  } catch (error) {
    lock.release();
    throw error;
  }
}

function locked(folder: string, asked: string): FolderLock {
  try {
    return lockFolder(folder);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new UserError(error.message.replace(/^--out/, asked), error.exitCode, { cause: error });
  }
}

/** The status of a run that is complete, with its weights; null of one that was stopped, in whatever way. */
function finishedStatus(folder: string): string | null {
  const [results, weights] = ['result.json', 'final.safetensors'].map((name) => path.join(folder, name));
  const result = readIfThere(results, () => JSON.parse(readWholeFile(results).toString('utf8')));
  if (!['done', 'reached', 'missed'].includes(result?.status)) return null;
  const sha256 = readIfThere(weights, () => sha256Of(weights));
  // Weights of another time, such as those of an interruption, are not those of this result.
  return sha256 !== null && sha256 === (result.weightsSha256 ?? sha256) ? result.status : null;
}

/** Null if there is no file. A damaged one is that of no finished run; one that cannot be read may be that of one. */
function readIfThere<T>(file: string, read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (['', 'ENOENT'].includes(errorCode(error))) return null;
    throw cannot('read', file, error, ExitCode.failure);
  }
}

function sha256Of(file: string): string {
  const hash = createHash('sha256');
  for (const piece of piecesOf(file)) hash.update(piece);
  return hash.digest('hex');
}

function newestWhole(folder: string, names: readonly string[], warn: Warn, asked: string) {
  const problems: string[] = [];
  for (const file of names) {
    try {
      const read = readCheckpoint(path.join(folder, file));
      for (const problem of problems)
        warn(
          'checkpoint-damaged',
          `${problem}; the run goes on from ${file}, step ${read.checkpoint.state.step}`,
        );
      return { ...read, file };
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      problems.push(error.message);
    }
  }
  throw new UserError(`${asked}: no checkpoint can be read: ${problems.join('; ')}`);
}

function bestOf(folder: string, warn: Warn): Evaluation | null {
  try {
    return readCheckpoint(path.join(folder, bestName)).checkpoint.state.evaluation;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    if (errorCode(error.cause) !== 'ENOENT')
      warn('checkpoint-damaged', `${error.message}; the best evaluation from here on replaces it`);
    return null;
  }
}

const anyThreads = ({ sync, config }: RunFacts) =>
  sameForAnyThreads(sync) && config.backend.name !== 'tfjs-node';

/** The configuration below that which the user gives: that of the checkpoint, on as many threads if they matter. */
export function baseOf({ facts, file }: Resumed): { label: string; values: Record<string, unknown> } {
  const { parallel } = facts.config;
  const threads = anyThreads(facts) ? parallel.threads : facts.threads;
  return { label: file, values: { ...facts.config, parallel: { ...parallel, threads } } };
}

/** @throws UserError (usage) naming every key that differs and may not, with both values. */
export function refuseOtherConfig({ facts, checkpoint, file }: Resumed, given: Config): void {
  const before = leaves(facts.config);
  const after = leaves(withAbsolutePaths(given));
  const differing = [...new Set([...before.keys(), ...after.keys()])].filter(
    (key) => before.get(key) !== after.get(key),
  );
  const refused = differing.flatMap((key) => {
    const reason = whyNot(key, facts.config);
    return reason === null
      ? []
      : [`${key}: expected ${before.get(key) ?? 'none'}, got ${after.get(key) ?? 'none'}${reason}`];
  });
  if (refused.length > 0)
    throw new UserError(`resume: other than in ${file}: ${refused.join('; ')}`, ExitCode.usage, {
      refused: { key: refused[0].split(':')[0], expected: 'the value of the checkpoint' },
    });
  const { step, epoch } = checkpoint.state;
  if (given.train.epochs < epoch)
    throw new UserError(
      `resume: train.epochs: expected ${epoch} or more, got ${given.train.epochs}: ${step} steps are done`,
      ExitCode.usage,
    );
}

/** Keys that change no bits. */
const mayDiffer = [
  ...['parallel.threads', 'parallel.heartbeat', 'parallel.onWorkerLoss'],
  ...['data.dir', 'data.testFile'],
];

/** Null if the key may differ; else the reason, empty if it is plain. */
function whyNot(key: string, { schedule, train, parallel }: Config): string | null {
  if (mayDiffer.includes(key) || /^(log|checkpoint)\./.test(key)) return null;
  if (key !== 'train.epochs') return '';
  const depends =
    schedule.name !== 'constant' && schedule.name !== 'step'
      ? `schedule.name=${schedule.name} is`
      : train.tailAverage > 0
        ? 'train.tailAverage is'
        : parallel.sync === 'local-sgd' && parallel.localAfter > 0
          ? 'parallel.localAfter is'
          : null;
  return depends && ` (${depends} spread over the steps of the whole run)`;
}

/** Every value of a configuration, as JSON by its dotted key. */
function leaves(value: object, at = ''): Map<string, string> {
  return new Map(
    Object.entries(value).flatMap(([key, inner]) =>
      typeof inner === 'object' && inner !== null && !Array.isArray(inner)
        ? [...leaves(inner, `${at}${key}.`)]
        : [[`${at}${key}`, JSON.stringify(inner)] as [string, string]],
    ),
  );
}

/** @throws UserError (usage) if the data, the version or the threads are other than before and may not be. */
export function refuseOtherRun(
  { facts, checkpoint, file }: Resumed,
  setup: Setup,
  plan: Plan,
  warn: Warn,
): void {
  const refuse = (what: string, before: unknown, now: unknown, why = '') =>
    new UserError(`resume: ${what}: expected ${before}, as in ${file}, got ${now}${why}`, ExitCode.usage);
  if (facts.version !== version) throw refuse('version of shardstep', facts.version, version);
  const [before, now] = [facts.data, dataHashes(setup)];
  for (const name of new Set([...Object.keys(before), ...Object.keys(now)]))
    if (before[name] !== now[name])
      throw refuse(`SHA-256 of the data, ${name}`, before[name] ?? 'none', now[name] ?? 'none');
  if (facts.threads !== plan.threads && !anyThreads(facts))
    throw refuse(
      'parallel.threads',
      facts.threads,
      plan.threads,
      `: with parallel.sync=${facts.sync} the weights depend on them`,
    );
  const { totalSteps } = runLength(setup.config, plan.parts.train.count);
  if (checkpoint.state.step > totalSteps)
    throw refuse('train.epochs', `${checkpoint.state.step} steps or more`, `${totalSteps} steps`);
  const level = setup.kernels?.level ?? null;
  if (level !== facts.kernels)
    warn(
      'kernels-differ',
      `the kernels were ${facts.kernels} and are ${level} now: the bits of the weights may differ from those of an undisturbed run`,
    );
}

/** SHA-256 of the data by file, and of the weights that the run started from. */
export function dataHashes({ dataset, initial }: Pick<Setup, 'dataset' | 'initial'>): Record<string, string> {
  return { ...dataset.sha256, ...(initial === null ? {} : { 'initial weights': hashOf(initial) }) };
}

function hashOf(tensors: ReadonlyMap<string, Tensor>): string {
  const hash = createHash('sha256');
  for (const [name, { shape, data }] of tensors) {
    hash.update(JSON.stringify([name, shape]));
    hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return hash.digest('hex');
}

/** The records of a run that goes on, cut back to its checkpoint. */
export interface KeptRecords {
  /** Rows of metrics.csv; null without the file. */
  readonly rows: number | null;
  /** Whether the log has a warning already. */
  hasWarning(code: string, message: string): boolean;
}

/** The results of the run before it goes on; the result first, which says that the others are whole. */
const oldResults = ['result.json', 'final.safetensors', 'meta.json'];

/** Removes the results of the run as it was stopped. @throws UserError (exit 1) if a file cannot be read, cut or removed. */
export function cutRecords({ folder, checkpoint, facts }: Resumed, warn: Warn): KeptRecords {
  const { step, pending } = checkpoint.state;
  // The last step is reported again with what follows from it.
  const keeps = pending === null ? step : step - 1;
  const file = (name: string) => path.join(folder, name);
  const old = filesOfRuns(folder).filter((name) => name.endsWith('.tmp'));
  for (const name of [...oldResults, ...old])
    try {
      rmSync(file(name), { force: true });
    } catch (error) {
      throw cannot('delete', file(name), error, ExitCode.failure);
    }
  const warnings = new Set<string>();
  const rows = cutMetrics(file('metrics.csv'), keeps);
  const logged = cutLog(file('log.ndjson'), keeps, (line) => {
    if (line.includes('"event":"warning"')) warnings.add(warningIn(line));
  });
  cutScalars(file(eventFileName), keeps);
  const { every, level } = facts.config.log;
  const last = Number(rows?.last.split(',')[0]) || 0;
  const isShort = every > 0 && last < keeps - (keeps % every);
  if (isShort || rows === null || ((logged ?? 0) === 0 && level !== 'silent'))
    warn('records-incomplete', `the records of the run end before step ${keeps}, after which it goes on`);
  return {
    rows: rows === null || rows.count === 0 ? null : rows.count - 1,
    hasWarning: (code, message) => warnings.has(JSON.stringify([code, message])),
  };
}

function warningIn(line: string): string {
  const { code, message } = JSON.parse(line);
  return JSON.stringify([code, message]);
}

/** What the checkpoints of a run say of it. */
export function factsOf(
  name: string,
  { config, kernels, ...setup }: Setup,
  plan: Plan,
  run: Pick<RunFacts, 'startedAt' | 'command' | 'resumed'>,
): RunFacts {
  return {
    ...{ name, config: withAbsolutePaths(config), version, kernels: kernels?.level ?? null },
    ...{ threads: plan.threads, sync: plan.sync, data: dataHashes(setup), ...run },
  };
}
