/**
 * lib/sbom.cdx.json, which is packed: the packages that npm installs with shardstep, on any platform, and those of which
 * lib/ contains parts. CycloneDX, as `npm sbom` makes it from the lock file, without the packages of developers, and
 * without time, serial number and addresses, so that equal sources give equal bytes. Needs npm 10 or newer.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { noticed } from './package/third-party.ts';

interface Component {
  readonly 'bom-ref': string;
  readonly type: string;
  readonly name: string;
  readonly version: string;
  readonly scope?: string;
  readonly purl: string;
  readonly licenses: readonly unknown[];
  readonly hashes?: readonly unknown[];
}

interface Bill {
  readonly bomFormat: string;
  readonly specVersion: string;
  readonly metadata: { readonly component: Component };
  readonly components: readonly Component[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

const root = new URL('../', import.meta.url);
const read = (name: string) => readFileSync(new URL(name, root), 'utf8');
const manifest = JSON.parse(read('package.json'));
const bundled = noticed(read('lib/THIRD-PARTY.txt'));

// npm pack hands its own settings on.
const words = [
  ...['sbom', '--sbom-format', 'cyclonedx', '--package-lock-only'],
  ...['--include=dev', '--include=optional'],
];
const isWindows = process.platform === 'win32';
const { bomFormat, specVersion, metadata, components, dependencies }: Bill = JSON.parse(
  execFileSync(isWindows ? 'npm.cmd' : 'npm', words, {
    ...{ cwd: root, encoding: 'utf8', shell: isWindows, maxBuffer: 2 ** 26 },
  }),
);

const self = metadata.component['bom-ref'];
const needs = new Map(dependencies.map(({ ref, dependsOn }) => [ref, dependsOn]));
/** Of the package itself, npm lists the development packages too. */
const isInstalled = (ref: string) => (/^(@?[^@]+)@/.exec(ref)?.[1] as string) in manifest.dependencies;
needs.set(self, [...(needs.get(self) ?? []).filter(isInstalled), ...bundled].sort());
// What lib/ has of the packages of a bundled one is a bundled one too.
for (const ref of bundled) needs.set(ref, []);
const shipped = new Set([self]);
for (const ref of shipped) for (const each of needs.get(ref) ?? []) shipped.add(each);
shipped.delete(self);

const listed = [...shipped].sort().map((ref) => {
  const found = components.find((each) => each['bom-ref'] === ref);
  if (found === undefined) throw new Error(`${ref} is in lib/ but not in package-lock.json`);
  const { type, name, version, scope, purl, hashes, licenses } = found;
  const properties = bundled.includes(ref) ? [{ name: 'cdx:npm:package:bundled', value: 'true' }] : undefined;
  return { 'bom-ref': ref, type, name, version, scope, purl, hashes, licenses, properties };
});
const { type, version, purl, licenses } = metadata.component;
const bill = {
  ...{ bomFormat, specVersion, version: 1 },
  metadata: { component: { 'bom-ref': self, type, name: manifest.name, version, purl, licenses } },
  components: listed,
  dependencies: [self, ...shipped].sort().map((ref) => ({ ref, dependsOn: needs.get(ref) ?? [] })),
};
writeFileSync(new URL('lib/sbom.cdx.json', root), `${JSON.stringify(bill)}\n`);
