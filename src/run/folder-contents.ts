/**
 * Finds the files of an earlier run in a folder: they would mix with those of a new run. This file lists every name that
 * a run may write, because `--overwrite` deletes these and nothing else.
 */
import { closeSync, openSync, readdirSync, readSync, rmdirSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { shown } from '../config/config-file.js';
import { cannot, errorCode } from '../file-failure.js';
import { ExitCode, UserError } from '../user-error.js';
import { isCheckpoint } from './checkpoint-names.js';
import { eventFileName } from './run-folder.js';

/** The use of a folder: for a new run, for a run that replaces the one in it, or for a study that continues. */
export type FolderUse = 'new' | 'overwrite' | 'study';

const runFiles = new Set([
  ...['config.yaml', 'meta.json', 'log.ndjson', 'metrics.csv', 'result.json', 'final.safetensors'],
  ...['sweep.csv', 'sweep.md', 'lr-find.csv', 'lr-find.svg', eventFileName],
  ...['profile.md', 'profile.json', 'roofline.svg', 'trace.json'],
  ...['out-of-fold.csv', 'leaderboard.csv'],
  ...['fit-report.html', 'importance.csv', 'calibration.csv', 'confusion.csv', 'worst.csv'],
]);
const studyFiles = new Set(['study.yaml', 'study.json', 'study.md', 'cells.ndjson']);
const cpuProfile = /^(coordinator|worker-\d+)\.cpuprofile$/;
/** The file that `writeAtomic` leaves if the process is killed. */
const temporary = /^\.(.+)\.[0-9a-f]{12}\.tmp$/;
/** These distinguish a run from files of other programs. Messages name them first. */
const marks = ['log.ndjson', 'config.yaml'];
const seedFolder = /^seed-\d+$/;

/** The files of runs, as paths within the folder. Event files of several seeds have folders of their own. */
export function filesOfRuns(folder: string): string[] {
  return namesIn(folder).flatMap((name) => {
    if (!seedFolder.test(name)) return isOfRun(name) ? [name] : [];
    return namesIn(path.join(folder, name)).includes(eventFileName) ? [path.join(name, eventFileName)] : [];
  });
}

function isOfRun(name: string): boolean {
  const isFile = (one: string) => runFiles.has(one) || cpuProfile.test(one) || isCheckpoint(one);
  return isFile(name) || isFile(temporary.exec(name)?.[1] ?? '');
}

/**
 * Refuses a folder whose files would mix with those of a new run; it need not exist.
 * @throws UserError (usage).
 */
export function refuseUsedFolder(folder: string, use: FolderUse): void {
  const found = filesOfRuns(folder);
  const ofStudy = namesIn(folder).filter((name) => studyFiles.has(name));
  const refuse = (what: string, advice: string) => {
    const name = shown(folder, process.cwd());
    throw new UserError(
      `--out: ${name}: expected a folder without a run, got ${what}; ${advice}`,
      ExitCode.usage,
    );
  };
  if (ofStudy.length > 0 && use !== 'study') refuse(`a study (${ofStudy[0]})`, 'choose another folder');
  if (found.length === 0 || (use === 'overwrite' && holdsRun(folder))) return;
  const names = [...marks, ...found].filter(
    (name, at, all) => found.includes(name) && all.indexOf(name) === at,
  );
  const listed = names.length > 3 ? `${names.slice(0, 3).join(', ')}, …` : names.join(', ');
  if (!holdsRun(folder))
    refuse(listed, 'no log.ndjson or config.yaml of a run is beside it: choose another folder');
  refuse(
    `one (${listed})`,
    use === 'study'
      ? 'choose another folder'
      : 'choose another folder, or --overwrite deletes the files of that run',
  );
}

/** Deletes the files of the run that the folder holds. @throws UserError when one cannot be deleted. */
export function deleteRun(folder: string): void {
  const isMark = (name: string) => Number(marks.includes(name));
  // The marks last: while a file is left, the folder still counts as one of a run.
  for (const name of filesOfRuns(folder).sort((a, b) => isMark(a) - isMark(b))) {
    const file = path.join(folder, name);
    try {
      rmSync(file);
      if (name.includes(path.sep) && namesIn(path.dirname(file)).length === 0) rmdirSync(path.dirname(file));
    } catch (error) {
      throw cannot('delete', file, error, ExitCode.usage);
    }
  }
}

/** Whether its log or its configuration is one of ours: other programs have a config.yaml too. */
function holdsRun(folder: string): boolean {
  const names = namesIn(folder);
  if (names.includes('log.ndjson')) {
    const start = beginning(path.join(folder, 'log.ndjson'));
    // A run that was killed at once has written nothing yet.
    if (start === '' || start.includes('"event":"run_start"')) return true;
  }
  if (!names.includes('config.yaml')) return false;
  const text = beginning(path.join(folder, 'config.yaml'));
  return ['data:', 'model:', 'train:'].every((section) => `\n${text}`.includes(`\n${section}`));
}

function beginning(file: string): string {
  try {
    // To open a named pipe waits for a writer.
    if (!statSync(file).isFile()) return 'unreadable';
    const buffer = Buffer.alloc(4096);
    const descriptor = openSync(file, 'r');
    try {
      return buffer.toString('utf8', 0, readSync(descriptor, buffer, 0, buffer.length, 0));
    } finally {
      closeSync(descriptor);
    }
  } catch {
    return 'unreadable';
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch (error) {
    // The folder does not exist yet; or it is a file, which the code that makes the folder refuses.
    if (['ENOENT', 'ENOTDIR'].includes(errorCode(error))) return [];
    throw cannot('list', folder, error, ExitCode.usage);
  }
}
