/** Downloads have a folder for every user: with a home, without one, and where the home cannot be written. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { chown, writeFile } from 'node:fs/promises';
import path, { join } from 'node:path';
import { test } from 'node:test';
import { loadDataset } from '../dist/data/load.js';
import { type CacheSources, cacheFolders, writableCache } from '../dist/machine/cache-folders.js';
import { cli, expectCode, workingDirectory } from './support/cli.ts';
import { temporaryFolder } from './support/data-files.ts';
import { knownSetsWith, makeArchives, serve, startMirror } from './support/data-server.ts';

const homeless = () => {
  throw Object.assign(new Error('uv_os_homedir returned ENOENT'), { code: 'ERR_SYSTEM_ERROR' });
};
const first = (sources: CacheSources) => cacheFolders({ temporary: () => '/tmp', ...sources })[0];

for (const [what, sources, expected] of [
  ['SHARDSTEP_CACHE', { environment: { SHARDSTEP_CACHE: '/c' } }, path.resolve('/c')],
  ['XDG_CACHE_HOME', { environment: { XDG_CACHE_HOME: '/x' }, platform: 'linux' }, '/x/shardstep'],
  [
    'a relative XDG_CACHE_HOME',
    { environment: { XDG_CACHE_HOME: 'x' }, platform: 'linux' },
    '/h/.cache/shardstep',
  ],
  ['a home', { environment: {}, platform: 'linux' }, '/h/.cache/shardstep'],
  ['a home on macOS', { environment: {}, platform: 'darwin' }, '/h/Library/Caches/shardstep'],
  ['LOCALAPPDATA', { environment: { LOCALAPPDATA: '/l' }, platform: 'win32' }, '/l/shardstep/Cache'],
] as const)
  test(`${what} decides where downloads go`, () => {
    assert.deepEqual(first({ home: () => '/h', ...sources }), { path: expected, insteadOf: null });
  });

test('without a home, downloads go to the temporary folder, under a name of this user', () => {
  for (const home of [homeless, () => '']) {
    const { path: folder, insteadOf } = first({ environment: {}, home, platform: 'linux' });
    assert.match(folder, /^\/tmp\/shardstep-\w+$/);
    assert.equal(insteadOf, 'this user has no home folder');
  }
});

test('a home that is a file or a device is no cache', async (t) => {
  const temporary = await temporaryFolder(t);
  await writeFile(join(temporary, 'file'), '');
  for (const home of ['/dev/null', join(temporary, 'file')]) {
    const sources = { environment: {}, home: () => home, temporary: () => temporary };
    const { path: folder, insteadOf } = writableCache(cacheFolders(sources));
    assert.equal(path.dirname(folder), temporary);
    assert.match(insteadOf ?? '', /cannot be written$/);
  }
});

test('a data set is downloaded into the temporary folder with one warning, and found there without one', async (t) => {
  const temporary = await temporaryFolder(t);
  const archives = makeArchives();
  const mirror = await startMirror(t, archives, serve);
  const before = process.env.TMPDIR;
  process.env.TMPDIR = temporary;
  t.after(() => {
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
  });
  const codes: string[] = [];
  const load = () =>
    loadDataset(
      { set: 'fashion-mnist', dir: null },
      {
        environment: { XDG_CACHE_HOME: '/dev/null' },
        knownSets: knownSetsWith(archives, [mirror]),
        warn: (code) => codes.push(code),
      },
    );
  await load();
  assert.deepEqual(codes, ['cache-temporary']);
  const asked = mirror.requests.length;
  await load();
  assert.deepEqual([codes.length, mirror.requests.length], [1, asked]);
});

const isRoot = process.getuid?.() === 0;
test('a user without passwd entry and HOME trains', {
  skip: !isRoot && 'only root can become another user',
}, async (t) => {
  const cwd = await workingDirectory(t);
  await chown(cwd, 54321, 54321);
  const words = [
    'train',
    '--config',
    'mnist-97',
    'data.take=64',
    'stop.target=null',
    '--threads',
    '1',
    '--quiet',
  ];
  const through = [
    'env',
    '-u',
    'HOME',
    '-u',
    'XDG_CACHE_HOME',
    'setpriv',
    '--reuid',
    '54321',
    '--clear-groups',
  ];
  const { code, stderr } = await cli(['--version'], { cwd, through });
  if (code !== 0) return t.skip(`no other user may run this: ${stderr.slice(0, 200)}`);
  const { stdout } = await expectCode(0, ['hardware', '--json'], { cwd, through });
  assert.ok(JSON.parse(stdout));
  await expectCode(0, [...words, '--out', 'run'], { cwd, through });
  assert.ok(existsSync(join(cwd, 'run', 'result.json')));
});
