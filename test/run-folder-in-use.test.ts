/** One folder holds one run, and one process at a time writes in it. */
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { claimFor, refusePlace } from '../dist/run/folder-claim.js';
import type { FolderUse } from '../dist/run/folder-contents.js';
import { lockName, startOf } from '../dist/run/folder-lock.js';
import { cli, coordinator, expectCode, workingDirectory } from './support/cli.ts';
import { scratch, userError } from './support/scratch.ts';

const brief = [
  'train',
  '--quiet',
  '--config',
  'pixels-97',
  'data.take=64',
  'train.steps=2',
  '--threads',
  '1',
];
const untargeted = [...brief, 'stop.target=null'];
const started = '{"level":"info","schema":1,"event":"run_start"}\n';

type Files = Readonly<Record<string, string>>;

/** A folder with these files. */
function folderOf(folder: string, files: Files): string {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(folder, name, '..'), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

const claimed = (folder: string, use: FolderUse) => claimFor(use)(folder).release();

describe('files of a run', () => {
  test('an empty folder is taken, and one with files of other names, which stay', (t) => {
    const folder = folderOf(scratch(t), { 'notes.txt': '', 'data/train.csv': '', 'seed-1/mine': '' });
    for (const use of ['new', 'overwrite', 'study'] as const) claimed(folder, use);
    assert.deepEqual(readdirSync(folder).sort(), ['data', 'notes.txt', 'seed-1']);
  });

  for (const [what, files] of Object.entries<Files>({
    'a run': { 'log.ndjson': started, 'result.json': '{}' },
    'a run that was killed at once': { 'log.ndjson': '' },
    'a run without a log': { 'config.yaml': 'data:\n  set: mnist\nmodel: {}\ntrain: {}\n', 'sweep.csv': '' },
  })) {
    test(`${what} is refused with the way out, and --overwrite deletes what it left`, (t) => {
      const more = { 'seed-3/events.out.tfevents.shardstep': '', '.metrics.csv.0123456789ab.tmp': '' };
      const mine = { 'notes.txt': '', 'seed-3b/x': '', 'report.html': '', '.metrics.csv.tmp': '' };
      const folder = folderOf(scratch(t), { ...files, ...more, ...mine, 'worker-2.cpuprofile': '' });
      const before = readdirSync(folder).sort();
      assert.throws(() => claimed(folder, 'new'), userError(2, folder, Object.keys(files)[0], '--overwrite'));
      assert.throws(() => refusePlace({ out: folder, overwrite: false }), userError(2, '--overwrite'));
      assert.deepEqual(readdirSync(folder).sort(), before);
      claimed(folder, 'overwrite');
      assert.deepEqual(readdirSync(folder).sort(), [
        '.metrics.csv.tmp',
        'notes.txt',
        'report.html',
        'seed-3b',
      ]);
    });
  }

  const isWindows = process.platform === 'win32';
  test('named pipes with the names of records are not waited for', { skip: isWindows }, (t) => {
    const folder = folderOf(scratch(t), {});
    const pipes = ['log.ndjson', 'config.yaml'];
    for (const name of pipes) execFileSync('mkfifo', [join(folder, name)]);
    // In a process of its own: opening a pipe could not be interrupted here.
    const words = [...brief, '--out', folder, '--overwrite'];
    const { status, stderr } = spawnSync(process.execPath, [coordinator, ...words], { timeout: 20_000 });
    assert.equal(status, 2);
    assert.match(String(stderr), /^error: --out: .*got log\.ndjson, config\.yaml; no log\.ndjson/m);
    assert.deepEqual(readdirSync(folder).sort(), pipes.sort());
  });

  for (const [what, files] of Object.entries<Files>({
    'a file of the same name that is of no run': { 'metrics.csv': 'mine' },
    'the config.yaml of another program': { 'config.yaml': 'title: my site\n' },
    'a log.ndjson of another program': { 'log.ndjson': '{"msg":"hello"}\n', 'result.json': '{}' },
    'a study': { 'cells.ndjson': '', 'study.yaml': '' },
    'a study with a run in it': { 'cells.ndjson': '', 'log.ndjson': started },
  })) {
    test(`${what} is refused, and nothing is deleted with --overwrite either`, (t) => {
      const folder = folderOf(scratch(t), files);
      for (const use of ['new', 'overwrite'] as const)
        assert.throws(
          () => claimed(folder, use),
          userError(2, Object.keys(files)[0], 'choose another folder'),
        );
      assert.deepEqual(readdirSync(folder).sort(), Object.keys(files).sort());
    });
  }

  test('a study goes on in its own folder, but not in that of a run', (t) => {
    claimed(folderOf(scratch(t), { 'cells.ndjson': '', 'study.yaml': '', 'a.svg': '' }), 'study');
    const folder = folderOf(scratch(t), { 'log.ndjson': started });
    assert.throws(() => claimed(folder, 'study'), userError(2, 'log.ndjson', 'choose another folder'));
  });
});

describe('the lock', () => {
  const holder = { pid: process.pid, started: startOf(process.pid) };

  test('is held by one, which is named to the others, until it is released', (t) => {
    const folder = scratch(t);
    const lock = claimFor('new')(folder);
    const refused = userError(2, folder, `process ${process.pid} is writing in it`);
    for (const use of ['new', 'overwrite', 'study'] as const)
      assert.throws(() => claimFor(use)(folder), refused);
    assert.throws(() => refusePlace({ out: folder, overwrite: true }), refused);
    lock.release();
    assert.deepEqual(readdirSync(folder), []);
    claimed(folder, 'new');
  });

  test('of a process that is gone, or whose number another has by now, is none', async (t) => {
    const child = spawn(process.execPath, ['-e', '0']);
    await once(child, 'exit');
    const host = hostAsWritten(t);
    for (const stale of [
      { pid: child.pid, started: null, host },
      { pid: process.pid, started: 'another start', host },
    ]) {
      const folder = folderOf(scratch(t), { [lockName]: JSON.stringify(stale) });
      claimed(folder, 'new');
      assert.deepEqual(readdirSync(folder), []);
    }
    for (const text of ['', 'half a li', '{"pid":-1,"host":""}'])
      claimed(folderOf(scratch(t), { [lockName]: text }), 'new');
  });

  test('a lock of another machine is believed; the message says how to remove it', (t) => {
    const host = `not-${hostname()}`;
    const folder = folderOf(scratch(t), { [lockName]: JSON.stringify({ ...holder, host }) });
    assert.throws(() => claimed(folder, 'new'), userError(2, host, `delete ${lockName}`));
  });

  function hostAsWritten(t: Parameters<typeof scratch>[0]): string {
    const folder = scratch(t);
    const lock = claimFor('new')(folder);
    const { host } = JSON.parse(readFileSync(join(folder, lockName), 'utf8'));
    lock.release();
    return host;
  }
});

describe('on the command line', { concurrency: 2 }, () => {
  test('--out used again is refused before anything is changed; --overwrite replaces the run', async (t) => {
    const cwd = await workingDirectory(t);
    await expectCode(0, [...untargeted, '--out', 'run', 'log.tensorboard=true', '--seeds', '2'], { cwd });
    const before = readdirSync(join(cwd, 'run')).sort();
    assert.ok(before.includes('seed-2') && !before.includes(lockName), before.join());
    writeFileSync(join(cwd, 'run', 'notes.txt'), 'mine');
    const log = readFileSync(join(cwd, 'run', 'log.ndjson'));
    const sweep = [
      'sweep',
      '--threads',
      '1',
      '--repeats',
      '1',
      '--quiet',
      '--out',
      'run',
      '--config',
      'pixels-97',
    ];
    for (const words of [
      [...brief, '--out', 'run'],
      sweep,
      ['lr-find', '--out', 'run'],
      ['race', '--seeds', '1', '--out=run'],
      ['study', '--out', 'run'],
    ]) {
      const { code, stdout, stderr } = await cli(words, { cwd });
      assert.equal(code, 2, words.join(' '));
      assert.equal(stdout, '', 'a race is not run first');
      assert.match(
        stderr,
        /^error: --out: run: expected a folder without a run, got one \(log\.ndjson, config\.yaml[^\n]*\n$/,
      );
    }
    assert.deepEqual(readFileSync(join(cwd, 'run', 'log.ndjson')), log);
    await expectCode(0, [...sweep, 'data.take=64', 'train.batch=8', '--overwrite'], { cwd });
    const after = readdirSync(join(cwd, 'run')).sort();
    const ofSweep = ['config.yaml', 'log.ndjson', 'meta.json', 'notes.txt', 'result.json', 'sweep.csv'];
    assert.deepEqual(after, [...ofSweep, 'sweep.md']);
  });

  test('of two processes the second is refused with the number of the first; a killed one holds nothing', async (t) => {
    const cwd = await workingDirectory(t);
    const endless = [...untargeted.filter((word) => word !== 'train.steps=2'), 'train.epochs=1000000'];
    const words = [coordinator, ...endless, '--out', 'run'];
    const first = spawn(process.execPath, words, { cwd, stdio: 'ignore' });
    t.after(() => first.kill('SIGKILL'));
    const ended = once(first, 'exit');
    const log = join(cwd, 'run', 'log.ndjson');
    while (!existsSync(log) && first.exitCode === null) await sleep(20);
    for (const more of [[], ['--overwrite']]) {
      const { code, stderr } = await cli([...untargeted, '--out', 'run', ...more], { cwd });
      assert.equal(code, 2);
      assert.match(
        stderr,
        new RegExp(`^error: --out: run: [^\\n]*process ${first.pid} is writing in it\\n$`),
      );
    }
    const writing = await cli(['report', 'run', '--out', 'run', '--quiet'], { cwd });
    assert.notEqual(writing.code, 2, 'a report may lie in the folder of a run');
    first.kill('SIGKILL');
    await ended;
    assert.ok(existsSync(join(cwd, 'run', lockName)));
    await expectCode(0, [...untargeted, '--out', 'run', '--overwrite'], { cwd });
    assert.ok(!existsSync(join(cwd, 'run', lockName)));
  });

  test('of two processes that begin at once in a new folder one trains, and its log is whole', async (t) => {
    const cwd = await workingDirectory(t);
    const runs = await Promise.all([1, 2].map(() => cli([...untargeted, '--out', 'run'], { cwd })));
    assert.deepEqual(
      runs.map(({ code }) => code).sort(),
      [0, 2],
      runs.map(({ stderr }) => stderr).join('\n'),
    );
    await expectCode(0, ['check-log', 'run'], { cwd });
  });
});

test('every file that docs/run-folder.md lists is one that --overwrite knows', (t) => {
  const page = readFileSync(new URL('../docs/run-folder.md', import.meta.url), 'utf8');
  const tables = page.slice(0, page.indexOf('## One folder')).split('\n');
  const listed = tables.filter((line) => line.startsWith('|') && !/^\| `study`/.test(line));
  const names = listed.flatMap((line) =>
    [...line.matchAll(/`([\w.-]+\.(?:yaml|json|ndjson|csv|md|svg|safetensors|shardstep))`/g)].map(
      ([, name]) => name,
    ),
  );
  assert.ok(names.length > 12, names.join());
  const folder = folderOf(scratch(t), Object.fromEntries(names.map((name) => [name, ''])));
  claimed(folder, 'overwrite');
  assert.deepEqual(readdirSync(folder), []);
});
