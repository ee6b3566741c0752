/**
 * `npm run setup:tfjs`: installs @tensorflow/tfjs-node for `backend: tfjs-node` into the cache folder. First by npm; if
 * its download is out of reach, with the C library of TensorFlow's wheel on PyPI. It is made in a temporary folder
 * beside the final one and moved there when it works, so that nothing is left half installed.
 * --force: replace an existing installation; --wheel: do not try the download.
 */
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { packageWithin, setupFolder } from '../dist/backend/tfjs/location.js';
import { ExitCode, UserError } from '../dist/user-error.js';
import { npm, run } from './tfjs/run.ts';
import { installFromWheel, requireTools } from './tfjs/wheel.ts';

const scripts = join(import.meta.dirname, 'tfjs');
const manifests = ['package.json', 'package-lock.json'];
const note = (text: string) => console.error(`setup:tfjs: ${text}`);

/** The versions that the package in a set-up folder runs, in words; null if it does not work. */
async function working(folder: string, signal: AbortSignal): Promise<string | null> {
  if (!existsSync(packageWithin(folder))) return null;
  const check = join(scripts, 'check.ts');
  const { ok, lastLines } = await run(process.execPath, [check, packageWithin(folder)], scripts, signal);
  const versions = /\{"tfjsNode":"(.+)","tensorflow":"(.+)"\}/.exec(lastLines);
  return ok && versions !== null ? `tfjs-node ${versions[1]}, TensorFlow ${versions[2]}` : null;
}

async function install(target: string, onlyWheel: boolean, signal: AbortSignal): Promise<string> {
  mkdirSync(dirname(target), { recursive: true });
  const stage = mkdtempSync(join(dirname(target), `.${basename(target)}-`));
  try {
    for (const file of manifests) copyFileSync(join(scripts, 'package', file), join(stage, file));
    let versions = onlyWheel ? null : await ordinaryWay(stage, signal);
    signal.throwIfAborted();
    if (versions === null) {
      await requireTools(signal);
      rmSync(join(stage, 'node_modules'), { recursive: true, force: true });
      await installFromWheel(stage, note, signal);
      versions = await working(stage, signal);
    }
    signal.throwIfAborted();
    if (versions === null) throw new UserError('setup:tfjs: the installed package does not load');
    rmSync(target, { recursive: true, force: true });
    renameSync(stage, target);
    return versions;
  } finally {
    rmSync(stage, { recursive: true, force: true });
  }
}

/** npm runs the package's own install script, which downloads the library and the binding. */
async function ordinaryWay(stage: string, signal: AbortSignal): Promise<string | null> {
  note('npm install of @tensorflow/tfjs-node, with its download');
  const { ok } = await npm(['ci', '--no-audit', '--no-fund'], stage, signal);
  const versions = ok ? await working(stage, signal) : null;
  if (versions === null && !signal.aborted) note('its download is out of reach');
  return versions;
}

const interruption = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => interruption.abort());
const { signal } = interruption;
const words = process.argv.slice(2);
const target = setupFolder(process.env);
try {
  const unknown = words.find((word) => word !== '--force' && word !== '--wheel');
  if (unknown !== undefined) {
    throw new UserError(`setup:tfjs: expected --force or --wheel, got ${unknown}`, ExitCode.usage);
  }
  const there = words.includes('--force') ? null : await working(target, signal);
  const versions = there ?? (await install(target, words.includes('--wheel'), signal));
  console.log(`${there === null ? 'installed' : 'already there'}: ${versions}, in ${target}`);
} catch (error) {
  if (signal.aborted) {
    note('interrupted, nothing was installed');
    process.exitCode = ExitCode.interrupted;
  } else if (error instanceof UserError) {
    console.error(error.message);
    process.exitCode = error.exitCode;
  } else throw error;
}
