/** The common start of every command with a run folder: the folder, its log, and the first events. */
import type { ResolvedConfig } from '../config/load.js';
import type { CommandContext } from './command-context.js';
import { openLog } from './log.js';
import { createRunFolder, describeRun, readVersions } from './run-folder.js';

/** @throws UserError if the folder cannot be made. */
export async function beginRun(
  { config, name }: ResolvedConfig,
  out: string | null,
  { command, warnings }: CommandContext,
) {
  const { seed } = config;
  const folder = await createRunFolder({ root: 'results', out, name });
  const log = openLog(folder.file('log.ndjson'), config.log.level);
  const description = describeRun({ name, command, seed });
  log.event('run_start', { name, command, versions: readVersions(), seed });
  log.event('config', { config });
  warnings.attach(log);
  return { folder, log, description };
}
