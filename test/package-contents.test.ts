/** What the packed package holds, weighs and declares: files, packages, licences, bill of materials. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { filesBelow, installInto, manifest, type Project, packInto, root } from './support/installed.ts';
import { distributable } from './support/licences.ts';

/**
 * As `du` counts on linux-x64, in KiB. Some 4,040 are packages that it depends on; the rest is ours, some 250 of it twice: the
 * library is a bundle of its own, so that a program that imports it reads three files at its start.
 */
const largestKiB = 6500;

let outside = '';
let project: Project;

before(async () => {
  outside = await mkdtemp(join(tmpdir(), 'shardstep contents '));
  // As prepack does, which the tests do not run because it builds everything.
  execFileSync(process.execPath, ['scripts/write-sbom.ts'], { cwd: root });
  project = installInto(join(outside, 'project'), packInto(outside));
});
after(() => rm(outside, { recursive: true, force: true }));

const installedText = (file: string) => readFileSync(join(project.installed, file), 'utf8');

test('it holds what runs, and nothing that is for developers only', () => {
  const files = filesBelow(project.installed);
  const folders = [...new Set(files.map((file) => file.split('/')[0]))].sort();
  assert.deepEqual(folders, ['CHANGELOG.md', 'LICENSE', 'README.md', 'configs', 'lib', 'package.json']);
  const kinds = new Set(files.map((file) => /\.[^./]+$/.exec(file)?.[0] ?? ''));
  assert.deepEqual([...kinds].sort(), ['', '.cjs', '.js', '.json', '.md', '.ts', '.txt', '.wasm', '.yaml']);
  assert.deepEqual(
    files.filter((file) => file.endsWith('.ts')),
    ['lib/brain.d.ts', 'lib/index.d.ts'],
  );
});

test('no script of it runs when it is installed', () => {
  for (const name of ['preinstall', 'install', 'postinstall', 'prepare'])
    assert.equal(manifest.scripts[name], undefined, name);
});

test(`installed, it weighs at most ${largestKiB} KiB`, (t) => {
  if (!project.complete) return t.skip('the registry is out of reach');
  if (process.platform !== 'linux') return t.skip('du of another platform');
  const [size] = execFileSync('du', ['-sk', join(project.folder, 'node_modules')], {
    encoding: 'utf8',
  }).split('\t');
  assert.ok(Number(size) <= largestKiB, `${size} KiB`);
});

test('the licences of all that is bundled are in it', () => {
  const text = installedText('lib/THIRD-PARTY.txt');
  for (const name of ['commander', 'fastest-levenshtein', 'markdown-table', 'papaparse', 'yaml', 'zod']) {
    const { version } = JSON.parse(readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8'));
    assert.match(text, new RegExp(`^${name} ${version.replaceAll('.', '\\.')} \\((MIT|ISC)\\)$`, 'm'));
  }
  assert.match(text, /Permission is hereby granted/);
  // Of which the kernels contain parts.
  assert.match(text, /^assemblyscript [\d.]+ \(Apache-2\.0\)$/m);
  assert.match(text, /Arm Optimized Routines/);
});

test('every package that it imports is one that it declares', () => {
  const declared = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies });
  const imported = filesBelow(project.installed)
    .filter((file) => /\.(js|cjs)$/.test(file))
    .flatMap((file) => {
      const text = readFileSync(join(project.installed, file), 'utf8');
      const words = /(?:\bfrom|\bimport|\bimport\(|\brequire\()\s*["'](@?[a-z][\w-]*(?:[/:][\w.-]+)*)["']/g;
      return [...text.matchAll(words)].map(([, name]) => name);
    });
  const packages = [...new Set(imported)].filter((name) => !name.startsWith('node:')).sort();
  assert.deepEqual(
    packages.filter((name) => !declared.includes(name)),
    [],
  );
  assert.ok(packages.includes('piscina') && packages.includes('pino'));
});

interface Bill {
  readonly bomFormat: string;
  readonly metadata: { readonly component: { readonly 'bom-ref': string } };
  readonly components: readonly {
    readonly 'bom-ref': string;
    readonly purl: string;
    readonly licenses: readonly { readonly license: { readonly id: string } }[];
    readonly properties?: readonly { readonly name: string; readonly value: string }[];
  }[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

const bill = (): Bill => JSON.parse(installedText('lib/sbom.cdx.json'));
const sorted = (refs: Iterable<string>) => [...refs].sort();

test('the bill of materials has what npm installs with it and what is bundled, and nothing else', (t) => {
  if (!project.complete) return t.skip('the registry is out of reach');
  const lock = JSON.parse(readFileSync(join(project.folder, 'package-lock.json'), 'utf8'));
  const packages = Object.entries<{ version: string }>(lock.packages).map(
    ([path, { version }]) => `${path.replace(/^.*node_modules\//, '')}@${version}`,
  );
  const installed = packages.filter((ref) => ref !== `${manifest.name}@${manifest.version}`).slice(1);
  const bundled = installedText('lib/THIRD-PARTY.txt').matchAll(/^-+\n(\S+) (\S+) \(.*\)\n-+$/gm);
  const noticed = [...bundled].map(([, name, version]) => `${name}@${version}`);
  const { components } = bill();
  assert.ok(noticed.length >= 7, noticed.join());
  assert.deepEqual(sorted(components.map((each) => each['bom-ref'])), sorted([...installed, ...noticed]));
  const marked = components.filter(({ properties }) =>
    properties?.some(({ name, value }) => name === 'cdx:npm:package:bundled' && value === 'true'),
  );
  assert.deepEqual(sorted(marked.map((each) => each['bom-ref'])), sorted(noticed));
});

test('the bill names each package once, with its licence, and what it depends on', () => {
  const { bomFormat, metadata, components, dependencies } = bill();
  const self = `${manifest.name}@${manifest.version}`;
  assert.deepEqual([bomFormat, metadata.component['bom-ref']], ['CycloneDX', self]);
  const refs = components.map((each) => each['bom-ref']);
  assert.equal(new Set(refs).size, refs.length);
  assert.deepEqual(sorted(dependencies.map(({ ref }) => ref)), sorted([self, ...refs]));
  for (const { dependsOn } of dependencies) for (const ref of dependsOn) assert.ok(refs.includes(ref), ref);
  for (const { purl, licenses } of components) {
    assert.match(purl, /^pkg:npm\/\S+@\d/);
    assert.ok(distributable.includes(licenses[0].license.id), `${purl}: ${licenses[0].license.id}`);
  }
});

test('the bill is the same whenever and wherever it is made', () => {
  const text = installedText('lib/sbom.cdx.json');
  execFileSync(process.execPath, ['scripts/write-sbom.ts'], {
    cwd: root,
    env: { ...process.env, npm_config_omit: 'dev', npm_config_registry: 'http://127.0.0.1:9/' },
  });
  assert.equal(readFileSync(join(root, 'lib/sbom.cdx.json'), 'utf8'), text);
  assert.doesNotMatch(text, /timestamp|serialNumber|https?:|\/(?:home|root|tmp|work)\/|\\\\/);
});
