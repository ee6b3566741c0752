/**
 * The images of MNIST, which a training most likely needs, inflated on threads of libuv while the program is loaded. A wrong
 * guess costs their time and nothing else: the data loader takes what it needs by its path, and only an archive whose
 * checksum is known.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzip } from 'node:zlib';
import type { FileAhead, FilesAhead } from '../data/content.js';
import type { IdxName } from '../data/known-sets.js';
import { dataFolder, readArchive } from './data-files.js';

const images: readonly IdxName[] = ['train-images-idx3-ubyte', 't10k-images-idx3-ubyte'];

/** Larger files are not those of MNIST. */
const mostBytes = 16 * 2 ** 20;

export function readAhead(
  words: readonly string[],
  environment: NodeJS.ProcessEnv,
  directory: string,
): FilesAhead {
  const ahead = new Map<string, Promise<FileAhead>>();
  try {
    const folder = needsMnist(words, environment, directory) ? dataFolder(environment) : null;
    if (folder === null) return ahead;
    for (const name of images) {
      const file = readArchive(folder, name, mostBytes);
      ahead.set(join(folder, `${name}.gz`), inflated(file));
    }
  } catch {
    // The data loader reports it, if it needs these files.
  }
  return ahead;
}

/** The last four bytes of a gzip file are the length of its content: one buffer, and one call of zlib. */
function inflated(file: Buffer): Promise<FileAhead> {
  const contentBytes = Math.min(file.length < 18 ? 0 : file.readUInt32LE(file.length - 4), 64 * 2 ** 20);
  const options = { chunkSize: contentBytes + 64 * 1024, maxOutputLength: contentBytes + 64 * 1024 };
  return new Promise((resolve) => {
    gunzip(file, options, (error, content) => resolve(error === null ? { file, content } : null));
  });
}

/** Keys that choose other data, or another file with keys. */
const otherData = /(^|[^a-zA-Z])(set|dir|extends|<<)\s*["']?\s*[=:]|^data=/m;

/** Whether a training by these words reads MNIST, as far as its words and its file say. */
export function needsMnist(
  words: readonly string[],
  environment: NodeJS.ProcessEnv,
  directory: string,
): boolean {
  if (environment.SHARDSTEP_DATA || words.some((word) => otherData.test(word))) return false;
  if (words.some((word) => ['--help', '-h', '--print-config'].includes(word))) return false;
  const text = configText(configOf(words), directory);
  return text !== null && !otherData.test(text);
}

/** The value of --config; the recipe of `train` without one. */
function configOf(words: readonly string[]): string {
  const at = words.findLastIndex((word) => word.split('=', 1)[0] === '--config');
  if (at < 0) return 'mnist-97';
  return words[at] === '--config' ? (words[at + 1] ?? '') : words[at].slice('--config='.length);
}

/** The text of the first of the files that the configuration loader may choose; null if none is there. */
function configText(config: string, directory: string): string | null {
  const names = [config, `configs/${config}.yaml`];
  const folders = [directory, join(import.meta.dirname, '../..')];
  const found = folders
    .flatMap((folder) => names.map((name) => (name.startsWith('/') ? name : join(folder, name))))
    .find((path) => /\.ya?ml$/.test(path) && existsSync(path));
  return found === undefined ? null : readFileSync(found, 'utf8');
}
