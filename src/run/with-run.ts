/** The scaffold of every command with a run folder: begin, body, status, exit code, end. */
import { rm } from 'node:fs/promises';
import type { ResolvedConfig } from '../config/load.js';
import { withAbsolutePaths } from '../config/paths.js';
import type { Config } from '../config/schema.js';
import { toYaml } from '../config/yaml-text.js';
import { codeOf } from '../coordinator/interruption.js';
import { ExitCode, UserError } from '../user-error.js';
import type { Warn } from '../warnings.js';
import type { CommandContext } from './command-context.js';
import { claimFor, type RunPlace, useOf } from './folder-claim.js';
import { openLog, type RunLog } from './log.js';
import type { RunStatus } from './log-schema.js';
import { recordFailure } from './recorder.js';
import { cutRecords, type Resumed } from './resume.js';
import {
  createRunFolder,
  describeRun,
  folderAt,
  type RunFolder,
  readVersions,
  shownFolder,
  writeAtomic,
} from './run-folder.js';
import { warnOfRecords } from './warnings.js';

export type OpenRun = Awaited<ReturnType<typeof beginRun>>;

/** How a run ended. `failure`: the error thrown by its body, or null. */
export interface Ended {
  readonly status: RunStatus;
  readonly exitCode: ExitCode;
  readonly failure: unknown;
}

export interface RunScript {
  /** The work; if it fails, the folder is still written. */
  body(run: OpenRun): Promise<void>;
  /** The status of a run that was not interrupted and did not fail; may throw to make it a failure. */
  judge(): RunStatus;
  /** The step of the last checkpoint; null without one. */
  resumesAfter?(): number | null;
  /** Writes the files and prints the result. */
  end(run: OpenRun, ended: Ended): Promise<void>;
}

/** What the records of a run need and what can be made before its folder. */
export interface EarlyRecords {
  readonly config: Config;
  /** config.yaml. */
  readonly yaml: string;
  readonly description: ReturnType<typeof describeRun>;
}

export function earlyRecords({ config, name }: ResolvedConfig, command: string): EarlyRecords {
  const description = describeRun({ name, command, seed: config.seed });
  return { config, yaml: toYaml(withAbsolutePaths(config)), description };
}

/** `early`: used if the run has their configuration. @throws the error of the body, unless the run was interrupted; UserError if a file cannot be written. */
export async function withRun(
  resolved: ResolvedConfig,
  place: RunPlace,
  context: CommandContext,
  script: RunScript,
  early: EarlyRecords | null = null,
): Promise<ExitCode> {
  const { signal, progress } = context;
  const run = await beginRun(resolved, place, context, early);
  let failure: unknown = null;
  let status: RunStatus = 'failed';
  try {
    await script.body(run);
    status = script.judge();
  } catch (error) {
    failure = error;
    recordFailure(run.log, error);
  }
  progress.finish();
  if (signal.aborted) status = 'interrupted';
  const exitCode = status === 'interrupted' ? codeOf(signal) : exitCodeOf(status, failure);
  const where = shownFolder(run.folder);
  let kept = `the results so far are in ${where}`;
  try {
    await script.end(run, { status, exitCode, failure });
  } catch (error) {
    // What ended the run is the reason for its exit code; this is another.
    if (failure === null && status !== 'interrupted') throw error;
    context.stderr(`error: ${error instanceof Error ? error.message : String(error)}`);
    kept = `not all results so far are in ${where}`;
  } finally {
    run.folder.release();
  }
  if (status === 'interrupted') {
    const goesOn = script.resumesAfter?.() ?? null;
    const more = goesOn === null ? '' : `; train --resume ${where} goes on after step ${goesOn}`;
    context.stderr(`interrupted; ${kept}${more}`);
  } else if (failure !== null) throw failure;
  return exitCode;
}

/** Makes the folder and its log, with the first events. @throws UserError if it cannot be made, holds a run or is in use. */
async function beginRun(
  resolved: ResolvedConfig,
  { out, overwrite, resumed = null }: RunPlace,
  { command, warnings }: CommandContext,
  early: EarlyRecords | null,
) {
  const { config, name } = resolved;
  const { seed } = config;
  if (resumed !== null) return continueRun(resolved, resumed, command, warnings);
  const folder = await createRunFolder({
    root: 'results',
    out,
    name,
    claim: claimFor(useOf(overwrite)),
    warn: warnings.warn,
  });
  return withLog(folder, config.log.level, false, warnings.warn, async (log) => {
    const { yaml, description } = early?.config === config ? early : earlyRecords(resolved, command);
    log.event('run_start', { name, command, versions: readVersions(), seed });
    log.event('config', { config });
    warnings.attach(log);
    // Even a run that is killed leaves its log and configuration.
    log.flush();
    await writeAtomic(folder.file('config.yaml'), yaml);
    return { folder, log, description, rows: null, facts: { startedAt: startedAt(), command, resumed: [] } };
  });
}

/** Opens the log for the beginning of a run. If that fails, the folder is free again, without the log of a new run. */
async function withLog<T>(
  folder: RunFolder,
  level: string,
  continues: boolean,
  warn: Warn,
  begin: (log: RunLog) => Promise<T>,
): Promise<T> {
  let log: RunLog | null = null;
  try {
    log = openLog(folder.file('log.ndjson'), level, continues, warnOfRecords(warn));
    return await begin(log);
  } catch (error) {
    // What ended the beginning is reported.
    try {
      log?.close();
    } catch {}
    if (!continues) await rm(folder.file('log.ndjson'), { force: true }).catch(() => {});
    folder.release();
    throw error;
  }
}

/** The records go on after those before the checkpoint. */
async function continueRun(
  { config }: ResolvedConfig,
  resumed: Resumed,
  command: string,
  warnings: CommandContext['warnings'],
) {
  const { checkpoint, facts, file } = resumed;
  const { step } = checkpoint.state;
  const before = { startedAt: facts.startedAt, command: facts.command };
  const times = [...facts.resumed, { at: startedAt(), command, step }];
  const kept = cutRecords(resumed, warnings.warn);
  const folder = folderAt(resumed.folder, resumed.lock.release);
  return withLog(folder, config.log.level, true, warnings.warn, async (log) => {
    log.event('resume', { step, checkpoint: file, command });
    warnings.attach(log, ({ code, message }) => kept.hasWarning(code, message));
    log.flush();
    const description = describeRun({
      ...{ name: facts.name, command: facts.command, seed: config.seed, resumed: times },
      startedAt: new Date(facts.startedAt),
    });
    return { folder, log, description, rows: kept.rows, facts: { ...before, resumed: times } };
  });
}

const startedAt = () => new Date().toISOString();

function exitCodeOf(status: Exclude<RunStatus, 'interrupted'>, failure: unknown): ExitCode {
  if (status === 'failed') return failure instanceof UserError ? failure.exitCode : ExitCode.failure;
  return {
    reached: ExitCode.done,
    done: ExitCode.done,
    missed: ExitCode.targetMissed,
  }[status];
}
