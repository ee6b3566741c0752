/** Finds and reads a configuration file and the files that it extends. The meaning of the keys is not known here. */

import { readdirSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, extname, isAbsolute, join, normalize, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ExitCode, expectedGot, quoted, UserError } from '../user-error.js';
import { expandHome, isPath } from './home.js';
import { sectionPaths } from './keys.js';
import { type Branch, given, layerOf, plain, type Source } from './layer.js';
import { nearest } from './nearest.js';
import { readSmallText } from './read-text.js';
import { configSchema } from './schema.js';

export interface ConfigFile {
  /** Absolute. */
  readonly path: string;
  readonly layer: Branch;
}

/** The file and the files that it extends, nearest first. `implied`: the user did not name it. */
export async function readConfigFiles(
  file: string,
  directory: string,
  implied = false,
): Promise<ConfigFile[]> {
  const files: ConfigFile[] = [];
  let path: string | null = locate(file, directory);
  while (path !== null) {
    // The values of this recipe are to follow from the table (train.byTable), also where it is named.
    const isByTable = path === join(packageRoot(), 'configs', 'fit.yaml');
    const rank = -1 - files.length;
    const source: Source = { label: shown(path, directory), rank, implied: implied || isByTable };
    const layer = await readLayer(path, source);
    files.push({ path, layer });
    path = extendedFile(layer, path, directory);
    if (path !== null) refuseCycle([...files.map((read) => read.path), path], source, directory);
  }
  return files;
}

/**
 * Finds a configuration file. A path is relative to the directory; `configs/x.yaml` is also looked for in the package.
 * A bare name such as `fastmlp` is `configs/fastmlp.yaml` in either (`folder`: the folder of bare names).
 * @throws UserError (usage) with the nearest file that exists.
 */
export function locate(given: string, directory: string, folder = 'configs'): string {
  const file = expandHome(given, '--config');
  if (file !== '' && !isPath(file)) throw usage(`--config ${quoted(file)}: expected the path of a YAML file`);
  // A name may hold a dot that starts no extension, for example mnist-99.5.
  const isBareName = file !== '' && !/[\\/]/.test(file) && !/^\.ya?ml$/i.test(extname(file));
  const wanted = isBareName ? join(folder, `${file}.yaml`) : file;
  const isShippable = !isAbsolute(wanted) && normalize(wanted).startsWith(`configs${sep}`);
  const candidates = [
    ...(isBareName ? [resolve(directory, file)] : []),
    resolve(directory, wanted),
    ...(isShippable ? [resolve(packageRoot(), wanted)] : []),
  ];
  const found = candidates.find(isFile);
  if (found !== undefined) return found;
  const hint = nearestFile(candidates.slice(isBareName ? 1 : 0), directory);
  throw usage(`--config ${file === '' ? '""' : file}: no such file${hint}`);
}

async function readLayer(path: string, source: Source): Promise<Branch> {
  const { parseYaml, YamlProblem } = await import('./yaml-text.js');
  let value: unknown;
  try {
    value = parseYaml(await readSmallText(path), topLevelKeys);
  } catch (error) {
    if (error instanceof YamlProblem) {
      throw usage(`${source.label}:${error.line}:${error.column}: ${error.message}`);
    }
    throw usage(`${source.label}: cannot be read: ${error instanceof Error ? error.message : error}`);
  }
  const layer = layerOf(value ?? new Map(), source);
  if (layer.kind === 'leaf') throw usage(`${source.label}: ${expectedGot('a mapping of keys', layer.value)}`);
  dropEmptySections(layer);
  return layer;
}

const topLevelKeys: ReadonlySet<string> = new Set([...Object.keys(configSchema.shape), 'extends']);

/** `train:` with all its keys commented out reads as null; it sets no keys. */
function dropEmptySections(layer: Branch): void {
  for (const section of sectionPaths()) {
    const keys = section.split('.');
    const last = keys.pop() ?? '';
    const above = given(layer, keys);
    if (above?.kind !== 'branch') continue;
    const value = above.children.get(last);
    if (value?.kind === 'leaf' && value.value === null) above.children.delete(last);
  }
}

/** Takes `extends` out of the layer: it names the next file to read and is no part of the configuration. */
function extendedFile(layer: Branch, path: string, directory: string): string | null {
  const base = layer.children.get('extends');
  if (base === undefined) return null;
  layer.children.delete('extends');
  const { label } = layer.source;
  const name = plain(base);
  if (!isPortable(name)) {
    throw usage(`${label}: extends: ${expectedGot('the path of one YAML file', name)}`);
  }
  const target = resolve(dirname(path), expandHome(name, `${label}: extends`));
  if (!isFile(target)) {
    throw usage(
      `${label}: extends: no such file ${shown(target, directory)}${nearestFile([target], directory)}`,
    );
  }
  return target;
}

function refuseCycle(chain: readonly string[], source: Source, directory: string): void {
  const real = chain.map((path) => realpathSync(path));
  if (new Set(real).size === real.length) return;
  const links = chain.map((path) => shown(path, directory)).join(' → ');
  throw usage(`${source.label}: extends: expected files that do not extend each other, got ${links}`);
}

/** `; did you mean …?` with the nearest YAML file beside any of the paths, or else the names of those that exist. */
function nearestFile(missing: readonly string[], directory: string): string {
  const besides = missing.map((path) => ({ path, names: yamlFiles(dirname(path)) }));
  for (const { path, names } of besides) {
    const stem = basename(path, extname(path));
    const meant = nearest(
      stem,
      names.map((name) => basename(name, extname(name))),
    );
    const name = names.find((candidate) => basename(candidate, extname(candidate)) === meant);
    if (name !== undefined) return `; did you mean ${shown(join(dirname(path), name), directory)}?`;
  }
  const { path, names } = besides.findLast((beside) => beside.names.length > 0) ?? { path: '', names: [] };
  return names.length === 0 ? '' : `; ${shown(dirname(path), directory)} has ${names.slice(0, 8).join(', ')}`;
}

function yamlFiles(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => /\.ya?ml$/.test(name));
  } catch {
    return []; // The folder is missing or not readable: there is nothing to suggest.
  }
}

/** Whether a file of any system may have the name: each part is within the usual limit. */
const isPortable = (name: unknown): name is string =>
  isPath(name) && name.split(/[\\/]/).every((part) => Buffer.byteLength(part) <= 255);

function isFile(path: string): boolean {
  // Anything but a folder: a pipe (`--config <(…)`) is read like a file.
  const status = statSync(path, { throwIfNoEntry: false });
  return status !== undefined && !status.isDirectory();
}

/** Relative to the directory if inside it, else absolute. */
export function shown(path: string, directory: string): string {
  const inside = relative(directory, path);
  if (inside === '') return '.';
  return inside.startsWith('..') || isAbsolute(inside) ? path : inside;
}

/** The nearest folder above this module with a package.json. It is the package's own, bundled or not. */
function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!isFile(join(folder, 'package.json')) && dirname(folder) !== folder) folder = dirname(folder);
  return folder;
}

function usage(message: string): UserError {
  return new UserError(message, ExitCode.usage);
}
