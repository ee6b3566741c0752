/** What is refused when a run is resumed, and what a damaged or missing file leads to. */
import assert from 'node:assert/strict';
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { type Model, train, UserError } from '../dist/index.js';
import { readCheckpoint } from '../dist/run/checkpoint-file.js';
import { checkpointsIn, isCheckpoint } from '../dist/run/checkpoint-names.js';
import { lockFolder } from '../dist/run/folder-lock.js';
import { expectCode } from './support/cli.ts';
import { scratch } from './support/scratch.ts';
import { writeToySet } from './support/toy-set.ts';

let cwd = '';
let whole: Buffer;
let epochs = 0;
const words = (...more: string[]) => [
  ...[
    'train',
    '--quiet',
    'data.set=csv',
    'data.dir=toy',
    'model.hidden=[16]',
    'train.batch=16',
    'stop.target=null',
  ],
  ...['train.epochs=400', 'optimizer.lr=0.05', ...more],
];
const recipe = {
  ...{ 'model.hidden': [16], 'train.batch': 16, 'train.epochs': 400, 'optimizer.lr': 0.05, 'log.every': 1 },
  'checkpoint.every': '100steps',
};
const unsaved = { ...recipe, 'checkpoint.every': 'off' };
const toy = () => ({ csv: join(cwd, 'toy') });
const bytesOf = async (run: PromiseLike<Model>) => Buffer.from((await run).toSafetensors());

before(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'shardstep-resume-'));
  writeToySet(cwd, 'toy');
  whole = await bytesOf(train(toy(), { recipe: unsaved, threads: 2 }));
  // Stopped in the middle: its folder is the start of every test.
  const run = train(toy(), { recipe, threads: 2, out: join(cwd, 'stopped') });
  for await (const { epoch } of run) if (epoch === 40) run.stop();
  epochs = readCheckpoint(join(cwd, 'stopped', checkpointsIn(join(cwd, 'stopped'))[0])).checkpoint.state
    .epoch;
});
after(() => rm(cwd, { recursive: true, force: true }));

/** A copy of the stopped run. */
function stopped(t: TestContext): string {
  const folder = join(scratch(t), 'run');
  cpSync(join(cwd, 'stopped'), folder, { recursive: true });
  return folder;
}

const refused =
  (code: UserError['code'], ...parts: string[]) =>
  (error: unknown) => {
    assert.ok(error instanceof UserError, String(error));
    assert.equal(error.code, code, error.message);
    for (const part of parts) assert.ok(error.message.includes(part), `${part} in ${error.message}`);
    assert.doesNotMatch(error.message, /\n/);
    return true;
  };

test('the library: a stopped run goes on to the same model, on another number of threads', async (t) => {
  assert.ok(epochs >= 40 && epochs < 400, `${epochs} epochs`);
  for (const threads of [2, 3]) {
    const folder = stopped(t);
    assert.deepEqual(await bytesOf(train(toy(), { resume: folder, threads })), whole);
    await assert.rejects(
      train(toy(), { resume: folder }).model,
      refused('usage', folder, 'has finished (done)'),
    );
  }
});

test('another configuration is refused with every key and both values; some keys may differ', async (t) => {
  const folder = stopped(t);
  const other = { 'optimizer.lr': 0.1, 'model.activation': 'tanh', 'log.every': 3, 'checkpoint.keep': 1 };
  await assert.rejects(
    train(toy(), { resume: folder, recipe: other, seed: 4 }).model,
    refused(
      'usage',
      'optimizer.lr: expected 0.05, got 0.1',
      'model.activation: expected "relu", got "tanh"',
      'seed: expected 1, got 4',
    ),
  );
  await assert.rejects(
    train(toy(), { resume: folder, recipe: { 'train.epochs': 3 } }).model,
    refused('usage', 'train.epochs: expected', 'got 3'),
  );
  const longer = await bytesOf(train(toy(), { recipe: { ...unsaved, 'train.epochs': 420 } }));
  const run = train(toy(), {
    resume: folder,
    recipe: {
      ...{ 'train.epochs': 420, 'log.every': 7, 'checkpoint.keep': 1 },
      ...{ 'parallel.heartbeat': 600, 'parallel.onWorkerLoss': 'continue' },
    },
  });
  assert.deepEqual(await bytesOf(run), longer);
  assert.equal(checkpointsIn(folder).length, 1);
});

test('a schedule that depends on the length refuses another one, with the reason', async (t) => {
  const folder = join(scratch(t), 'run');
  const run = train(toy(), { recipe: { ...recipe, schedule: { name: 'cosine' } }, out: folder });
  for await (const { epoch } of run) if (epoch === 20) run.stop();
  await assert.rejects(
    train(toy(), { resume: folder, recipe: { 'train.epochs': 500 } }).model,
    refused('usage', 'train.epochs: expected 400, got 500', 'schedule.name=cosine'),
  );
});

test('other threads are refused if the weights depend on them; other data always', async (t) => {
  const folder = join(scratch(t), 'run');
  const run = train(toy(), { recipe: { ...recipe, 'parallel.sync': 'sharded' }, threads: 2, out: folder });
  for await (const { epoch } of run) if (epoch === 20) run.stop();
  await assert.rejects(
    train(toy(), { resume: folder, threads: 3 }).model,
    refused('usage', 'parallel.threads: expected 2', 'got 3', 'parallel.sync=sharded'),
  );
  const { threads } = JSON.parse(readFileSync(join(folder, 'result.json'), 'utf8'));
  assert.equal(threads, 2);
  const another = join(scratch(t), 'toy');
  cpSync(join(cwd, 'toy'), another, { recursive: true });
  const [name] = readdirSync(another).filter((file) => file.includes('train'));
  const text = readFileSync(join(another, name), 'utf8');
  const lines = text.split('\n');
  writeFileSync(join(another, name), [lines[0], lines[2], lines[1], ...lines.slice(3)].join('\n'));
  await assert.rejects(
    train({ csv: another }, { resume: stopped(t) }).model,
    refused('usage', 'SHA-256 of the data'),
  );
});

test('a damaged newest checkpoint: the one before, with a warning, and the same model', async (t) => {
  const folder = stopped(t);
  const [newest, before] = checkpointsIn(folder);
  const bytes = readFileSync(join(folder, newest));
  bytes[bytes.length - 9] ^= 1;
  writeFileSync(join(folder, newest), bytes);
  const run = train(toy(), { resume: folder });
  assert.deepEqual(await bytesOf(run), whole);
  const [warning] = run.warnings.filter(({ code }) => code === 'checkpoint-damaged');
  assert.ok(warning.message.includes(newest) && warning.message.includes(before), warning.message);
});

test('without the numbered checkpoints, the one of the name checkpoint-last: the same model', async (t) => {
  const folder = stopped(t);
  for (const name of checkpointsIn(folder)) rmSync(join(folder, name));
  assert.deepEqual(await bytesOf(train(toy(), { resume: folder })), whole);
});

test('every damage is seen: a byte changed anywhere, a file cut anywhere', (t) => {
  const folder = stopped(t);
  const file = join(folder, checkpointsIn(folder)[0]);
  const bytes = readFileSync(file);
  readCheckpoint(file);
  for (let i = 0; i < 60; i++) {
    const at = Math.floor((i / 60) * bytes.length);
    const damaged = Buffer.from(bytes);
    damaged[at] ^= 1 << (i % 8);
    writeFileSync(file, i % 4 === 3 ? bytes.subarray(0, at) : damaged);
    assert.throws(() => readCheckpoint(file), refused('failure', file), `byte ${at}`);
  }
});

test('nothing to go on with: no folder, no run, no checkpoint, none that can be read, one in use', async (t) => {
  const folder = stopped(t);
  const resume = (given: string) => train(toy(), { resume: given }).model;
  await assert.rejects(resume(join(folder, 'none')), refused('usage', 'no such folder'));
  await assert.rejects(resume(join(cwd, 'toy')), refused('usage', 'without a run'));
  const lock = lockFolder(folder);
  await assert.rejects(resume(folder), refused('usage', `process ${process.pid} is writing in it`));
  lock.release();
  for (const name of readdirSync(folder).filter(isCheckpoint)) writeFileSync(join(folder, name), 'torn');
  await assert.rejects(resume(folder), refused('failure', 'no checkpoint can be read'));
  for (const name of readdirSync(folder).filter(isCheckpoint)) rmSync(join(folder, name));
  await assert.rejects(resume(folder), refused('usage', 'without a checkpoint'));
  assert.ok(!readdirSync(folder).includes('run.lock'));
});

test('options that do not go together', async () => {
  await assert.rejects(train(toy(), { recipe }).model, refused('usage', 'checkpoint.every', 'without out'));
  await assert.rejects(train(toy(), { resume: 'a', out: 'b' }).model, refused('usage', 'out: expected none'));
  const { stderr } = await expectCode(2, ['train', '--resume', 'stopped', '--out', 'x'], { cwd });
  assert.match(stderr, /^error: --resume: expected no --out beside it[^\n]*\n$/);
  const seeds = await expectCode(2, words('--seeds', '2', 'checkpoint.every=1epoch'), { cwd });
  assert.match(seeds.stderr, /^error: checkpoint.every: expected off with --seeds[^\n]*\n$/);
});
