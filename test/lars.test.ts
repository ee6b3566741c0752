/** LARS against its definition in float64, and the same bits however many threads measure the norms. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { denseNetwork, initialTensors } from '../dist/model/network.js';
import type { Tensor } from '../dist/model/safetensors.js';
import { Rng } from '../dist/numbers/rng.js';
import { word } from './support/config-refusal.ts';
import { needsTfjs } from './support/tfjs.ts';
import { fileOrder, openSession, relativeError, syntheticDataset, takeSteps } from './support/training.ts';

const dataset = syntheticDataset({
  rows: 7,
  columns: 6,
  classes: 6,
  train: 60,
  test: 9,
  density: 0.4,
  seed: 5,
});
const sizes = [42, 70, 9, 6];
const shared = ['model.hidden=[70,9]', 'train.batch=20', 'data.normalise=centre'];
const larsKeys = ['optimizer={name: lars, momentum: 0.8, weightDecay: 0.01, trustCoefficient: 0.02}'];

type Tensors = ReadonlyMap<string, Tensor>;

async function trained(start: Tensors, threads: number, keys: readonly string[], rates: readonly number[]) {
  const { session } = await openSession(dataset, threads, [...shared, ...keys]);
  session.setParameters(start, 'start');
  fileOrder(session);
  const steps = await takeSteps(session, 0, rates, 0, 60);
  const after = session.parameters();
  await session.close();
  return { after, losses: steps.map(({ loss }) => loss) };
}

const norm = (values: ArrayLike<number>) => Math.hypot(...Array.from(values));

/** Two steps of algorithm 1, from gradients that plain SGD shows: at rate 1 without momentum it moves by them. */
async function byDefinition(
  start: Tensors,
  keys: readonly string[],
  rates: readonly number[],
  clip = Number.POSITIVE_INFINITY,
) {
  let weights: Tensors = start;
  const velocities = new Map([...start].map(([name, { data }]) => [name, new Float64Array(data.length)]));
  for (const [step, rate] of rates.entries()) {
    const { session } = await openSession(dataset, 1, [...shared, ...keys, 'optimizer.momentum=0']);
    session.setParameters(weights, 'step');
    fileOrder(session);
    await takeSteps(session, 0, [1], 20 * step, 60);
    const moved = session.parameters();
    await session.close();
    const gradients = new Map(
      [...weights].map(([name, { data }]) => [
        name,
        Float64Array.from(data, (w, i) => w - (moved.get(name)?.data[i] ?? Number.NaN)),
      ]),
    );
    const factor = Math.min(1, clip / (norm([...gradients.values()].flatMap((g) => [...g])) + 1e-6));
    weights = new Map(
      [...weights].map(([name, { shape, data }]) => {
        const gradient = (gradients.get(name) ?? new Float64Array()).map((g) => g * factor);
        const isWeight = name.endsWith('weight');
        const decay = isWeight ? 0.01 : 0;
        const trust = isWeight ? (0.02 * norm(data)) / (norm(gradient) + decay * norm(data)) : 1;
        const velocity = velocities.get(name) ?? new Float64Array();
        const next = data.map((w, i) => {
          velocity[i] = 0.8 * velocity[i] + rate * trust * (gradient[i] + decay * w);
          return w - velocity[i];
        });
        return [name, { shape, data: next }];
      }),
    );
  }
  return weights;
}

const start = initialTensors(denseNetwork(sizes), 'torch', new Rng(4));
/** For `units`: three blocks of them. */
const wide = ['model.hidden=[140]'];
const wideStart = initialTensors(denseNetwork([42, 140, 6]), 'torch', new Rng(4));

for (const sync of ['owner', 'sharded', 'average', 'units'])
  for (const packing of ['sparse', 'dense'])
    for (const clip of [Number.POSITIVE_INFINITY, 0.5]) {
      const clipped = clip === 0.5 ? ', clipped' : '';
      test(`${sync}, ${packing}${clipped}: steps are those of the definition`, async () => {
        const network = sync === 'units' ? wide : [];
        const from = sync === 'units' ? wideStart : start;
        const keys = [...larsKeys, ...network, `parallel.sync=${sync}`, `data.packing=${packing}`];
        if (clip === 0.5) keys.push('optimizer.clip=0.5');
        const { after } = await trained(from, 3, keys, [0.7, 0.3]);
        for (const [name, { data }] of await byDefinition(from, network, [0.7, 0.3], clip)) {
          const before = from.get(name)?.data ?? new Float32Array();
          const change = (values: Float32Array) => values.map((value, i) => value - before[i]);
          const error = relativeError(change(after.get(name)?.data ?? new Float32Array()), change(data));
          assert.ok(error < 2e-3, `${name}: the change is off by ${error}`);
        }
      });
    }

for (const sync of ['owner', 'sharded', 'average']) {
  test(`tfjs-node, ${sync}: matrices whose rows fill no vector take the same steps`, needsTfjs, async () => {
    const rates = [0.7, 0.3];
    const { after } = await trained(
      start,
      2,
      [...larsKeys, `parallel.sync=${sync}`, 'backend=tfjs-node'],
      rates,
    );
    for (const [name, { data }] of (await trained(start, 1, larsKeys, rates)).after) {
      const error = relativeError(after.get(name)?.data ?? new Float32Array(), data);
      assert.ok(error < 1e-5, `${name} is off by ${error}`);
    }
  });
}

test('owner: the same bits for 1, 2, 3, 5 and 8 threads; average and sharded agree with each other', async () => {
  const rates = [0.5, 0.5, 0.5];
  const reference = await trained(start, 1, larsKeys, rates);
  for (const threads of [2, 3, 5, 8])
    assert.deepEqual(await trained(start, threads, larsKeys, rates), reference, `${threads} threads`);
  const run = (sync: string) => trained(start, 3, [...larsKeys, `parallel.sync=${sync}`], rates);
  assert.deepEqual(await run('average'), await run('sharded'));
});

test('from zero weights the first step is that of plain SGD', async () => {
  const zero = initialTensors(denseNetwork([42, 6]), 'zero', new Rng(1));
  const keys = ['model.hidden=[]', 'train.batch=20'];
  const lars = await trained(zero, 2, [...keys, 'optimizer={name: lars}'], [0.1]);
  const sgd = await trained(zero, 2, [...keys, 'optimizer.name=sgd'], [0.1]);
  for (const [name, { data }] of sgd.after)
    assert.ok(relativeError(lars.after.get(name)?.data ?? [], data) < 1e-6, name);
});

test('what cannot measure whole layers, or the whole gradient before the update, is refused', async () => {
  const given = 'command line: optimizer.clip: expected null if ';
  assert.equal(await word('optimizer.clip=1', 'backend=js'), `${given}backend is js, got 1 (number)`);
  for (const sync of ['hogwild', 'local-sgd'])
    assert.equal(
      await word('optimizer.clip=1', `parallel.sync=${sync}`),
      `${given}parallel.sync is hogwild or local-sgd: the gradient of the whole batch is needed before the update, got 1 (number)`,
    );
  assert.equal(
    await word('optimizer.name=lars', 'backend=js'),
    'command line: optimizer.name: expected sgd, adam or adamw if backend is js, got "lars" (string)',
  );
});
