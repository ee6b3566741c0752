/** parallel.sync=auto: units or owner, by configuration and data alone, with the reason in plan, log, result and card. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { configSchema } from '../dist/config/schema.js';
import { chooseSync, settledSync } from '../dist/plan/choose-sync.js';
import { makePlan } from '../dist/plan/make-plan.js';
import type { DataFacts } from '../dist/plan/plan.js';
import { chooseThreads, fixedThreads, idleRanks } from '../dist/plan/threads.js';
import type { CommandContext } from '../dist/run/command-context.js';
import { Workbench } from '../dist/study/workbench.js';
import { expectCode, readJson, readLog, workingDirectory } from './support/cli.ts';
import { trainedBits } from './support/trained-bits.ts';
import { configure, someMnist } from './support/training.ts';

const facts = (features: number, nonZeros: number, packing: DataFacts['packing'] = 'sparse'): DataFacts => ({
  features,
  outputs: 10,
  target: { kind: 'class', classes: 10, weights: null },
  packing,
  scale: 1,
  shifted: false,
  stored: null,
  nonZeros: new Uint32Array(features).fill(Math.round((1000 * nonZeros) / features)),
  parts: {
    train: { count: 1000, nonZeros: 1000 * nonZeros },
    validation: { count: 0, nonZeros: 0 },
    test: { count: 100, nonZeros: 100 * nonZeros },
  },
});
const pooled = facts(196, 60);
const whole = facts(784, 150);

for (const [words, data, sync, reason] of [
  [['model.hidden=[128]', 'train.batch=64'], pooled, 'units', /of the time of owner/],
  [['model.hidden=[128]', 'train.batch=16'], pooled, 'units', /of the time of owner/],
  [['model.hidden=[1024]', 'train.batch=64'], whole, 'units', /of the time of owner/],
  [['model.hidden=[1024]', 'train.batch=64', 'optimizer=lars'], whole, 'units', /of the time of owner/],
  // Two blocks are the work of two workers; owner would use eight cores.
  [['model.hidden=[128]', 'train.batch=256'], pooled, 'owner', /of the time of owner/],
  [['model.hidden=[128]', 'train.batch=512'], pooled, 'owner', /batches above 256/],
  [['model.hidden=[64]', 'train.batch=64'], pooled, 'owner', /one block/],
  [['model.hidden=[256]', 'train.batch=128'], facts(784, 784, 'dense'), 'owner', /dense rows/],
  [['model.hidden=[128]', 'train.batch=16'], facts(20, 20, 'real'), 'units', /of the time of owner/],
  [['model.hidden=[128]', 'train.batch=64'], facts(784, 0, 'directions'), 'owner', /direction features/],
  [['model.hidden=[256,128]', 'train.batch=64'], whole, 'owner', /model\.hidden=\[256,128\]/],
  [['model.hidden=[]', 'train.batch=64'], whole, 'owner', /model\.hidden=\[\]/],
  [['model.hidden=[128]', 'train.batch=64', 'backend=js'], pooled, 'owner', /backend=js/],
  [
    ['model.hidden=[128]', 'train.batch=64', 'train.selective.beta=1'],
    ...[pooled, 'owner', /train\.selective\.beta=1/],
  ],
  [['model.hidden=[128]', 'train.batch=64', 'parallel.sync=sharded'], pooled, 'sharded', /^requested$/],
  [['model.hidden=[128]', 'train.batch=512', 'parallel.sync=units'], pooled, 'units', /^requested$/],
] as const)
  test(`${words.join(' ')} on ${data.packing} rows of ${data.features}: ${sync}`, async () => {
    const config = await configure(...words);
    const choice = chooseSync(config, data);
    assert.equal(choice.sync, sync);
    assert.match(choice.reason, reason);
    const settled = settledSync(config);
    assert.ok(settled === null || settled === sync, 'what is known before the data is not revised');
  });

test('the choice does not depend on threads, cores or their speeds', async () => {
  const base = await configure();
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1200 }),
      fc.integer({ min: 1, max: 700 }),
      fc.constantFrom('sparse', 'dense'),
      fc.integer({ min: 1, max: 16 }),
      fc.integer({ min: 1, max: 16 }),
      (hidden, batch, packing, threads, cores) => {
        const changed = { model: { ...base.model, hidden: [hidden] }, train: { ...base.train, batch } };
        const config = configSchema.parse({ ...base, ...changed });
        const data = facts(100, packing === 'sparse' ? 40 : 100, packing);
        const speeds = Array.from({ length: cores }, (_, cpu) => ({ cpu, speed: 1 / (1 + cpu) }));
        const plan = makePlan(config, data, threads, cores, null, speeds);
        const { sync, reason } = chooseSync(config, data);
        assert.deepEqual([plan.sync, plan.syncReason], [sync, reason]);
      },
    ),
    { numRuns: 60 },
  );
});

test('a run of two blocks: the same bits for 1, 2 and 3 threads, those of units', async () => {
  const words = ['data.pool=2', 'model.hidden=[128]'];
  const run = async (threads: number, ...more: string[]) =>
    trainedBits(await someMnist(700, 500), threads, [...words, ...more], 700, 64);
  const reference = await run(1);
  for (const threads of [2, 3]) assert.deepEqual(await run(threads), reference, `${threads} threads`);
  assert.deepEqual(await run(2, 'parallel.sync=units'), reference);
  assert.notEqual((await run(2, 'parallel.sync=owner')).bits, reference.bits);
});

test('threads=auto: not more than there are blocks; as many as cores, if asked for', async () => {
  const cores = { physical: 6, logical: 12, available: 12 };
  const size = { train: 60_000, evaluated: 10_000, inputs: 196, classes: 10 };
  const words = ['data.pool=2', 'model.hidden=[128]', 'train.batch=64', 'train.epochs=20'];
  const config = await configure(...words, 'parallel.threads=auto');
  const choice = chooseThreads(config, cores, size, 'units');
  assert.equal(choice.count, 2);
  assert.match(choice.reason, /a worker for each block of 64 hidden units/);
  assert.equal(chooseThreads(config, cores, size, 'owner').count, 6);
  assert.equal(fixedThreads(await configure(...words), cores)?.count, 6);
});

test('a study names the number of threads that its runs have', async () => {
  const cores = { physical: 6, logical: 12, available: 12 };
  const context = { signal: new AbortController().signal, progress: { note() {} }, warnings: { warn() {} } };
  const workbench = new Workbench(cores, context as unknown as CommandContext);
  try {
    for (const [word, hidden, count] of [
      ['auto', 128, 2],
      ['auto', 64, 6],
      ['physical', 128, 6],
    ]) {
      const words = ['data.pool=2', `model.hidden=[${hidden}]`, 'train.batch=64', 'train.epochs=20'];
      const config = await configure(...words, `parallel.threads=${word}`);
      assert.equal((await workbench.size(config)).threads, count, `${word}, ${hidden} units`);
    }
  } finally {
    await workbench.close();
  }
});

test('uneven cores: their number waits for the data if the strategy does', async () => {
  const speeds = [1, 1, 0.3].map((speed, cpu) => ({ cpu, speed }));
  const cores = { physical: 3, logical: 3, available: 3, speeds, pins: true };
  assert.equal(fixedThreads(await configure('model.hidden=[128]', 'train.batch=64'), cores), null);
  assert.equal(fixedThreads(await configure('model.hidden=[64]', 'train.batch=64'), cores)?.count, 3);
});

test('plan, log, result and card have the strategy and its reason', async (t) => {
  const cwd = await workingDirectory(t);
  const words = [
    'train',
    '--config',
    'pixels-97',
    '--threads',
    '2',
    '--out',
    'run',
    'data.take=640',
    'stop.target=null',
  ];
  const { stdout } = await expectCode(0, words, { cwd });
  assert.match(stdout, /sync units/);
  assert.match(stdout, /^sync {7}auto: a step of units takes 0\.\d\d of/m);
  const folder = join(cwd, 'run');
  const result = await readJson<{ sync: string; syncReason: string }>(folder, 'result.json');
  assert.equal(result.sync, 'units');
  const planned = (await readLog(folder)).find(({ event }) => event === 'plan');
  const plan = planned?.plan as { sync: string; syncReason: string };
  assert.deepEqual([plan.sync, plan.syncReason], [result.sync, result.syncReason]);
});

test('threads beyond the blocks of units are named', async () => {
  const config = await configure('model.hidden=[128]');
  assert.equal(idleRanks(config, 'owner', 3), null);
  assert.equal(idleRanks(config, 'units', 2), null);
  assert.match(idleRanks(config, 'units', 5) ?? '', /2 blocks of hidden units .* the other 3 only evaluate/);
});
