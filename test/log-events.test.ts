import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { openLog, type RunLog } from '../dist/run/log.js';
import { UserError } from '../dist/user-error.js';

function logFile(t: TestContext): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'log-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return path.join(folder, 'log.ndjson');
}

const lines = (file: string) =>
  readFileSync(file, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line));

const versions = { shardstep: '0.1.0', node: '24', v8: '13' };
const step = { step: 1, epoch: 1, loss: 0.1, batchAccuracy: 0.5, lr: 0.05, elapsedMs: 1 };

/** One event of each level and the two that frame a log. */
function shortRun(log: RunLog): void {
  log.event('run_start', { name: 'x', command: 'node dist/coordinator', versions, seed: 1 });
  log.event('step', step);
  log.event('worker_error', { rank: 1, message: 'out of memory', stack: 'Error: …\n  at f' });
  log.event('run_stop', { status: 'failed', reason: 'worker 1', exitCode: 1, elapsedMs: 2 });
  log.close();
}

test('every line is JSON with schema, event, level and an ISO time, in the order of the events', (t) => {
  const file = logFile(t);
  shortRun(openLog(file, 'info'));
  const all = lines(file);
  assert.deepEqual(
    all.map((line) => [line.schema, line.event, line.level]),
    [
      [1, 'run_start', 'info'],
      [1, 'step', 'info'],
      [1, 'worker_error', 'error'],
      [1, 'run_stop', 'info'],
    ],
  );
  for (const line of all) assert.equal(new Date(line.time).toISOString(), line.time);
  const { schema, event, level, time, ...payload } = all[1];
  assert.deepEqual(payload, step);
  assert.equal(all[2].stack, 'Error: …\n  at f');
});

for (const [level, events] of [
  ['debug', ['run_start', 'step', 'worker_error', 'run_stop']],
  ['warn', ['run_start', 'worker_error', 'run_stop']],
  ['error', ['run_start', 'worker_error', 'run_stop']],
  ['fatal', ['run_start', 'run_stop']],
] as const) {
  test(`level ${level} keeps the start and stop of the run and writes ${events.length} of 4 events`, (t) => {
    const file = logFile(t);
    shortRun(openLog(file, level));
    assert.deepEqual(
      lines(file).map((line) => line.event),
      events,
    );
  });
}

test('silent leaves no file, not even an earlier run’s', (t) => {
  const file = logFile(t);
  writeFileSync(file, 'old\n');
  shortRun(openLog(file, 'silent'));
  assert.equal(existsSync(file), false);
});

test('a log starts anew, and later events than its close are dropped', (t) => {
  const file = logFile(t);
  writeFileSync(file, 'old\n');
  const log = openLog(file, 'info');
  shortRun(log);
  log.event('step', step);
  log.flush();
  log.close();
  assert.equal(lines(file).length, 4);
});

test('events wait in memory, a flush has them on disk', (t) => {
  const file = logFile(t);
  const log = openLog(file, 'info');
  log.event('step', step);
  assert.equal(statSync(file).size, 0);
  log.flush();
  assert.equal(lines(file).length, 1);
  log.close();
});

test('a hundred thousand bytes of steps come out whole and in order', (t) => {
  const file = logFile(t);
  const log = openLog(file, 'info');
  for (let index = 0; index < 2000; index++) log.event('step', { ...step, step: index });
  assert.ok(statSync(file).size > 100_000, 'a long run must not keep its whole log in memory');
  log.close();
  assert.deepEqual(
    lines(file).map((line) => line.step),
    Array.from({ length: 2000 }, (_, index) => index),
  );
});

test('process.exit in the middle of a run keeps the lines so far', (t) => {
  const file = logFile(t);
  const program = `
    const { openLog } = await import(${JSON.stringify(new URL('../dist/run/log.js', import.meta.url).href)});
    openLog(${JSON.stringify(file)}, 'info').event('step', ${JSON.stringify(step)});
    process.exit(0);`;
  execFileSync(process.execPath, ['--input-type=module', '-e', program]);
  assert.equal(lines(file).length, 1);
});

test('a closed log leaves no listener behind', (t) => {
  const before = process.listenerCount('exit');
  openLog(logFile(t), 'info').close();
  assert.equal(process.listenerCount('exit'), before);
});

test('a full disk neither throws at an event nor hangs: flush tells', {
  skip: !existsSync('/dev/full'),
}, () => {
  const log = openLog('/dev/full', 'info');
  for (let index = 0; index < 500; index++) log.event('step', step);
  const full = (error: unknown) =>
    error instanceof UserError && error.exitCode === 1 && /\/dev\/full.*ENOSPC/.test(error.message);
  assert.throws(() => log.flush(), full);
  assert.throws(() => log.close(), full);
  log.close();
});

test('an unknown level and a file that cannot be opened are usage errors', (t) => {
  const file = logFile(t);
  const usage = (part: string) => (error: unknown) =>
    error instanceof UserError && error.exitCode === 2 && error.message.includes(part);
  assert.throws(() => openLog(file, 'loud'), usage('"loud"'));
  const missing = path.join(file, 'no', 'such');
  assert.throws(() => openLog(missing, 'info'), usage(missing));
});
