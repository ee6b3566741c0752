/** The logs that a path denotes: a run folder, a raw NDJSON log, or a folder with many of both. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { expandHome } from '../config/home.js';
import { nearest } from '../config/nearest.js';
import { ExitCode, UserError } from '../user-error.js';

export interface FoundLog {
  /** The path in the user's form. */
  readonly file: string;
  /** The run folder of the log, with config.yaml, meta.json and result.json; null for a raw log. */
  readonly folder: string | null;
}

const runLog = 'log.ndjson';
/** A study's cells, which are not a log. A path that names this file directly is still read. */
const studyCells = 'cells.ndjson';
/** Deep enough for results/<machine>/<study>/<cell>/<run>. */
const deepest = 6;

/**
 * The logs of each path, in the order of their names, each once.
 * @throws UserError (usage) for a path that does not exist, with the nearest that does, or for one without logs.
 */
export function findLogs(paths: readonly string[]): FoundLog[] {
  const found = new Map<string, FoundLog>();
  for (const word of paths) {
    const given = expandHome(word);
    const kind = statOf(given);
    if (!kind.isFile() && !kind.isDirectory())
      throw new UserError(`${given}: expected a file or a folder, got neither`, ExitCode.usage);
    const logs = kind.isDirectory() ? inFolder(given, 0) : [{ file: given, folder: folderOf(given) }];
    if (logs.length === 0) {
      throw new UserError(
        `${given}: expected a run folder, an NDJSON log or a folder of either; it holds no ${runLog} and no *.ndjson`,
        ExitCode.usage,
      );
    }
    for (const log of logs) found.set(path.resolve(log.file), log);
  }
  return [...found.values()];
}

function statOf(given: string) {
  try {
    return statSync(given);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : '';
    if (code !== 'ENOENT' && code !== 'ENOTDIR') throw new UserError(String(error), ExitCode.usage);
    throw new UserError(`${given}: no such file or folder${near(given)}`, ExitCode.usage);
  }
}

/** The nearest name beside a missing one, or in the first of its parents that exists. */
function near(given: string): string {
  let missing = given;
  while (!existsSync(path.dirname(missing))) missing = path.dirname(missing);
  const parent = path.dirname(missing);
  if (!statSync(parent).isDirectory()) return `: ${parent} is a file`;
  const close = nearest(path.basename(missing), readdirSync(parent));
  return close === null ? '' : `; did you mean ${path.join(parent, close)}?`;
}

const folderOf = (file: string) => (path.basename(file) === runLog ? path.dirname(file) : null);

/** Links are skipped: results/latest is one of the runs beside it. */
function inFolder(folder: string, depth: number): FoundLog[] {
  const entries = entriesOf(folder);
  if (entries.some(({ name }) => name === runLog)) return [{ file: path.join(folder, runLog), folder }];
  const raw = entries.filter(
    (entry) => entry.isFile() && entry.name.endsWith('.ndjson') && entry.name !== studyCells,
  );
  const folders = depth < deepest ? entries.filter((entry) => entry.isDirectory()) : [];
  return [
    ...raw.map(({ name }) => ({ file: path.join(folder, name), folder: null })),
    ...folders
      .filter(({ name }) => name !== 'node_modules')
      .flatMap(({ name }) => inFolder(path.join(folder, name), depth + 1)),
  ];
}

function entriesOf(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    throw new UserError(`cannot list ${folder}: ${error instanceof Error ? error.message : error}`);
  }
}
