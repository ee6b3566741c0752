/** How every command that leaves a run folder begins: the folder, its log, and what the log says first. */
import type { ResolvedConfig } from '../config/load.js';
import { toYaml } from '../config/yaml-text.js';
import type { CommandContext } from './command-context.js';
import { openLog } from './log.js';
import { createRunFolder, describeRun, readVersions, writeAtomic } from './run-folder.js';

/** @throws UserError when the folder cannot be made. */
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
  // A run that is killed leaves what it was.
  log.flush();
  await writeAtomic(folder.file('config.yaml'), toYaml(config));
  return { folder, log, description };
}
