/** The start of a training: its bundle and V8's code of it, and what goes on while the data are read. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { gunzipSync } from 'node:zlib';
import { resolveConfig } from '../dist/config/load.js';
import { documentOf, toYaml } from '../dist/config/yaml-text.js';
import { readContent } from '../dist/data/content.js';
import { knownArchives } from '../dist/data/known-sets.js';
import { givenFlags } from '../dist/kernels/levels.js';

const root = fileURLToPath(new URL('../', import.meta.url));
let folder = '';
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'shardstep-start-'));
  for (const name of ['node_modules', 'data', 'configs', 'package.json'])
    symlinkSync(join(root, name), join(folder, name));
  cpSync(join(root, 'dist'), join(folder, 'dist'), { recursive: true });
});
after(() => rmSync(folder, { recursive: true, force: true }));

const short = ['train', '--config=peers-sprint', 'train.steps=3', 'data.take=2000', '--quiet'];

function trained(name: string, env: NodeJS.ProcessEnv = {}, ...words: string[]) {
  const out = join(folder, name);
  const all = [join(folder, 'dist/coordinator'), ...short, `--out=${out}`, '--overwrite', ...words];
  const { status, stderr } = spawnSync(process.execPath, all, {
    cwd: folder,
    env: { ...process.env, ...env },
    encoding: 'utf8',
  });
  assert.equal(stderr, '');
  assert.ok(status === 0 || status === 3, `exit code ${status}`);
  return createHash('sha256')
    .update(readFileSync(join(out, 'final.safetensors')))
    .digest('hex');
}

test('the bundle trains as the modules do; its code may be damaged, unwritable or unused', () => {
  const coordinator = join(folder, 'dist/coordinator');
  const wanted = trained('modules', {}, '--debug');
  assert.equal(trained('bundle'), wanted);
  assert.equal(trained('unused', { NODE_DISABLE_COMPILE_CACHE: '1' }), wanted);
  const code = join(coordinator, 'code');
  if (existsSync(code))
    for (const inner of readdirSync(code, { recursive: true, withFileTypes: true }))
      if (inner.isFile()) {
        const path = join(inner.parentPath, inner.name);
        const bytes = readFileSync(path);
        bytes.fill(0x5a, bytes.length >> 1);
        writeFileSync(path, bytes);
      }
  assert.equal(trained('damaged'), wanted);
  rmSync(code, { recursive: true, force: true });
  writeFileSync(code, 'a file where the folder would be');
  assert.equal(trained('unwritable'), wanted);
});

test('train runs from the bundle, unless it is older than the modules or --debug is given', () => {
  const bundle = join(folder, 'dist/coordinator/commands.cjs');
  const main = join(folder, 'dist/commands/main.js');
  const code = readFileSync(bundle);
  const words = [join(folder, 'dist/coordinator'), ...short, `--out=${join(folder, 'which')}`, '--overwrite'];
  const runsBundle = (compiled: number, made: number, ...more: string[]) => {
    utimesSync(main, compiled, compiled);
    utimesSync(bundle, made, made);
    const { stdout, stderr } = spawnSync(process.execPath, [...words, '--print-plan', ...more], {
      cwd: folder,
      encoding: 'utf8',
    });
    return `${stdout}${stderr}`.includes('this is the bundle');
  };
  const now = Date.now() / 1000;
  writeFileSync(bundle, "throw new Error('this is the bundle');");
  assert.ok(runsBundle(now - 10, now), 'a current bundle');
  assert.ok(!runsBundle(now - 10, now, '--debug'), '--debug');
  assert.ok(!runsBundle(now, now - 10), 'after tsc alone');
  writeFileSync(bundle, code);
  utimesSync(main, now - 10, now - 10);
});

test('two processes that start at once, with no code yet, both train', async () => {
  rmSync(join(folder, 'dist/coordinator/code'), { recursive: true, force: true });
  const codes = await Promise.all(
    ['first', 'second'].map(
      (name) =>
        new Promise((resolve) => {
          const words = [join(folder, 'dist/coordinator'), ...short, `--out=${join(folder, name)}`];
          spawn(process.execPath, words, { cwd: folder, stdio: 'ignore' }).on('exit', resolve);
        }),
    ),
  );
  assert.ok(
    codes.every((code) => code === 0 || code === 3),
    `${codes}`,
  );
});

test('a configuration is written as the yaml package writes it', async () => {
  const names = readdirSync(join(root, 'configs')).filter(
    (name) => name.endsWith('.yaml') && name !== 'sweep.yaml',
  );
  const overrides = [
    [],
    ['data.dir=/tmp/a b', 'data.set=idx'],
    ['optimizer.lr=1e-7'],
    ['model.hidden=[]'],
    ['train.tail=0.25'],
    ['seed=4294967295'],
  ];
  for (const file of names)
    for (const words of overrides) {
      const resolved = await resolveConfig({
        file: join(root, 'configs', file),
        overrides: words,
        environment: {},
        directory: root,
      }).catch(() => null);
      if (resolved !== null)
        assert.equal(toYaml(resolved.config), documentOf(resolved.config), `${file} ${words}`);
    }
});

test('a published archive has the checksum of its content without hashing it; any other is hashed', async () => {
  const mnist = join(root, 'data/mnist');
  for (const name of readdirSync(mnist).filter((file) => file.endsWith('.gz'))) {
    const file = readFileSync(join(mnist, name));
    const sha256 = createHash('sha256').update(gunzipSync(file)).digest('hex');
    const known = knownArchives().find(({ sizeBytes }) => sizeBytes === file.length);
    assert.equal(known?.contentSha256, sha256, name);
    assert.equal(known?.sha256, createHash('sha256').update(file).digest('hex'));
    assert.equal((await readContent(join(mnist, name))).sha256, sha256);
  }
});

test('V8 has its own flags again after kernels were compiled, so that workers start with cached code', async () => {
  const { loadKernels } = await import('../dist/kernels/load.js');
  const { cachedDataVersionTag } = await import('node:v8');
  const tag = cachedDataVersionTag();
  loadKernels();
  assert.equal(cachedDataVersionTag(), tag);
  setFlagsFromString('--no-liftoff');
  assert.notEqual(cachedDataVersionTag(), tag, 'the tag depends on these flags');
  setFlagsFromString(givenFlags().get('liftoff') === false ? '--no-liftoff' : '--liftoff');
});
