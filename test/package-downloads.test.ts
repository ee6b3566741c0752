/** The installed package has no MNIST: it gets the files at first use, says so in a line, and then has them. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { cli, expectCode } from './support/cli.ts';
import { serve, startMirror } from './support/data-server.ts';
import { filesBelow, installInto, manifest, packInto } from './support/installed.ts';
import { namesMirrors, vendoredArchives, withMirror } from './support/mirrored-program.ts';

let outside = '';
let installed = '';
let program = '';
/** Texts of the files that `setMirror` changes. */
const original = new Map<string, string>();
before(async () => {
  outside = await mkdtemp(join(tmpdir(), 'shardstep-downloads-'));
  ({ installed } = installInto(join(outside, 'project'), packInto(outside)));
  program = join(installed, manifest.bin.shardstep);
});
after(() => rm(outside, { recursive: true, force: true }));

/** Gives the installed package another mirror, and the checksums of the archives here. */
function setMirror(url: string): void {
  const files = filesBelow(installed).filter((file) => /\.js$/.test(file));
  const textOf = (file: string) => original.get(file) ?? readFileSync(join(installed, file), 'utf8');
  const file = files.find((each) => namesMirrors(textOf(each)));
  assert.ok(file);
  const text = textOf(file);
  original.set(file, text);
  writeFileSync(join(installed, file), withMirror(text, url, vendoredArchives));
}

function place(name: string) {
  const cwd = join(outside, name);
  mkdirSync(cwd);
  return { cwd, program, environment: { SHARDSTEP_CACHE: join(cwd, 'cache') } };
}

test('out of reach: one line, exit 1', async () => {
  // Port 1 of this machine refuses connections.
  setMirror('http://127.0.0.1:1/');
  for (const words of [['race'], ['train', '--config', 'mnist-97']]) {
    const { code, stdout, stderr } = await cli([...words, '--quiet'], place(`unreachable ${words[0]}`));
    assert.equal(code, 1);
    assert.equal(stdout, '');
    assert.match(stderr, /^error: train-images-idx3-ubyte\.gz: could not be downloaded: .*SHARDSTEP_DATA\n$/);
  }
});

test('the first race downloads them once, and then starts from a bare process', async (t) => {
  const mirror = await startMirror(t, vendoredArchives, serve);
  setMirror(mirror.url);
  const own = place('reachable');
  const first = await expectCode(0, ['race', '--seeds', '1', '--out', 'first'], own);
  assert.equal(
    first.stderr.match(/^mnist: downloading 11\.4 MB into .*cache.*, once$/gm)?.length,
    1,
    first.stderr,
  );
  assert.equal(first.stdout.match(/^mnist-97: .* after the process started/gm)?.length, 1, first.stdout);
  assert.doesNotMatch(first.stderr, /no race/);
  assert.equal(mirror.requests.length, 4);
  const second = await expectCode(0, ['race', '--seeds', '1', '--out', 'second'], own);
  assert.doesNotMatch(second.stderr, /downloading|no race/);
  await expectCode(0, ['train', '--config', 'mnist-97', '--quiet'], own);
  assert.equal(mirror.requests.length, 4);
});
