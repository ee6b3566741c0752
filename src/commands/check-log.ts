/** The `check-log` command: lists every problem in logs as `file:line: problem`. */

import { findLogs } from '../report/find-logs.js';
import { damageLine } from '../report/log-problems.js';
import { readLog } from '../report/read-log.js';
import type { CommandContext } from '../run/command-context.js';
import { ExitCode } from '../user-error.js';
import type { Command } from './command.js';

export const command: Command = {
  declare: (parser) => parser.argument('<log...>', 'NDJSON logs, run folders or folders of either'),
  run: (paths, _, line) => checkLog(paths, line),
};

/** Exit 0 when all logs are sound (warnings do not count), 1 for any damage. @throws UserError for a missing file. */
export function checkLog(paths: readonly string[], context: CommandContext): ExitCode {
  const readings = findLogs(paths).map(({ file }) => readLog(file));
  const damages = readings.flatMap((reading) => reading.damages);
  const damaged = readings.filter((reading) => reading.damages.some(({ kind }) => kind === 'damage'));
  if (context.json) {
    const files = readings.map(({ file, lines, runs }) => ({ file, lines, runs: runs.length }));
    context.stdout(JSON.stringify({ schema: 1, files, damaged: damaged.length, problems: damages }));
  } else {
    for (const damage of damages) context.stdout(damageLine(damage));
    const lines = readings.reduce((sum, reading) => sum + reading.lines, 0);
    const logs = `${readings.length} log${readings.length === 1 ? '' : 's'}, ${lines} lines`;
    context.stdout(`${logs}: ${damaged.length === 0 ? 'no damage' : `${damaged.length} damaged`}`);
  }
  return damaged.length === 0 ? ExitCode.done : ExitCode.failure;
}
