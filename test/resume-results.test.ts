/** Results of a run that was stopped before: none of them is taken for those of the run that goes on, however that ends. */
import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { train } from '../dist/index.js';
import { cutLog, cutMetrics } from '../dist/run/cut-records.js';
import { cli, expectCode } from './support/cli.ts';
import { scratch } from './support/scratch.ts';
import { writeToySet } from './support/toy-set.ts';

const cwd = mkdtempSync(join(tmpdir(), 'shardstep-results-'));
const recipe = {
  ...{ 'model.hidden': [16], 'train.batch': 16, 'train.epochs': 300, 'optimizer.lr': 0.05 },
  'checkpoint.every': '100steps',
};
let whole: Buffer;
const toy = { csv: join(cwd, 'toy') };
const weightsIn = (folder: string) => readFileSync(join(folder, 'final.safetensors'));

before(async () => {
  writeToySet(cwd, 'toy');
  const run = train(toy, { recipe, threads: 1, out: join(cwd, 'stopped') });
  for await (const { epoch } of run) if (epoch === 40) run.stop();
  await train(toy, { recipe, threads: 1, out: join(cwd, 'whole') });
  whole = weightsIn(join(cwd, 'whole'));
  assert.notDeepEqual(weightsIn(join(cwd, 'stopped')), whole);
});
after(() => rm(cwd, { recursive: true, force: true }));

function stopped(t: TestContext): string {
  const folder = join(scratch(t), 'run');
  cpSync(join(cwd, 'stopped'), folder, { recursive: true });
  return folder;
}

/** When the final weights are to be renamed into their place, the other files are given time. */
const preload = `
const fs = require('node:fs/promises');
const { rename } = fs;
fs.rename = async (from, to) => {
  if (!to.endsWith('final.safetensors')) return rename(from, to);
  await new Promise((resolve) => setTimeout(resolve, 300));
  if (process.env.HOW === 'SIGKILL') process.kill(process.pid, 'SIGKILL');
  throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
};
require('node:module').syncBuiltinESMExports();
`;

for (const how of ['SIGKILL', 'ENOSPC'])
  test(`${how} at the final weights of a resumed run: no old result is left, and the next one finishes it`, async (t) => {
    const folder = stopped(t);
    const shim = join(scratch(t), 'shim.cjs');
    writeFileSync(shim, preload);
    const words = ['train', '--resume', folder, '--quiet'];
    const environment = { NODE_OPTIONS: `--require=${shim}`, HOW: how };
    const { code, signal, stderr } = await cli(words, { cwd, environment });
    assert.deepEqual([code, signal], how === 'SIGKILL' ? [null, how] : [1, null], stderr);
    assert.equal(existsSync(join(folder, 'final.safetensors')), false, 'the old weights');
    // The mark of a run that has ended is the last file.
    assert.equal(existsSync(join(folder, 'result.json')), how === 'ENOSPC');
    await expectCode(0, words, { cwd });
    assert.deepEqual(weightsIn(folder), whole);
  });

test('a run whose weights are not those that its result names has not finished', async (t) => {
  const folder = stopped(t);
  cpSync(join(cwd, 'whole', 'result.json'), join(folder, 'result.json'));
  const words = ['train', '--resume', folder, '--quiet'];
  await expectCode(0, words, { cwd });
  assert.deepEqual(weightsIn(folder), whole);
  const { stderr } = await expectCode(2, words, { cwd });
  assert.match(stderr, /a run that has finished \(done\)/);
});

/** In every thread of the process: the first configuration of a run cannot be put into its place. */
const failingOnce = (marker: string) => `
const fs = require('node:fs/promises');
const { existsSync, writeFileSync } = require('node:fs');
const { rename } = fs;
fs.rename = async (from, to) => {
  if (!to.endsWith('config.yaml') || existsSync('${marker}')) return rename(from, to);
  writeFileSync('${marker}', '');
  throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
};
require('node:module').syncBuiltinESMExports();
`;

test('the library: after a start that failed, the folder is free and empty for the next one', async (t) => {
  const folder = scratch(t);
  const [shim, program, out] = ['shim.cjs', 'program.mjs', 'run'].map((name) => join(folder, name));
  writeFileSync(shim, failingOnce(join(folder, 'marker')));
  writeFileSync(
    program,
    `import { train } from '${new URL('../dist/index.js', import.meta.url)}';
    const data = { inputs: [[0, 0], [0, 1], [1, 0], [1, 1]], targets: ['no', 'yes', 'yes', 'no'] };
    for (let i = 0; i < 2; i++)
      try {
        await train(data, { recipe: { train: { epochs: 2 } }, out: '${out}' });
        console.log('trained');
      } catch (error) {
        console.log(error.message);
      }
    process.exit(0);`,
  );
  const environment = { NODE_OPTIONS: `--require=${shim}` };
  const { stdout } = await cli([], { cwd: folder, environment, program });
  assert.match(stdout, /^cannot write .*config\.yaml: no space left on the device \(ENOSPC\)\ntrained\n$/);
  assert.ok(existsSync(join(out, 'final.safetensors')));
  rmSync(out, { recursive: true });
});

test('records of more than 2 GiB, and lines that lie across the pieces that are read, are cut as any', (t) => {
  const folder = scratch(t);
  const [metrics, log] = ['metrics.csv', 'log.ndjson'].map((name) => join(folder, name));
  const rows = Array.from({ length: 60_000 }, (_, i) => `${i + 1},1,0.${i},,0.1,${i}.25`);
  writeFileSync(metrics, `step,epoch,loss,accuracy,lr,elapsed_ms\n${rows.join('\n')}\n`);
  writeFileSync(log, rows.map((_, i) => `{"event":"step","step":${i + 1}}\n`).join(''));
  // As after a power cut: zeros to the end. No byte of them is on the disk.
  truncateSync(metrics, 2 ** 31 + 100);
  let lines = 0;
  assert.equal(
    cutLog(log, 55_555, () => lines++),
    55_555,
  );
  assert.equal(lines, 55_555);
  assert.equal(readFileSync(log, 'utf8').split('\n').at(-2), '{"event":"step","step":55555}');
  assert.deepEqual(cutMetrics(metrics, 70_000), { count: 60_001, last: rows.at(-1) });
  assert.deepEqual(cutMetrics(metrics, 59_000), { count: 59_001, last: rows[58_999] });
  assert.deepEqual(readFileSync(metrics, 'utf8').trimEnd().split('\n').slice(1), rows.slice(0, 59_000));
  assert.equal(cutMetrics(join(folder, 'none'), 1), null);
});

test('an interruption whose files cannot all be written: the line that says how it goes on', async (t) => {
  const folder = scratch(t);
  const shim = join(folder, 'shim.cjs');
  writeFileSync(shim, preload);
  const words = [
    'train',
    'data.set=csv',
    `data.dir=${join(cwd, 'toy')}`,
    'model.hidden=[16]',
    'train.batch=16',
  ];
  words.push(
    'train.epochs=100000',
    'stop.target=null',
    'checkpoint.every=100steps',
    '--out',
    'run',
    '--threads',
    '1',
  );
  const environment = { NODE_OPTIONS: `--require=${shim}` };
  const { code, stderr } = await cli(words, { cwd: folder, environment, interruptAfter: 'epoch ' });
  assert.equal(code, 130, stderr);
  assert.match(
    stderr,
    /^error: cannot write .*final\.safetensors: .*\ninterrupted; not all results so far are in run; train --resume run goes on after step \d+\n$/m,
  );
});
