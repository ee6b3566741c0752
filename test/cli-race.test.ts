/** The race on the command line: the line, what is checked and repeated after it, and its exit codes. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { countCores } from '../dist/machine/cores.js';
import {
  cli,
  coordinator,
  expectCode,
  readJson,
  readLog,
  type TrainingResult,
  workingDirectory,
} from './support/cli.ts';

interface RaceResult extends TrainingResult {
  readonly race: {
    readonly accuracy: number;
    readonly images: number;
    readonly coldMs: number;
    readonly phases: Readonly<Record<string, number>>;
    readonly kernels: string;
  } | null;
  readonly otherThreads: readonly {
    readonly threads: number;
    readonly runs: readonly { readonly accuracy: number; readonly residentMs: number }[];
  }[];
  readonly speedup: number | null;
}

/** Accuracy in percent and milliseconds. */
const line = /^mnist-97: (\d\d\.\d\d) % of the 10,000 test images (\d+\.\d) ms after the process started \(/;

test('without arguments: the line, 20 seeds on one and on all cores, a card and a run folder', async (t) => {
  const cwd = await workingDirectory(t);
  const { stdout } = await expectCode(0, [], { cwd });
  const [, percent, ms] = line.exec(stdout) ?? assert.fail(stdout);
  assert.ok(Number(percent) >= 97);
  for (const part of ['reached', 'in a race', '20 repetitions', 'processor', 'folder'])
    assert.ok(stdout.includes(part), `${part} is not in\n${stdout}`);
  const folder = join(cwd, 'results', 'latest');
  const result = await readJson<RaceResult>(folder, 'result.json');
  assert.equal(result.status, 'reached');
  assert.ok(result.race !== null);
  assert.equal((result.race.accuracy * 100).toFixed(2), percent);
  assert.equal(result.race.coldMs.toFixed(1), ms);
  assert.equal(result.coldMs, result.race.coldMs);
  assert.equal(result.runs?.length, 20);
  const { physical } = await countCores();
  assert.equal(result.threads, physical);
  assert.deepEqual(
    result.otherThreads.map(({ threads, runs }) => [threads, runs.length]),
    physical === 1 ? [] : [[1, 20]],
  );
  // The same bits on every thread count.
  for (const { runs } of result.otherThreads)
    assert.deepEqual(
      runs.map(({ accuracy }) => accuracy),
      result.runs?.map(({ accuracy }) => accuracy),
    );
  assert.equal(result.speedup === null, physical === 1);
  assert.deepEqual((await readdir(folder)).sort(), [
    'config.yaml',
    'final.safetensors',
    'log.ndjson',
    'meta.json',
    'metrics.csv',
    'result.json',
  ]);
  const events = (await readLog(folder)).map(({ event }) => event);
  assert.deepEqual([events[0], events.at(-1)], ['run_start', 'run_stop']);
  assert.ok(events.includes('race'));

  // Its configuration repeats the race, not one of its repetitions; so do its weights.
  const weights = join(folder, 'final.safetensors');
  await expectCode(0, ['train', '--config', join(folder, 'config.yaml'), '--out', 'again'], { cwd });
  const again = join(cwd, 'again');
  assert.equal((await readJson<TrainingResult>(again, 'result.json')).accuracy, result.race.accuracy);
  assert.deepEqual(await readFile(join(again, 'final.safetensors')), await readFile(weights));
  const other = ['train', `model.init.file=${weights}`, 'data.features.grid=16'];
  const { stderr } = await expectCode(2, other, { cwd });
  assert.match(stderr, /data\.features\.grid: expected 12.*weights.*got 16/);
});

test('the race is the recipe on the leading images: training them in order gives the same accuracy', async (t) => {
  const cwd = await workingDirectory(t);
  const raced = await expectCode(0, ['race', '--seeds', '1', '--json'], { cwd });
  assert.match(raced.stderr, line);
  const { race } = JSON.parse(raced.stdout) as RaceResult;
  const trained = await expectCode(0, ['train', 'data.shuffle=false', '--json'], { cwd });
  assert.equal(race?.accuracy, (JSON.parse(trained.stdout) as TrainingResult).accuracy);
});

test('kernels that are compiled in the race find the same', async (t) => {
  const cwd = await workingDirectory(t);
  const words = ['race', '--seeds', '1', '--json', '--quiet'];
  const kept = await expectCode(0, words, { cwd });
  const compiled = await expectCode(0, [...words, '--compile-kernels'], { cwd });
  assert.equal(compiled.stderr, '');
  const raceOf = (text: string) => (JSON.parse(text) as RaceResult).race ?? assert.fail(text);
  assert.equal(raceOf(compiled.stdout).kernels, 'compiled');
  assert.equal(raceOf(compiled.stdout).accuracy, raceOf(kept.stdout).accuracy);
});

test('--profile-startup: the phases, which add up to the time of the line and its printing', async (t) => {
  const cwd = await workingDirectory(t);
  const { stdout, stderr } = await expectCode(0, ['race', '--profile-startup', '--seeds', '1'], { cwd });
  const ms = Number(line.exec(stdout)?.[2]);
  const rows = stderr.split('\n').flatMap((row) => {
    const [, phase, itself, since] = /^(\D+?)\s+(\d+\.\d)\s+(\d+\.\d) ms$/.exec(row) ?? [];
    return phase === undefined ? [] : [{ phase, itself: Number(itself), since: Number(since) }];
  });
  assert.deepEqual(
    rows.map(({ phase }) => phase).filter((_, i) => i % 3 === 0),
    ['start Node.js', 'inflate training images', 'test'],
  );
  const [known, printed] = rows.slice(-2);
  assert.equal(known.since, ms);
  const sum = rows.reduce((all, { itself }) => all + itself, 0);
  assert.ok(Math.abs(sum - printed.since) < 0.1 * rows.length);
});

test('one core alone races all the same', async (t) => {
  if (spawnSync('taskset', ['-V']).error !== undefined) {
    t.diagnostic('taskset is not installed');
    return;
  }
  const cwd = await workingDirectory(t);
  const through = ['taskset', '-c', '0'];
  const { stdout } = await expectCode(0, ['race', '--seeds', '2', '--out', 'run'], { cwd, through });
  assert.match(stdout, line);
  const result = await readJson<RaceResult>(cwd, 'run', 'result.json');
  assert.deepEqual([result.threads, result.otherThreads, result.speedup], [1, [], null]);
});

test('mistakes in the flags are told before anything is run', async (t) => {
  const cwd = await workingDirectory(t);
  for (const [words, said] of [
    [['race', '--bogus'], /--bogus/],
    [['race', '--seeds', '0'], /--seeds/],
    [['race', '--thread', '2'], /--thread/],
    [['race', 'train.batch=16'], /train\.batch|too many arguments/],
    [['rase'], /did you mean race\?/],
  ] as const) {
    const { stdout, stderr } = await expectCode(2, words, { cwd });
    assert.equal(stdout, '', words.join(' '));
    assert.match(stderr, /^error: [^\n]+\n$/);
    assert.match(stderr, said);
  }
  assert.deepEqual(await readdir(cwd), []);
});

test('SIGINT in the repetitions exits 130 and keeps the race and the runs that ended', async (t) => {
  const { physical } = await countCores();
  if (physical === 1) {
    t.diagnostic('one core: there is no second thread count to interrupt');
    return;
  }
  const cwd = await workingDirectory(t);
  const { code, stdout, stderr } = await cli(['race', '--seeds', '80', '--out', 'run'], {
    cwd,
    interruptAfter: `on ${physical} threads`,
  });
  assert.equal(code, 130, stderr);
  assert.match(stdout, line);
  assert.match(stderr, /interrupted[^\n]* run\n$/);
  const result = await readJson<RaceResult>(cwd, 'run', 'result.json');
  assert.equal(result.status, 'interrupted');
  assert.ok(result.race !== null && result.race.accuracy >= 0.97);
  const all = [...result.otherThreads, { threads: result.threads, runs: result.runs ?? [] }];
  assert.equal(all.find(({ threads }) => threads === 1)?.runs.length, 80);
});

test('nothing but Node itself is loaded before the line', async () => {
  const { main } = await readJson<{ main: string }>(coordinator, 'package.json');
  const bundle = await readFile(join(coordinator, main), 'utf8');
  const loaded = [...bundle.matchAll(/\b(?:require|import)\("([^"]+)"\)/g)].map(([, name]) => name);
  assert.deepEqual(
    loaded.filter((name) => !name.startsWith('node:')),
    ['../commands/main.js'],
  );
});
