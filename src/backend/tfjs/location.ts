/**
 * The places in which tfjs-node is looked for. `npm run setup:tfjs` installs it into the cache folder and not into
 * node_modules, so `npm ci` neither needs nor removes it. A copy installed beside this package comes first.
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import envPaths from 'env-paths';
import { expandHome } from '../../config/home.js';

export const tfjsVersion = '4.22.0';
const packageName = '@tensorflow/tfjs-node';

type Environment = Readonly<Record<string, string | undefined>>;

/** The folder that the set-up makes, completely or not at all. */
export function setupFolder(environment: Environment): string {
  const named = environment.SHARDSTEP_CACHE;
  const cache = named
    ? resolve(expandHome(named, 'SHARDSTEP_CACHE', environment))
    : envPaths('shardstep', { suffix: '' }).cache;
  return join(cache, `tfjs-node-${tfjsVersion}`);
}

/** The package's folder within a folder that has node_modules. */
export function packageWithin(folder: string): string {
  return join(folder, 'node_modules', packageName);
}

/** A package without its binding is left by an `npm install` whose download failed. */
function hasBinding(packageFolder: string): boolean {
  return existsSync(join(packageFolder, 'lib', 'napi-v8', 'tfjs_binding.node'));
}

/** The folder of a package that can be loaded; null if there is none. */
export function findPackage(environment: Environment): string | null {
  const paths = createRequire(import.meta.url).resolve.paths(packageName) ?? [];
  const folders = [...paths.map((path) => join(path, packageName)), packageWithin(setupFolder(environment))];
  return folders.find(hasBinding) ?? null;
}
