/** Each package of this checkout, installed or only locked for another platform, has a licence that the project takes. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { manifest, root } from './support/installed.ts';
import { distributable, others, usable } from './support/licences.ts';

const modules = join(root, 'node_modules');
const readPackage = (folder: string) => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));

/** The folders of all packages in a node_modules, with those nested in them. */
function packagesIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
    .flatMap(({ name }) => {
      const place = join(folder, name);
      return name.startsWith('@') ? packagesIn(place) : [place, ...packagesIn(join(place, 'node_modules'))];
    });
}

/** Those that a package needs at run time, found as Node finds them, and what they need. */
function neededBy(folder: string, names: readonly string[], found = new Set<string>()): Set<string> {
  for (const name of names) {
    const nested = join(folder, 'node_modules', name);
    const place = existsSync(nested) ? nested : join(modules, name);
    // An optional one of another platform.
    if (!existsSync(place) || found.has(place)) continue;
    found.add(place);
    const { dependencies, optionalDependencies } = readPackage(place);
    neededBy(place, Object.keys({ ...dependencies, ...optionalDependencies }), found);
  }
  return found;
}

const refused = (folders: Iterable<string>, allowed: readonly string[]) =>
  [...folders].flatMap((folder) => {
    const { name, version, license } = readPackage(folder);
    return others(license, allowed).map((id) => `${name} ${version}: ${id}`);
  });

test('installed packages have a licence of the list', () => {
  const folders = packagesIn(modules);
  assert.ok(folders.length > 150, `${folders.length} packages`);
  assert.deepEqual(refused(folders, usable), []);
});

test('packages that are installed with shardstep have one that allows distribution with it', () => {
  const folders = neededBy(root, Object.keys(manifest.dependencies));
  assert.ok(folders.size > 12, [...folders].join());
  assert.deepEqual(refused(folders, distributable), []);
});

test('locked packages of other platforms have a licence of the list', () => {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  const locked = Object.entries<{ license?: unknown }>(packages).filter(([path]) => path !== '');
  const found = locked.flatMap(([path, { license }]) =>
    others(license, usable).map((id) => `${path}: ${id}`),
  );
  assert.ok(locked.length > 250, `${locked.length} packages`);
  assert.deepEqual(found, []);
});

test('an unknown licence, a missing one and a part of an expression are refused', () => {
  assert.deepEqual(others('GPL-3.0-only', usable), ['GPL-3.0-only']);
  assert.deepEqual(others('(MIT OR SSPL-1.0) AND ISC', usable), ['SSPL-1.0']);
  assert.deepEqual(others('MIT OR Apache-2.0', distributable), []);
  assert.deepEqual(others('LGPL-3.0-or-later', distributable), ['LGPL-3.0-or-later']);
  for (const none of [undefined, '', { type: 'MIT' }, 'SEE LICENSE IN LICENSE', 'UNLICENSED'])
    assert.equal(others(none, usable).length, 1, JSON.stringify(none));
});
