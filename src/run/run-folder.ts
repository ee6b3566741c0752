/** The folder of a run: its place and `meta.json`. Other modules define the contents of the other files. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import fs from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { cannot, errorCode } from '../file-failure.js';
import { ExitCode } from '../user-error.js';
import type { Warn } from '../warnings.js';
import { temporaryName } from './atomic-file.js';
import type { ResumeRecord } from './checkpoint-file.js';

export { writeAtomic } from './atomic-file.js';

export interface RunFolder {
  /** Absolute. */
  path: string;
  /** The absolute path of a file in the folder. */
  file(name: string): string;
  /** Releases the claim of the folder, if there is one. */
  release(): void;
}

/** The folder as shown to people: relative to the working directory. */
export const shownFolder = (folder: RunFolder): string => path.relative('', folder.path) || folder.path;

/**
 * TensorBoard reads every file with `tfevents` in its name, so a new run into the same folder replaces the old file.
 */
export const eventFileName = 'events.out.tfevents.shardstep';

/** TensorBoard counts each folder as one run, so each of several seeds gets its own. */
export const scalarsPath = (folder: RunFolder, seed: number, seeds: number): string =>
  folder.file(seeds > 1 ? `seed-${seed}/${eventFileName}` : eventFileName);

export interface RunFolderOptions {
  /** The folder of all runs, usually `results`. */
  root: string;
  /** `--out`: exactly this folder instead of a new one under `root`. */
  out: string | null;
  /** The configuration's name; characters that cause trouble in file names become `-`. */
  name: string;
  /** Claims the folder for the run, or throws, before `latest` points at it; a report claims none. */
  claim?: (folder: string) => { release(): void };
  now?: Date;
  /** Receives a warning if `latest` cannot be made to point at the folder. */
  warn?: Warn;
}

/**
 * Makes `root/<YYYY-MM-DD_HH-mm-ss>_<name>_<6 hex>` (local time) or `out`, checks that a file can be made in it and
 * points `root/latest` at it if it is under `root`. An existing `out` is kept with its contents.
 * Throws UserError (exit 2) if a folder cannot be made or written.
 */
export async function createRunFolder({
  root,
  out,
  name,
  claim,
  now,
  warn,
}: RunFolderOptions): Promise<RunFolder> {
  const leaf = runName(name, now ?? new Date(), randomBytes(3).toString('hex'));
  const folder = path.resolve(out ?? path.join(root, leaf));
  try {
    await makeFolder(folder);
    const probe = temporaryName(path.join(folder, 'probe'));
    await fs
      .writeFile(probe, '', { flag: 'wx' })
      .finally(() => fs.rm(probe, { force: true }).catch(() => {}));
  } catch (error) {
    throw cannot('write to the run folder', folder, error, ExitCode.usage);
  }
  const { release } = claim?.(folder) ?? { release() {} };
  const target = pathBelow(root, folder);
  if (target !== null && target !== 'latest') {
    const latest = path.resolve(root, 'latest');
    await pointLatest(latest, target).catch((error: unknown) => {
      const { message } = cannot('point', latest, error, ExitCode.usage);
      warn?.('latest-not-linked', `${message}; it does not lead to the newest run, ${target}`);
    });
  }
  return folderAt(folder, release);
}

export const folderAt = (folder: string, release: () => void): RunFolder => ({
  path: folder,
  file: (file) => path.join(folder, file),
  release,
});

/** The path of a folder from one above it; null if it is elsewhere, such as on another drive. `paths`: of the platform. */
export function pathBelow(above: string, folder: string, paths: path.PlatformPath = path): string | null {
  const found = paths.relative(above, folder);
  return found === '' || found.split(paths.sep)[0] === '..' || paths.isAbsolute(found) ? null : found;
}

/** `<YYYY-MM-DD_HH-mm-ss>_<name>_<id>`, a name that every platform allows. */
export const runName = (name: string, date: Date, id: string): string =>
  `${timestamp(date)}_${fileName(name)}_${id}`;

/**
 * mkdir with its parents. Node's own `recursive` is not used: it loops for ever if a parent refuses with ENOENT
 * (/proc).
 */
async function makeFolder(folder: string): Promise<void> {
  try {
    await fs.mkdir(folder);
  } catch (error) {
    if (errorCode(error) === 'EEXIST' && (await fs.stat(folder)).isDirectory()) return;
    const parent = path.dirname(folder);
    if (errorCode(error) !== 'ENOENT' || existsSync(parent)) throw error;
    await makeFolder(parent);
    await fs.mkdir(folder);
  }
}

export interface Versions {
  shardstep: string;
  node: string;
  v8: string;
}

export interface RunDescriptionStart {
  name: string;
  /** As typed: `node dist/coordinator --config …`. */
  command: string;
  seed: number;
  startedAt?: Date;
  /** Of a run that goes on: where it was stopped before. */
  resumed?: readonly ResumeRecord[];
  /** The checkout whose commit is recorded; the package's own by default. */
  packageRoot?: string;
}

export interface RunDescriptionEnd {
  hardware: unknown;
  /** SHA-256 (hex) by file name. */
  dataSha256: Record<string, string>;
  wasmSha256: Record<string, string>;
  finishedAt?: Date;
}

/** The contents of meta.json. */
export interface RunMeta
  extends Omit<RunDescriptionStart, 'startedAt' | 'packageRoot'>,
    Omit<RunDescriptionEnd, 'finishedAt'> {
  versions: Versions;
  /** Null without git, or if the package is not a checkout of its own. */
  git: { commit: string; dirty: boolean } | null;
  /** ISO 8601, UTC. */
  startedAt: string;
  finishedAt: string;
}

/** Starts git at once, in the background; `finish` waits for it and returns the contents of meta.json. */
export function describeRun(start: RunDescriptionStart): {
  finish(end: RunDescriptionEnd): Promise<RunMeta>;
} {
  const { startedAt = new Date(), packageRoot = findPackageRoot(), ...facts } = start;
  const git = gitState(packageRoot);
  return {
    async finish({ finishedAt = new Date(), ...end }) {
      const dates = { startedAt: startedAt.toISOString(), finishedAt: finishedAt.toISOString() };
      return { ...facts, versions: readVersions(packageRoot), git: await git, ...end, ...dates };
    },
  };
}

/** Versions of this package (from its package.json), Node and V8. */
export function readVersions(packageRoot = findPackageRoot()): Versions {
  const manifest: unknown = JSON.parse(readFileSync(path.join(packageRoot, 'package.json'), 'utf8'));
  const version =
    typeof manifest === 'object' && manifest !== null && 'version' in manifest && manifest.version;
  return { shardstep: String(version || 'unknown'), node: process.versions.node, v8: process.versions.v8 };
}

/**
 * The nearest folder above this one with a package.json, which is right for the sources and for dist. The folder itself
 * is skipped: in dist it has a package.json that only names the entry.
 */
function findPackageRoot(): string {
  let folder = fileURLToPath(new URL('..', import.meta.url));
  while (!existsSync(path.join(folder, 'package.json')) && path.dirname(folder) !== folder) {
    folder = path.dirname(folder);
  }
  return folder;
}

/** One git process for commit and changes. It takes no locks that could block the user's own git. */
function gitState(root: string): Promise<RunMeta['git']> {
  // Inside another repository (node_modules), git would answer with that repository's commit.
  if (!existsSync(path.join(root, '.git'))) return Promise.resolve(null);
  const env = { ...process.env, GIT_OPTIONAL_LOCKS: '0' };
  const options = { cwd: root, env, timeout: 3000, windowsHide: true, maxBuffer: 1 << 26 };
  return new Promise<RunMeta['git']>((resolve) => {
    execFile('git', ['status', '--porcelain=v2', '--branch'], options, (error, stdout) => {
      const commit = /^# branch\.oid ([0-9a-f]{40,64})$/m.exec(stdout)?.[1];
      resolve(error || commit === undefined ? null : { commit, dirty: /^[^#]/m.test(stdout) });
    });
  }).catch(() => null); // other programs may be forbidden to this process
}

/**
 * `latest` becomes a relative link, or a text file with the folder's name if links are not allowed. Throws the file
 * system's error for anything else, a folder of that name above all, which is left alone.
 */
async function pointLatest(latest: string, target: string): Promise<void> {
  await refuseForeign(latest);
  const temporary = temporaryName(latest);
  try {
    await fs.symlink(target, temporary, 'dir');
  } catch {
    await fs.writeFile(temporary, `${target}\n`, { flag: 'wx' });
  }
  try {
    await fs.rename(temporary, latest).catch(async (error: unknown) => {
      // Windows replaces no link to a folder.
      if (errorCode(error) !== 'EPERM' || !(await fs.lstat(latest)).isSymbolicLink()) throw error;
      await fs.unlink(latest);
      await fs.rename(temporary, latest);
    });
  } catch (error) {
    await fs.rm(temporary, { force: true }).catch(() => {});
    throw error;
  }
}

/** A file of that name that shardstep did not make, which the link would replace. */
async function refuseForeign(latest: string): Promise<void> {
  const there = await fs.lstat(latest).catch(() => null);
  if (there === null || !there.isFile()) return;
  const text = there.size > 300 ? '' : await fs.readFile(latest, 'utf8');
  if (!/^[^\n]*\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d_[^\n]*\n$/.test(text))
    throw Object.assign(new Error('a file is in the way'), { code: 'EEXIST' });
}

function fileName(name: string): string {
  const safe = name.replace(/[^A-Za-z0-9._-]+/g, '-').replace(/^[.-]+/, '');
  return safe.slice(0, 60) || 'run';
}

function timestamp(date: Date): string {
  const two = (value: number) => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day}_${two(date.getHours())}-${two(date.getMinutes())}-${two(date.getSeconds())}`;
}
