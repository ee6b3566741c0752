/** Size on disk of a library: its package folder and those of all its run-time dependencies, each once. */
import { existsSync, lstatSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root } from '../harness.ts';

/**
 * Bytes of the files of a package and of its production dependencies, optional ones if they are installed. Of nested
 * node_modules, only the needed packages count.
 * @throws if a required dependency is not found.
 */
export function installedBytes(packageFolder: string): number {
  return sum(closure(packageFolder).map(fileBytes));
}

/**
 * shardstep as a user installs it: lib and the production dependencies. Data, sources and the pinned Node do not count,
 * because other peers' runtimes do not count either.
 */
export function ownBytes(): number {
  const [own, ...dependencies] = closure(root);
  return fileBytes(join(own, 'lib')) + sum(dependencies.map(fileBytes));
}

/** Real folders, the package's own first. */
function closure(packageFolder: string): string[] {
  const folders = [realpathSync(packageFolder)];
  for (const folder of folders) {
    const { dependencies = {}, optionalDependencies = {} } = manifest(folder);
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
      const found = locate(name, folder);
      if (found === null && !(name in optionalDependencies)) {
        throw new Error(`${name}, a dependency of ${folder}, is not installed`);
      }
      if (found !== null && !folders.includes(found)) folders.push(found);
    }
  }
  return folders;
}

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

function manifest(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
}

/** The lookup of Node: in node_modules of the folder and of every folder above. */
function locate(name: string, from: string): string | null {
  for (let folder = from; ; folder = dirname(folder)) {
    const candidate = join(folder, 'node_modules', name);
    if (existsSync(join(candidate, 'package.json'))) return realpathSync(candidate);
    if (dirname(folder) === folder) return null;
  }
}

/** Regular files only; links have size zero. */
function fileBytes(path: string): number {
  const status = lstatSync(path);
  if (status.isFile()) return status.size;
  if (!status.isDirectory()) return 0;
  const names = readdirSync(path).filter((name) => name !== 'node_modules');
  return sum(names.map((name) => fileBytes(join(path, name))));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
