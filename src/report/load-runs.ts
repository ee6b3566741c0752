/** From paths to runs: finds the logs, reads them and what lies beside them. */
import path from 'node:path';
import { buildRun } from './build-run.js';
import { type FoundLog, findLogs } from './find-logs.js';
import { type Damage, readLog } from './read-log.js';
import type { Run } from './run.js';
import { readSidecars } from './sidecars.js';

export interface LoadedRuns {
  readonly files: number;
  readonly lines: number;
  readonly runs: readonly Run[];
  readonly damages: readonly Damage[];
}

/** @throws UserError (usage) as `findLogs` does; damaged logs give what they can. */
export function loadRuns(paths: readonly string[], signal: AbortSignal): LoadedRuns {
  const found = findLogs(paths);
  const readings = found.map((log) => {
    signal.throwIfAborted();
    return { log, ...readLog(log.file) };
  });
  return {
    files: found.length,
    lines: readings.reduce((sum, { lines }) => sum + lines, 0),
    runs: readings.flatMap(({ log, runs, damages }) =>
      runs.map((entries, index) => {
        const label = labelOf(log) + (runs.length > 1 ? ` #${index + 1}` : '');
        // What lies beside a log that holds several runs belongs to none of them for certain.
        const sidecars = readSidecars(runs.length > 1 ? null : log.folder);
        return buildRun(label, log.file, entries, sidecars, damages);
      }),
    ),
    damages: readings.flatMap(({ damages }) => damages),
  };
}

/** The name of the run folder, or of a raw log. */
function labelOf({ file, folder }: FoundLog): string {
  return folder === null ? path.basename(file) : path.basename(path.resolve(folder));
}
