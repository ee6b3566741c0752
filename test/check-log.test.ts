import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { findLogs } from '../dist/report/find-logs.js';
import { type LogReading, parseLog } from '../dist/report/read-log.js';
import { expectCode, workingDirectory } from './support/cli.ts';
import { writeRun } from './support/logs.ts';
import { writeMnist } from './support/mnist-files.ts';
import { refusing } from './support/says.ts';

const curves = [
  { seed: 1, elapsedMs: 20, accuracy: 0.98 },
  { seed: 2, elapsedMs: 30, accuracy: 0.96 },
];

/** A sound log of 29 lines: start, config, plan, 2 × (10 steps, eval, epoch), hardware, stop. */
async function soundLog(t: TestContext): Promise<string[]> {
  const file = writeRun(await workingDirectory(t), { curves });
  return readFileSync(file, 'utf8').trimEnd().split('\n');
}

const told = ({ damages }: LogReading) =>
  damages.map(({ line, kind, problem }) => `${line} ${kind}: ${problem}`);
const check = (lines: readonly string[]) => told(parseLog('x.ndjson', `${lines.join('\n')}\n`));

const change = (line: string, fields: object) => JSON.stringify({ ...JSON.parse(line), ...fields });

test('a sound log has no damage, and all its events are read', async (t) => {
  const lines = await soundLog(t);
  const reading = parseLog('x.ndjson', `${lines.join('\n')}\n`);
  assert.deepEqual(reading.damages, []);
  assert.equal(reading.runs.length, 1);
  assert.equal(reading.runs[0].length, lines.length);
});

test('line ends and a byte order mark of Windows are no damage', async (t) => {
  const lines = await soundLog(t);
  assert.deepEqual(told(parseLog('x', `\uFEFF${lines.join('\r\n')}\r\n`)), []);
});

test('what is missing at either end is told', async (t) => {
  const lines = await soundLog(t);
  assert.deepEqual(check(lines.slice(1)), ['1 damage: run_start is missing: the log begins with config']);
  const stop = 'run_stop is missing: the run was killed, or its log was cut';
  assert.deepEqual(check(lines.slice(0, -1)), [`${lines.length - 1} damage: ${stop}`]);
  assert.deepEqual(told(parseLog('x', '')), ['0 damage: the file is empty']);
});

test('a last line that is cut off is told, and the lines before it are read', async (t) => {
  const lines = await soundLog(t);
  const reading = parseLog('x', lines.slice(0, 8).join('\n').slice(0, -20));
  assert.deepEqual(told(reading), [
    '8 damage: the last line is cut off',
    '8 damage: run_stop is missing: the run was killed, or its log was cut',
  ]);
  assert.equal(reading.runs[0].length, 7);
});

test('a last line without a line break counts if it is whole', async (t) => {
  const lines = await soundLog(t);
  assert.deepEqual(told(parseLog('x', lines.join('\n'))), [
    `${lines.length} warning: the last line has no line break`,
  ]);
});

test('steps, times and clocks out of order are told', async (t) => {
  const lines = await soundLog(t);
  // Of one instant: the clock may have moved between the two.
  const { time } = JSON.parse(lines[4]);
  const swapped = lines.toSpliced(4, 2, change(lines[5], { time }), lines[4]);
  assert.deepEqual(check(swapped), ['6 damage: step 20 comes after step 30']);
  const early = lines.with(6, change(lines[6], { time: '2000-01-01T00:00:00.000Z' }));
  assert.match(check(early)[0], /^7 damage: time goes back by \d+ ms/);
  const fast = lines.with(6, change(lines[6], { elapsedMs: 0 }));
  assert.match(check(fast)[0], /^7 damage: elapsedMs falls from [\d.]+ to 0$/);
});

test('the same step twice is told; an evaluation at a step is not', async (t) => {
  const lines = await soundLog(t);
  assert.deepEqual(check(lines.toSpliced(5, 0, lines[4])), ['6 damage: step 20 comes after step 20']);
});

test('seeds begin anew, and so do all of them after another plan', async (t) => {
  const lines = await soundLog(t);
  const again = [...lines.slice(0, 27), ...lines.slice(2, 27), ...lines.slice(27)];
  const later = again.map((line, i) => change(line, { time: new Date(i * 1000).toISOString() }));
  assert.deepEqual(check(later), []);
});

test('another schema version is told once for all its lines, which are not used', async (t) => {
  const lines = await soundLog(t);
  const newer = lines.map((line) => change(line, { schema: 2 }));
  const reading = parseLog('x', `${newer.join('\n')}\n`);
  assert.deepEqual(told(reading), [
    '1 damage: schema: expected 1, the version that this program reads, got 2 (number)',
  ]);
  assert.equal(reading.damages[0].repeated, lines.length - 1);
  assert.deepEqual(reading.runs, [[]]);
});

test('an unknown event is a warning with the nearest name', async (t) => {
  const lines = await soundLog(t);
  assert.deepEqual(check(lines.toSpliced(5, 0, change(lines[4], { event: 'setp' }))), [
    '6 warning: unknown event "setp"; is it step?',
  ]);
});

test('a payload that does not fit says which key, what was expected and what was there', async (t) => {
  const lines = await soundLog(t);
  const wrong = (fields: object) => check(lines.with(4, change(lines[4], fields)));
  assert.deepEqual(wrong({ loss: '0.3' }), ['5 damage: step: loss: expected number, got "0.3" (string)']);
  assert.deepEqual(wrong({ lr: undefined }), ['5 damage: step: lr: expected number, but it is missing']);
  assert.match(
    wrong({ batchAccuracy: 1.5 })[0],
    /^5 damage: step: batchAccuracy: expected .*got 1.5 \(number\)$/,
  );
  assert.match(wrong({ time: 'noon' })[0], /^5 damage: the line: time: expected .*got "noon" \(string\)$/);
});

test('lines that are not JSON objects are told once, and the others are read', async (t) => {
  const lines = await soundLog(t);
  assert.deepEqual(check(lines.with(4, 'oops').with(6, '[1]')), [
    '5 damage: expected a JSON object, got "oops"',
  ]);
});

test('logs put behind one another are several runs', async (t) => {
  const lines = await soundLog(t);
  const reading = parseLog('x', `${[...lines, ...lines].join('\n')}\n`);
  assert.deepEqual(reading.damages, []);
  assert.equal(reading.runs.length, 2);
  const first = lines.slice(0, -1);
  assert.deepEqual(check([...first, ...lines]), [
    `${first.length} damage: run_stop is missing: the run was killed, or its log was cut`,
  ]);
});

test('an event after run_stop is told', async (t) => {
  const lines = await soundLog(t);
  assert.match(check([...lines, lines[4]])[0], /^30 damage: step comes after run_stop$/);
});

test('what training, a sweep and the race write is sound', { timeout: 600_000 }, async (t) => {
  const cwd = await workingDirectory(t);
  await expectCode(0, ['train', '--config', 'mnist-97', '--seeds', '2', '--out', 'runs/a', '--quiet'], {
    cwd,
  });
  await expectCode(0, ['race', '--seeds', '2', '--out', 'runs/b', '--quiet'], { cwd });
  await writeMnist(join(cwd, 'data'), 6400, 200);
  const pixels = ['--config', 'pixels-97', 'data.set=idx', 'data.dir=data', 'data.take=6400'];
  const sweep = ['sweep', ...pixels, '--threads', '1,2', '--repeats', '1', 'train.steps=20'];
  await expectCode(0, [...sweep, '--out', 'runs/c', '--quiet'], { cwd });
  const wild = [
    'train',
    ...pixels,
    'parallel.sync=hogwild',
    'log.every=1',
    'train.steps=200',
    'train.epochs=2',
  ];
  await expectCode(0, [...wild, 'stop.target=null', '--out', 'runs/d', '--quiet'], { cwd });
  const { stdout } = await expectCode(0, ['check-log', 'runs'], { cwd });
  assert.match(stdout, /^4 logs, \d+ lines: no damage\n$/);
});

test('the command takes files and folders, exits 1 for damage, and passes links by', async (t) => {
  const cwd = await workingDirectory(t);
  writeRun(join(cwd, 'runs/a'), { curves });
  const cut = writeRun(join(cwd, 'runs/deep/b'), { curves });
  truncateSync(cut, 3000);
  mkdirSync(join(cwd, 'raw'));
  copyFileSync(join(cwd, 'runs/a/log.ndjson'), join(cwd, 'raw/other.ndjson'));
  symlinkSync('a', join(cwd, 'runs/latest'), 'dir');
  const { stdout } = await expectCode(1, ['check-log', 'runs', 'raw', 'raw/other.ndjson'], { cwd });
  const lines = stdout.trimEnd().split('\n');
  assert.match(lines[0], /^runs\/deep\/b\/log\.ndjson:\d+: the last line is cut off$/);
  assert.match(lines.at(-1) ?? '', /^3 logs, \d+ lines: 1 damaged$/);
  const json = JSON.parse((await expectCode(1, ['check-log', 'runs', '--json'], { cwd })).stdout);
  assert.equal(json.damaged, 1);
  assert.equal(json.files.length, 2);
  assert.equal(json.problems[0].kind, 'damage');
});

test('the cells of a study among the runs are no log', async (t) => {
  const folder = await workingDirectory(t);
  const log = writeRun(join(folder, 'a'), { curves });
  writeFileSync(join(folder, 'cells.ndjson'), '{"cell":1}\n');
  assert.deepEqual(
    findLogs([folder]).map(({ file }) => file),
    [log],
  );
});

test('a named pipe is not waited for', async (t) => {
  const pipe = join(await workingDirectory(t), 'x.ndjson');
  if (spawnSync('mkfifo', [pipe]).status !== 0) return t.skip('no mkfifo here');
  assert.throws(() => findLogs([pipe]), refusing(2, pipe, 'neither'));
});

test('a missing path is refused with the nearest that exists, and so is a folder without logs', async (t) => {
  const cwd = await workingDirectory(t);
  writeRun(join(cwd, 'runs/first'), { curves });
  mkdirSync(join(cwd, 'empty'));
  writeFileSync(join(cwd, 'empty/notes.txt'), '');
  const missing = await expectCode(2, ['check-log', 'runs/frist'], { cwd });
  assert.match(missing.stderr, /^error: runs\/frist: .*mean runs\/first\?\n$/);
  const empty = await expectCode(2, ['check-log', 'empty'], { cwd });
  assert.match(empty.stderr, /^error: empty: .*NDJSON/);
  const none = await expectCode(2, ['check-log'], { cwd });
  assert.match(none.stderr, /^error: [^\n]*missing[^\n]*'log'\n$/);
});
