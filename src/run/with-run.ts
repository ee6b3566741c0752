/** The scaffold of every command with a run folder: begin, body, status, exit code, end. */
import type { ResolvedConfig } from '../config/load.js';
import { withAbsolutePaths } from '../config/paths.js';
import type { Config } from '../config/schema.js';
import { toYaml } from '../config/yaml-text.js';
import { ExitCode, UserError } from '../user-error.js';
import type { CommandContext } from './command-context.js';
import { claimFor, type RunPlace, useOf } from './folder-claim.js';
import { openLog } from './log.js';
import type { RunStatus } from './log-schema.js';
import { recordFailure } from './recorder.js';
import { createRunFolder, describeRun, readVersions, shownFolder, writeAtomic } from './run-folder.js';

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
  const exitCode = exitCodeOf(status, failure);
  try {
    await script.end(run, { status, exitCode, failure });
  } finally {
    run.folder.release();
  }
  if (status === 'interrupted')
    context.stderr(`interrupted; the results so far are in ${shownFolder(run.folder)}`);
  else if (failure !== null) throw failure;
  return exitCode;
}

/** Makes the folder and its log, with the first events. @throws UserError if it cannot be made, holds a run or is in use. */
async function beginRun(
  resolved: ResolvedConfig,
  { out, overwrite }: RunPlace,
  { command, warnings }: CommandContext,
  early: EarlyRecords | null,
) {
  const { config, name } = resolved;
  const { seed } = config;
  const folder = await createRunFolder({
    root: 'results',
    out,
    name,
    claim: claimFor(useOf(overwrite)),
    warn: warnings.warn,
  });
  const log = openLog(folder.file('log.ndjson'), config.log.level);
  const { yaml, description } = early?.config === config ? early : earlyRecords(resolved, command);
  log.event('run_start', { name, command, versions: readVersions(), seed });
  log.event('config', { config });
  warnings.attach(log);
  // Even a run that is killed leaves its log and configuration.
  log.flush();
  await writeAtomic(folder.file('config.yaml'), yaml);
  return { folder, log, description };
}

function exitCodeOf(status: RunStatus, failure: unknown): ExitCode {
  if (status === 'failed') return failure instanceof UserError ? failure.exitCode : ExitCode.failure;
  return {
    reached: ExitCode.done,
    done: ExitCode.done,
    missed: ExitCode.targetMissed,
    interrupted: ExitCode.interrupted,
  }[status];
}
