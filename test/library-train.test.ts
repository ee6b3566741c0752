/** `train()` of the library on files: its model, epochs, errors, interruptions, and what it must not do. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import {
  type Epoch,
  load,
  type Model,
  TrainingRun,
  type TrainProgress,
  train,
  UserError,
} from '../dist/index.js';
import { writeToySet } from './support/toy-set.ts';

let cwd = '';
before(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'shardstep-library-'));
  writeToySet(cwd, 'toy');
});
after(() => rm(cwd, { recursive: true, force: true }));

const toy = () => ({ csv: join(cwd, 'toy') });
const recipe = {
  model: { hidden: [16] },
  train: { batch: 16, epochs: 4 },
  'optimizer.lr': 0.05,
};
/** Hours of work. */
const endless = { ...recipe, train: { batch: 16, epochs: 1_000_000 } };

const bytesOf = async (run: PromiseLike<Model>) => Buffer.from((await run).toSafetensors());

test('a run is its model when awaited, and its epochs when iterated over', async () => {
  const run = train(toy(), { recipe });
  const epochs: Epoch[] = [];
  for await (const epoch of run) epochs.push(epoch);
  assert.deepEqual(
    epochs.map(({ epoch, step, on }) => ({ epoch, step, on })),
    [1, 2, 3, 4].map((epoch) => ({ epoch, step: 15 * epoch, on: 'test' })),
  );
  assert.ok(epochs[3].loss < epochs[0].loss);
  assert.equal(epochs[3].etaMs, 0);
  const model = await run;
  assert.deepEqual(model.labels, ['0', '1', '2', '3', '4']);
  const { accuracy } = await model.evaluate(toy());
  assert.equal(accuracy, epochs[3].accuracy);
  assert.equal(model.metadata.accuracy, String(accuracy));
  // Iterated over again after its end: the same epochs.
  const again: Epoch[] = [];
  for await (const epoch of run) again.push(epoch);
  assert.deepEqual(again, epochs);
});

test('equal calls give equal files, whatever the threads; another seed gives another model', async () => {
  const one = await bytesOf(train(toy(), { recipe }));
  assert.deepEqual(await bytesOf(train(toy(), { recipe, threads: 3 })), one);
  assert.deepEqual(await bytesOf(train(toy(), { recipe, seed: 1 })), one);
  assert.notDeepEqual(await bytesOf(train(toy(), { recipe, seed: 2 })), one);
});

test('two trainings at once do not disturb each other', async () => {
  const alone = await bytesOf(train(toy(), { recipe }));
  const both = await Promise.all([bytesOf(train(toy(), { recipe })), bytesOf(train(toy(), { recipe }))]);
  assert.deepEqual(both, [alone, alone]);
});

test('dotted and nested keys, a YAML file: the same recipe', async () => {
  const one = await bytesOf(train(toy(), { recipe }));
  const dotted = { 'model.hidden': [16], 'train.batch': 16, 'train.epochs': 4, 'optimizer.lr': 0.05 };
  assert.deepEqual(await bytesOf(train(toy(), { recipe: dotted })), one);
});

test("data win over the recipe's set and folder; its other data keys hold", async () => {
  const model = await train(toy(), { recipe: { ...recipe, data: { set: 'mnist', normalise: 'none' } } });
  assert.equal(model.metadata['data.set'], 'csv');
  assert.equal(model.metadata['data.normalise'], 'none');
});

for (const [what, wrong, key, received] of [
  ['a wrong value', { train: { batch: 0 } }, 'train.batch', 0],
  ['a dotted one', { 'train.epochs': -1 }, 'train.epochs', -1],
] as const)
  test(`${what} is refused with its key, the expectation and the value`, async () => {
    await assert.rejects(train(toy(), { recipe: wrong }).model, (error) => {
      assert.ok(error instanceof UserError);
      const { code, expected } = error;
      assert.deepEqual({ code, key: error.key, received: error.received }, { code: 'usage', key, received });
      assert.match(expected ?? '', /integer/);
      return true;
    });
  });

test('an unknown key comes with the nearest one', () =>
  assert.rejects(train(toy(), { recipe: { train: { bach: 8 } } }).model, {
    name: 'UserError',
    key: 'train.bach',
    message: /train\.batch/,
  }));

test('data of no form, and folders that are not there', async () => {
  const run = (data: unknown) => train(data as { csv: string }).model;
  for (const data of [null, 7, {}, { file: 'x' }])
    await assert.rejects(run(data), { name: 'UserError', key: 'data' });
  await assert.rejects(run({ set: 'mnsit' }), { name: 'UserError', key: 'data.set' });
  await assert.rejects(run({ set: 'mnist', lable: 1 }), { name: 'UserError', key: 'data.lable' });
  await assert.rejects(run({ csv: 'x', label: () => 1 }), { name: 'UserError', key: 'data.label' });
  await assert.rejects(run({ csv: '' }), { key: 'data.csv' });
  await assert.rejects(run({ csv: join(cwd, 'nowhere') }), { name: 'UserError', code: 'failure' });
});

test('stop ends after the step, with the weights so far; the next training is unharmed', async () => {
  const run = train(toy(), { recipe: endless });
  for await (const { epoch } of run) if (epoch === 3) break;
  run.stop();
  const model = await run;
  assert.equal(model.metadata.accuracy, undefined, 'the last evaluation is of earlier weights');
  const { accuracy } = await model.evaluate(toy());
  assert.ok(accuracy > 0.5, `${accuracy}`);
  assert.deepEqual(await bytesOf(train(toy(), { recipe })), await bytesOf(train(toy(), { recipe })));
});

test('a signal ends the run with its reason', async () => {
  const controller = new AbortController();
  const run = train(toy(), { recipe: endless, signal: controller.signal });
  const seen = (async () => {
    for await (const { epoch } of run) if (epoch === 2) controller.abort();
  })();
  await assert.rejects(run.model, { name: 'AbortError' });
  await assert.rejects(seen, { name: 'AbortError' });
  await assert.rejects(train(toy(), { signal: AbortSignal.abort(new Error('no')) }).model, /^Error: no$/);
});

test('stopped before the first step there is no model', async () => {
  const run = train(toy(), { recipe: endless });
  run.stop();
  await assert.rejects(run.model, { name: 'UserError', code: 'interrupted' });
});

test('await using ends a run that is left', async () => {
  const leave = async () => {
    await using run = train(toy(), { recipe: endless });
    for await (const { epoch } of run) if (epoch === 2) return epoch;
    return 0;
  };
  assert.equal(await leave(), 2);
});

test('warnings and logs reach the caller, nothing is printed', async () => {
  const lines: string[] = [];
  const note = (fields: object, message: string) => lines.push(`${JSON.stringify(fields)} ${message}`);
  const logger = { debug: note, info: note, warn: note };
  const run = train(toy(), { recipe: { ...recipe, 'optimizer.lr': 100 }, logger });
  await run;
  assert.ok(run.warnings.length > 0);
  for (const { code, message } of run.warnings) {
    assert.match(code, /^[a-z-]+$/);
    assert.ok(lines.some((line) => line.includes(message) && line.includes(code)));
  }
  assert.ok(lines.some((line) => line.endsWith('epoch 4')));
});

test('progress comes at most ten times a second', async () => {
  const progress: TrainProgress[] = [];
  const run = train(toy(), { recipe: endless, onProgress: (one) => progress.push(one) });
  for await (const _ of run) if (progress.length >= 4) break;
  run.stop();
  await run;
  const times = progress.map(({ elapsedMs }) => elapsedMs);
  assert.ok(
    times.slice(1).every((time, i) => time - times[i] > 90),
    times.join(' '),
  );
  assert.ok(progress.every(({ epochs, step, steps }) => epochs === 1_000_000 && step <= steps));
});

test("an error of the caller's own logger ends the run with it", () => {
  const fails = () => {
    throw new Error('full disk');
  };
  const logger = { debug: fails, info: fails, warn: fails };
  return assert.rejects(train(toy(), { recipe, logger }).model, /full disk/);
});

test('an error of onProgress rejects when the run has left its folder: records, checkpoint, no lock', async () => {
  const out = join(cwd, 'failing');
  const every = { ...endless, 'checkpoint.every': '1000s' };
  let calls = 0;
  const onProgress = () => {
    calls += 1;
    throw new Error('full disk');
  };
  await assert.rejects(train(toy(), { recipe: every, out, onProgress }).model, /full disk/);
  const names = readdirSync(out).sort();
  assert.ok(names.includes('result.json') && names.includes('checkpoint-last.safetensors'), names.join());
  assert.deepEqual(
    names.filter((name) => name.startsWith('.') || name.includes('lock')),
    [],
  );
  assert.equal(calls, 1);
});

test('out leaves a run folder as the command line does; without it no file is written', async () => {
  const out = join(cwd, 'run');
  const before = readdirSync(cwd);
  const without = await bytesOf(train(toy(), { recipe }));
  assert.deepEqual(readdirSync(cwd), before);
  const model = await bytesOf(train(toy(), { recipe, out }));
  for (const name of ['config.yaml', 'log.ndjson', 'metrics.csv', 'result.json', 'final.safetensors'])
    assert.ok(existsSync(join(out, name)), name);
  assert.deepEqual(readFileSync(join(out, 'final.safetensors')), model);
  assert.deepEqual(model, without);
  const same = await load(out);
  assert.deepEqual(Buffer.from(same.toSafetensors()), model);
  await assert.rejects(train(toy(), { recipe, out }).model, {
    name: 'UserError',
    message: /--overwrite|holds a run/,
  });
});

test('from: a model, its file or its bytes go on where it was', async () => {
  const first = await train(toy(), { recipe });
  const file = join(cwd, 'first.safetensors');
  await first.save(file);
  // The network is that of the model, unless the recipe names another one.
  const further = { train: recipe.train, 'optimizer.lr': 0.01 };
  const models = await Promise.all(
    [first, file, first.toSafetensors()].map((from) => bytesOf(train(toy(), { recipe: further, from }))),
  );
  assert.deepEqual(models[1], models[0]);
  assert.deepEqual(models[2], models[0]);
  assert.notDeepEqual(models[0], Buffer.from(first.toSafetensors()));
  const other = { ...further, 'model.hidden': [12] };
  await assert.rejects(train(toy(), { recipe: other, from: first }).model, /model\.hidden/);
  await assert.rejects(train(toy(), { from: join(cwd, 'none') }).model, { name: 'UserError' });
});

test('misspelt options, and values that no thread can be given, are refused; the next training runs', async () => {
  await assert.rejects(train(toy(), { recipe, seeed: 3 } as object).model, { key: 'options.seeed' });
  const values = { train: { epochs: () => 1 } };
  await assert.rejects(train(toy(), { recipe: values }).model, { name: 'UserError', message: /recipe/ });
  assert.ok(await train(toy(), { recipe }));
});

test('stop() of a finished run does not reach the next one', async () => {
  const first = train(toy(), { recipe });
  const epochs: Epoch[] = [];
  for await (const epoch of first) epochs.push(epoch);
  const second = train(toy(), { recipe });
  first.stop();
  assert.deepEqual(await bytesOf(second), await bytesOf(first));
});

test('options of another kind are refused by name', async () => {
  for (const [options, key] of [
    [{ recipe: 7 }, 'recipe'],
    [{ recipe: '' }, 'recipe'],
    [{ recipe: 'a\0b' }, 'recipe'],
    [{ recipe: { model: { init: { file: 'a\0b' } } } }, 'model.init.file'],
    [{ from: 'a\0b' }, 'from'],
    [{ resume: 'a\0b' }, 'resume'],
    [{ out: '' }, 'out'],
    [{ out: 'a\0b' }, 'out'],
    [{ signal: {} }, 'signal'],
    [{ logger: {} }, 'logger.debug'],
    [{ onProgress: 5 }, 'onProgress'],
    [{ threads: 0 }, 'parallel.threads'],
    [{ seed: -1 }, 'seed'],
    [{ recipe: { backend: 'tfjs-node' } }, 'backend.name'],
  ] as const)
    await assert.rejects(train(toy(), options as object).model, (error) => {
      assert.ok(error instanceof UserError, String(error));
      assert.equal(error.key, key, error.message);
      return true;
    });
  await assert.rejects(train({ set: 'mnist', dir: 'a\0b' }).model, { name: 'UserError', key: 'data.dir' });
  await assert.rejects(train({ csv: 'a\0b' }, { recipe }).model, { name: 'UserError', key: 'data.csv' });
  for (const place of ['a\0b', new URL('file:///a%00b')])
    await assert.rejects(load(place), { name: 'UserError', message: /a path or a file: URL/ });
  await assert.rejects(train({ inputs: [[1], [2]], targets: [1n, 2n] as unknown as number[] }).model, {
    name: 'UserError',
  });
  await assert.rejects(train({ inputs: [[1], [2]], targets: [0, 1], shape: [1, 1, 1, 1] }).model, {
    key: 'data.shape',
  });
});

test('a run has the methods of a promise', async () => {
  const seen: string[] = [];
  await train(toy(), { recipe: { train: { batch: 0 } } })
    .finally(() => seen.push('ended'))
    .catch((error) => seen.push(error.key));
  assert.deepEqual(seen, ['ended', 'train.batch']);
  const run = train(toy(), { recipe });
  assert.ok(run instanceof TrainingRun);
  await run;
});
