/** From paths to runs: finds the logs, reads them and the files beside them. */
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

/** @throws UserError (usage) like `findLogs`; the readable part of damaged logs is used. */
export function loadRuns(paths: readonly string[], signal: AbortSignal): LoadedRuns {
  const found = findLogs(paths);
  const readings = found.map((log) => {
    signal.throwIfAborted();
    const { damages, ...reading } = readLog(log.file);
    // If a log holds several runs, the files beside it cannot be assigned to one of them.
    const sidecars = readSidecars(reading.runs.length > 1 ? null : log.folder);
    return { log, ...reading, sidecars, damages: [...damages, ...sidecars.problems] };
  });
  return {
    files: found.length,
    lines: readings.reduce((sum, { lines }) => sum + lines, 0),
    runs: readings.flatMap(({ log, runs, sidecars, damages }) =>
      runs.map((entries, index) => {
        const label = labelOf(log) + (runs.length > 1 ? ` #${index + 1}` : '');
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
