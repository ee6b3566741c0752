/** From paths to runs: finds the logs, reads them and the files beside them. */
import path from 'node:path';
import { setImmediate as otherEvents } from 'node:timers/promises';
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

/** In turns with other events, such as signals. @throws UserError (usage) like `findLogs`; the readable part of damaged logs is used. */
export async function loadRuns(paths: readonly string[], signal: AbortSignal): Promise<LoadedRuns> {
  const found = findLogs(paths);
  const readings = [];
  for (const log of found) {
    await otherEvents(null, { signal });
    const { damages, ...reading } = readLog(log.file);
    // If a log holds several runs, the files beside it cannot be assigned to one of them.
    const sidecars = readSidecars(reading.runs.length > 1 ? null : log.folder);
    readings.push({ log, ...reading, sidecars, damages: [...damages, ...sidecars.problems] });
  }
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
