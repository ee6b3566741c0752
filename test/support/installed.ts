/** The packed package, installed into an empty project as a stranger does it. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../', import.meta.url));
export const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

export interface Project {
  readonly folder: string;
  /** The package in node_modules. */
  readonly installed: string;
  /** False without the registry: its dependencies are then links to those of the checkout. */
  readonly complete: boolean;
}

function npm(cwd: string, ...words: string[]): string {
  const program = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  return execFileSync(program, words, { cwd, encoding: 'utf8', stdio: 'pipe', timeout: 120_000 });
}

/** The tarball of lib/ as it is: the build of a checkout has made it. Returns its path. */
export function packInto(folder: string): string {
  const words = ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder];
  return join(
    folder,
    npm(root, ...words)
      .trim()
      .split('\n')
      .at(-1) ?? '',
  );
}

export function installInto(folder: string, tarball: string, ...words: string[]): Project {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{}\n');
  const installed = join(folder, 'node_modules', manifest.name);
  try {
    npm(folder, 'install', '--prefer-offline', '--fetch-retries=0', ...words, tarball);
    return { folder, installed, complete: true };
  } catch {
    const modules = join(folder, 'node_modules');
    mkdirSync(modules, { recursive: true });
    execFileSync('tar', ['-xzf', tarball], { cwd: modules });
    cpSync(join(modules, 'package'), installed, { recursive: true });
    link(folder, Object.keys(manifest.dependencies));
    return { folder, installed, complete: false };
  }
}

/** Packages of the checkout, beside those of the project. */
export function link(folder: string, names: readonly string[]): void {
  for (const name of names) {
    const place = join(folder, 'node_modules', name);
    mkdirSync(join(place, '..'), { recursive: true });
    symlinkSync(join(root, 'node_modules', name), place, 'dir');
  }
}

/** Paths of all files below a folder, with `/`. */
export function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) =>
      join(parentPath, name)
        .slice(folder.length + 1)
        .replaceAll('\\', '/'),
    );
}
