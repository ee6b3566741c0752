import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { loadTensorFlow } from '../dist/backend/tfjs/library.js';
import { TfjsBackend } from '../dist/backend/tfjs/tfjs-backend.js';
import { parameterStore } from '../dist/coordinator/parameter-store.js';
import { prepareData } from '../dist/coordinator/prepare-data.js';
import { instantiateKernels } from '../dist/kernels/kernels.js';
import { loadKernels } from '../dist/kernels/load.js';
import { allocate } from '../dist/memory/shared-memory.js';
import { denseNetwork, initialTensors } from '../dist/model/network.js';
import { Rng } from '../dist/numbers/rng.js';
import { fillMemory } from '../dist/plan/fill-memory.js';
import { makePlan } from '../dist/plan/make-plan.js';
import { expectCode, readJson, type TrainingResult, workingDirectory } from './support/cli.ts';
import { needsTfjs } from './support/tfjs.ts';
import { configure, syntheticDataset } from './support/training.ts';

const fastmlp = fileURLToPath(new URL('../configs/fastmlp.yaml', import.meta.url));

for (const sync of ['owner', 'sharded']) {
  test(`${sync}: 1,000 steps and evaluations leave as many tensors as ten`, needsTfjs, async () => {
    const shape = { rows: 6, columns: 6, classes: 10, train: 48, test: 20 };
    const dataset = syntheticDataset({ ...shape, density: 0.4, seed: 3 });
    const config = await configure(
      'backend=tfjs-node',
      'model.hidden=[20]',
      'train.batch=16',
      `parallel.sync=${sync}`,
    );
    const data = prepareData(dataset, config);
    // Two threads, so that owner takes the way over shared memory; this one plays both.
    const plan = makePlan(config, data.facts, 2, 2);
    const memory = allocate(plan.bytes);
    fillMemory(plan, data, memory);
    const tensors = initialTensors(denseNetwork([36, 20, 10]), 'torch', new Rng(1));
    parameterStore(plan, memory).write(tensors, 'test', '');
    const { tensorflow } = loadTensorFlow(1);
    const { modules } = loadKernels();
    const ranks = [0, 1].map(
      (rank) => new TfjsBackend(plan, instantiateKernels(modules.engine, memory), memory, rank, tensorflow),
    );
    const result = { lossSum: 0, correct: 0 };
    const shards = [0, 1].map((rank) => ({ first: 8 * rank, last: 8 * rank + 8 }));
    const slices = plan.slices.flat();
    const before = tensorflow.memory().numTensors;
    let afterTen = 0;
    for (let step = 1; step <= 1000; step++) {
      for (const [rank, backend] of ranks.entries()) backend.propagate(0, shards[rank], 16, 1, result);
      for (const [rank, backend] of ranks.entries()) {
        const isOwner = sync === 'owner';
        for (const slice of isOwner ? plan.slices[rank] : slices)
          backend.gradient(slice, isOwner ? { first: 0, last: 16 } : shards[rank], isOwner ? 0 : rank);
      }
      ranks[0].evaluate('test', 0, 20, 0, result);
      if (step === 10) afterTen = tensorflow.memory().numTensors;
    }
    assert.equal(tensorflow.memory().numTensors, afterTen);
    for (const backend of ranks) backend.close();
    assert.equal(tensorflow.memory().numTensors, before);
  });
}

test('fastmlp reaches 0.97, the card names TensorFlow, and nothing else is said', needsTfjs, async (t) => {
  const cwd = await workingDirectory(t);
  const words = ['train', '--config', fastmlp, 'backend=tfjs-node', '--out', 'run', '--quiet'];
  const { stdout, stderr } = await expectCode(0, words, { cwd });
  assert.equal(stderr, '');
  assert.match(stdout, /reached 97\.\d+ % \(target 97 %\)/);
  assert.match(stdout, /^threads {4}\d+, sync owner, TensorFlow \d+\.\d+\.\d+$/m);
  assert.match(stdout, /^TensorFlow \d+\.\d+\.\d+, tfjs-node 4\.22\.0$/m);
  const result = await readJson<TrainingResult & { backend: string; tensorflow: object }>(
    join(cwd, 'run'),
    'result.json',
  );
  assert.equal(result.backend, 'tfjs-node');
  assert.deepEqual(Object.keys(result.tensorflow), ['tfjsNode', 'tensorflow']);
});

for (const [sync, optimizer] of [
  ['owner', '{name: sgd}'],
  ['sharded', '{name: adam}'],
  ['average', '{name: lars}'],
  ['owner', '{name: adamw, weightDecay: 0.5, clip: 0.2}'],
])
  test(
    `${sync}, ${optimizer}: a run that was killed after a checkpoint goes on to the same weights`,
    needsTfjs,
    async (t) => {
      const cwd = await workingDirectory(t);
      await mkdir(join(cwd, 'data'));
      const row = (_: unknown, at: number) =>
        `${at % 2},${(at % 2) * 120 + ((at * 37) % 100)},${(at * 53) % 256}`;
      await writeFile(
        join(cwd, 'data', 'train.csv'),
        `label,a,b\n${Array.from({ length: 60 }, row).join('\n')}\n`,
      );
      const settings = [
        'backend=tfjs-node',
        'data.set=csv',
        'data.dir=data',
        'model.hidden=[6]',
        'stop.target=null',
      ];
      const recipe = ['train.batch=8', 'train.epochs=6', `parallel.sync=${sync}`, `optimizer=${optimizer}`];
      const checkpoints = ['checkpoint.every=10steps', 'checkpoint.keep=9'];
      const flags = ['--threads', '2', '--quiet', '--out', 'run'];
      const words = ['train', ...settings, ...recipe, ...checkpoints, ...flags];
      await expectCode(0, words, { cwd });
      const weights = () => readFile(join(cwd, 'run', 'final.safetensors'));
      const undisturbed = await weights();
      const going = ['train', '--resume', 'run', '--quiet'];
      // As after a kill: of the checkpoints only the first is there. A busy machine writes fewer than were due.
      const names = (await readdir(join(cwd, 'run'))).sort();
      const [first = '', ...later] = names.filter((name) => /^checkpoint-\d/.test(name));
      for (const name of [...later, 'checkpoint-last.safetensors', 'final.safetensors', 'result.json'])
        await rm(join(cwd, 'run', name));
      const { stderr } = await expectCode(2, [...going, '--threads', '1'], { cwd });
      assert.match(stderr, /^error: resume: parallel\.threads: expected 2, .*, got 1/);
      await expectCode(0, going, { cwd });
      const { resumed } = await readJson<{ resumed: { step: number }[] }>(cwd, 'run', 'meta.json');
      assert.equal(first, `checkpoint-${String(resumed[0]?.step).padStart(9, '0')}.safetensors`);
      assert.ok((await weights()).equals(undisturbed));
    },
  );

test('hardware names the TensorFlow that would run', needsTfjs, async (t) => {
  const cwd = await workingDirectory(t);
  const { stdout } = await expectCode(0, ['hardware'], { cwd });
  assert.match(stdout, /^TensorFlow \d+\.\d+\.\d+, tfjs-node 4\.22\.0$/m);
});

test('where it is not set up, one line says how, before anything is done', async (t) => {
  const cwd = await workingDirectory(t);
  const environment = { SHARDSTEP_CACHE: join(cwd, 'empty') };
  for (const words of [['train'], ['--threads', '1..2']]) {
    const all = [...words, '--config', fastmlp, 'backend=tfjs-node', '--out', 'run'];
    const { stdout, stderr } = await expectCode(2, all, { cwd, environment });
    assert.equal(stdout, '');
    assert.equal(
      stderr,
      'error: backend: tfjs-node is not set up on this machine: npm run setup:tfjs installs it\n',
    );
  }
  const { stdout } = await expectCode(0, ['hardware'], { cwd, environment });
  assert.match(stdout, /^TensorFlow not set up \(npm run setup:tfjs\)$/m);
});
