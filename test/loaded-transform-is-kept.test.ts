/**
 * Weights that come with a fitted normalisation keep it, whichever command takes them up and whatever images are at
 * hand: on another map of the pixels they would be of no use.
 */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { expectCode, readLog } from './support/cli.ts';
import { idx, names } from './support/data-files.ts';
import { readWeights, someMnist, type Tensor, writeSafetensors } from './support/pairs.ts';

const recipe = {
  'data.set': 'idx',
  'data.dir': 'data',
  'data.pool': 2,
  'data.normalise': 'standardise',
  'model.hidden': [12],
  'train.batch': 50,
  'log.every': 1,
};
/** From the first half's weights, on all images, at rates that leave them as they are. */
const still = { 'optimizer.lr': 1e-12, 'train.steps': 12 };
const alone = 'parallel.threads=1';

const wordsOf = (keys: object) =>
  Object.entries(keys).map(([key, value]) => `${key}=${JSON.stringify(value)}`);
/** `base.yaml` holds nothing, so that what counts is the defaults and these. */
const recipeWords = ['--config', 'base.yaml', ...wordsOf(recipe)];
const start = (file: string) => [...recipeWords, ...wordsOf(still), `model.init.file=${file}`];

interface Halves {
  readonly cwd: string;
  /** Weights of a run on that half. */
  readonly first: string;
  readonly last: string;
}

/** In `cwd`, folders with 400 images of MNIST and with their halves, and the weights of a run on either half. */
async function makeHalves(cwd: string): Promise<Halves> {
  const { train, test: tested } = await someMnist(400, 100);
  const write = (folder: string, from: number, to: number) => {
    mkdirSync(join(cwd, folder));
    const images = train.values.subarray(from * 784, to * 784);
    const files = {
      [names.trainImages]: idx([to - from, 28, 28], images),
      [names.trainLabels]: idx([to - from], Uint8Array.from(train.targets.subarray(from, to))),
      [names.testImages]: idx([100, 28, 28], tested.values),
      [names.testLabels]: idx([100], Uint8Array.from(tested.targets)),
    };
    for (const [name, bytes] of Object.entries(files)) writeFileSync(join(cwd, folder, name), bytes);
  };
  const trainedOn = async (folder: string) => {
    const words = ['train', '--quiet', '--out', `run-${folder}`, ...recipeWords, alone];
    await expectCode(0, [...words, `data.dir=${folder}`, 'train.epochs=2'], { cwd });
    return join(cwd, `run-${folder}`, 'final.safetensors');
  };
  writeFileSync(join(cwd, 'base.yaml'), '{}');
  write('data', 0, 400);
  write('first', 0, 200);
  write('last', 200, 400);
  return { cwd, first: await trainedOn('first'), last: await trainedOn('last') };
}

let made: Promise<Halves> | undefined;
/** Made for the first test that asks; every test has an output folder of its own. */
const halves = (): Promise<Halves> => {
  made ??= mkdtemp(join(tmpdir(), 'shardstep-halves-')).then(makeHalves);
  return made;
};
after(async () => {
  const folder = (await made)?.cwd;
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
});

const mapOf = (tensors: ReadonlyMap<string, Tensor>) =>
  ['normalise.mean', 'normalise.weight'].map((name) =>
    Array.from(tensors.get(name)?.data ?? assert.fail(`no ${name}`)),
  );

const stepLosses = async (folder: string) =>
  (await readLog(folder)).filter(({ event }) => event === 'step').map(({ loss }) => Number(loss));

test('the halves have maps of their own, so that to keep one and to fit another can be told apart', async () => {
  const { first, last } = await halves();
  assert.notDeepEqual(mapOf(readWeights(first)), mapOf(readWeights(last)));
});

for (const command of ['train', 'profile']) {
  test(`${command}: final.safetensors holds the loaded map, bit by bit`, async () => {
    const { cwd, first } = await halves();
    await expectCode(0, [command, '--quiet', '--out', `map-${command}`, ...start(first), alone], { cwd });
    const kept = mapOf(readWeights(join(cwd, `map-${command}`, 'final.safetensors')));
    assert.ok(
      JSON.stringify(kept) === JSON.stringify(mapOf(readWeights(first))),
      `${command} left another normalisation than model.init.file holds`,
    );
  });
}

for (const command of [['profile'], ['lr-find', '--from', '1e-13', '--to', '1e-12', '--steps', '12']]) {
  test(`${command[0]}: the first losses are those of train`, async () => {
    const { cwd, first } = await halves();
    const losses = async (words: readonly string[]) => {
      const out = `losses-${command[0]}-${words[0]}`;
      await expectCode(0, [...words, '--quiet', '--out', out, ...start(first), alone], { cwd });
      return stepLosses(join(cwd, out));
    };
    const [expected, got] = [await losses(['train']), await losses(command)];
    assert.equal(expected.length, 12);
    assert.deepEqual(got, expected, `losses of ${command[0]}, then of train`);
  });
}

test('study: variants that start from other files keep the map of each, and lose as train does', async () => {
  const { cwd, first, last } = await halves();
  const variants = { first: { 'model.init.file': first }, last: { 'model.init.file': last } };
  const comparisons = [{ name: 'Start', variants }];
  const set = { ...recipe, ...still, 'parallel.threads': 1 };
  const study = { base: 'base.yaml', set, seeds: 10, evaluations: 1, comparisons };
  writeFileSync(join(cwd, 's.yaml'), JSON.stringify(study));
  await expectCode(0, ['study', '--quiet', '--config', 's.yaml', '--out', 'studied'], { cwd });
  const cells = readFileSync(join(cwd, 'studied', 'cells.ndjson'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { variant?: string; seed?: number; loss?: number });
  const studied: Record<string, number | undefined> = {};
  const trained: Record<string, number> = {};
  for (const [variant, file] of Object.entries({ first, last })) {
    const words = ['train', '--json', '--out', `trained-${variant}`, ...start(file), alone, 'seed=1'];
    const { stdout } = await expectCode(0, words, { cwd });
    trained[variant] = (JSON.parse(stdout) as { loss: number }).loss;
    studied[variant] = cells.find((cell) => cell.variant === variant && cell.seed === 1)?.loss;
  }
  assert.deepEqual(studied, trained, 'losses on the test part: of the study, then of train');
});

/** A command that takes the map up cannot miss that it is of other pixels; one that fits its own never looks. */
const commands: Readonly<Record<string, readonly string[]>> = {
  train: ['train'],
  sweep: ['sweep', '--threads', '1', '--repeats', '1'],
  profile: ['profile'],
  'lr-find': ['lr-find', '--steps', '12'],
};
for (const [name, command] of Object.entries(commands)) {
  test(`${name}: a map that does not fit the images is refused`, async () => {
    const { cwd, first } = await halves();
    const tensors = readWeights(first);
    tensors.set('normalise.mean', { shape: [9], data: new Float32Array(9) });
    const bytes = writeSafetensors(tensors, { format: 'pt', 'data.normalise': 'standardise' });
    writeFileSync(join(cwd, 'other.safetensors'), bytes);
    const threads = name === 'sweep' ? [] : [alone];
    const words = [
      ...command,
      '--quiet',
      '--out',
      `other-${name}`,
      ...start('other.safetensors'),
      ...threads,
    ];
    const { stderr } = await expectCode(1, words, { cwd });
    assert.match(stderr, /normalise\.mean: .*shape \[196\].*got \[9\]/);
  });
}
