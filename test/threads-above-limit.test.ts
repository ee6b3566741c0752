/** Thread counts and what the process may use: logical cores are those allowed, more are named with the reason. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { canPin } from '../dist/machine/pin-thread.js';
import { fixedThreads, oversubscription } from '../dist/plan/threads.js';
import {
  type CliOptions,
  cli,
  expectCode,
  readJson,
  type TrainingResult,
  workingDirectory,
} from './support/cli.ts';
import { configure } from './support/training.ts';

const two = { physical: 2, logical: 2, available: 2, limit: null };
const quota = { physical: 1, logical: 16, available: 1, limit: 'a cgroup quota of 1 CPU' };

test('logical is what a quota or an affinity leaves', async () => {
  const config = await configure('parallel.threads=logical');
  assert.equal(fixedThreads(config, quota)?.count, 1);
  assert.equal(fixedThreads(config, { ...two, logical: 8, available: 4 })?.count, 4);
});

test('far more threads than CPUs are as many as can run, where the result is the same', async () => {
  const count = async (...words: string[]) => fixedThreads(await configure(...words), two)?.count;
  assert.equal(await count('parallel.threads=96'), 8);
  assert.equal(await count('parallel.threads=8'), 8);
  assert.equal(await count('parallel.threads=96', 'parallel.sync=average'), 96);
  assert.equal(await count('parallel.threads=96', 'parallel.sync=units', 'model.hidden=[9]'), 8);
  const many = { ...two, physical: 32, logical: 64, available: 64 };
  assert.equal(fixedThreads(await configure('parallel.threads=96'), many)?.count, 96);
});

test('what is said names the count, the CPUs, what limits them and the effect', () => {
  assert.equal(oversubscription(2, 2, two), null);
  assert.equal(
    oversubscription(3, 3, two),
    '3 threads were asked for on 2 CPUs, all that the machine has: they take turns, and a step takes longer',
  );
  assert.equal(
    oversubscription(96, 8, quota),
    '96 threads were asked for on 1 CPU, allowed by a cgroup quota of 1 CPU: 8 are started, with the same result',
  );
});

const hasTaskset = canPin();
const onOne: Pick<CliOptions, 'through'> = { through: ['taskset', '-c', '0'] };
const words = ['--config', 'mnist-97', 'data.take=64', 'stop.target=null', '--quiet', '--out', 'run'];
const tasksetOnly = { skip: !hasTaskset && 'no taskset here' };

test('--threads logical under taskset -c 0 is one thread', tasksetOnly, async (t) => {
  const cwd = await workingDirectory(t);
  const { stderr } = await expectCode(0, ['train', ...words, '--threads', 'logical'], { cwd, ...onOne });
  assert.equal(stderr, '');
  assert.equal((await readJson<TrainingResult>(cwd, 'run', 'result.json')).threads, 1);
});

for (const [asked, count] of [
  ['2', 2],
  ['96', 8],
] as const)
  test(
    `--threads ${asked} under taskset -c 0 warns with the reason and runs ${count}`,
    tasksetOnly,
    async (t) => {
      const cwd = await workingDirectory(t);
      const { stderr } = await expectCode(0, ['train', ...words, '--threads', asked], { cwd, ...onOne });
      const machine = readFileSync('/sys/devices/system/cpu/online', 'utf8').trim();
      const reason = machine === '0' ? 'all that the machine has' : 'allowed by the affinity of the process';
      assert.match(stderr, new RegExp(`^warning: ${asked} threads were asked for on 1 CPU, ${reason}`));
      const result = await readJson<TrainingResult & { warnings: { code: string }[] }>(
        cwd,
        'run',
        'result.json',
      );
      assert.deepEqual(
        [result.threads, result.warnings.map(({ code }) => code)],
        [count, ['threads-above-limit']],
      );
    },
  );

test('a sweep above the limit warns and measures what was asked for', tasksetOnly, async (t) => {
  const cwd = await workingDirectory(t);
  const sweep = ['--threads', '1,2', '--repeats', '1', 'data.take=512', '--quiet', '--out', 'run'];
  const { code, stderr } = await cli(sweep, { cwd, ...onOne });
  assert.equal(code, 0, stderr);
  assert.match(stderr, /^warning: 2 threads were asked for on 1 CPU.*take turns.*\[threads-above-limit\]\n$/);
  const { rows } = await readJson<{ rows: { threads: number }[] }>(join(cwd, 'run'), 'result.json');
  assert.deepEqual(
    rows.map(({ threads }) => threads),
    [1, 2],
  );
});

test('a pinned thread stays on its CPU, and the others are not', tasksetOnly, async () => {
  const program = `
    const { readFileSync } = require('node:fs');
    const allowed = () => /Cpus_allowed_list:\\s*(\\S+)/.exec(readFileSync('/proc/thread-self/status', 'utf8'))[1];
    import(${JSON.stringify(new URL('../dist/machine/pin-thread.js', import.meta.url).href)}).then(({ pinThread }) => {
      pinThread(0);
      require('node:worker_threads').parentPort.postMessage(allowed());
    });`;
  const before = spawnSync('taskset', ['-p', `${process.pid}`], { encoding: 'utf8' }).stdout;
  const pinned = await new Promise((resolve, reject) => {
    new Worker(program, { eval: true }).once('message', resolve).once('error', reject);
  });
  assert.equal(pinned, '0');
  assert.equal(spawnSync('taskset', ['-p', `${process.pid}`], { encoding: 'utf8' }).stdout, before);
});
