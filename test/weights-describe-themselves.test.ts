/** A weights file holds what it needs; another network, transform or format is refused, not tried. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { readSafetensors, readSafetensorsMetadata, writeSafetensors } from '../dist/model/safetensors.js';
import { cli, expectCode } from './support/cli.ts';
import { toyRun, writeToyRecipe, writeToySet } from './support/toy-set.ts';

const cwd = await mkdtemp(join(tmpdir(), 'shardstep-weights-'));
after(() => rm(cwd, { recursive: true, force: true }));

const weights = (run: string) => join(cwd, run, 'final.safetensors');
const still = ['optimizer.lr=1e-9', 'train.epochs=1'];
const from = (file: string) => [
  ...toyRun('toy'),
  '--out',
  'again',
  '--overwrite',
  `model.init.file=${file}`,
  ...still,
];

before(async () => {
  writeToyRecipe(cwd);
  writeToySet(cwd, 'toy');
  await expectCode(0, ['train', ...toyRun('toy')], { cwd });
});

/** The run's file with other metadata. */
function rewritten(
  name: string,
  change: (metadata: Record<string, string>) => Record<string, string>,
): string {
  const bytes = readFileSync(weights('run-toy'));
  const metadata = change(readSafetensorsMetadata(bytes, 'run-toy'));
  writeFileSync(join(cwd, name), writeSafetensors(readSafetensors(bytes, 'run-toy'), metadata));
  return name;
}

test('the network, each transform and the classes are in the file, keys sorted', () => {
  const metadata = readSafetensorsMetadata(readFileSync(weights('run-toy')), 'run-toy');
  assert.deepEqual(Object.keys(metadata), Object.keys(metadata).toSorted());
  const { 'shardstep.format': format, input, labels, 'data.normalise': normalise } = metadata;
  assert.deepEqual([format, input, labels, normalise], ['1', '[8,8,1]', '["0","1","2","3","4"]', 'mnist']);
  assert.deepEqual([metadata['model.activation'], metadata['model.hidden']], ['relu', '[16]']);
});

test('equal runs leave equal files, whatever the folder and the threads', async () => {
  const words = ['train', ...toyRun('toy'), '--out', 'second', 'parallel.threads=2'];
  await expectCode(0, words, { cwd });
  assert.deepEqual(readFileSync(weights('second')), readFileSync(weights('run-toy')));
});

for (const [key, theirs, ours] of [
  ['model.activation', 'relu', 'tanh'],
  ['data.normalise', 'mnist', 'none'],
  ['data.momentNormalise', 'false', 'true'],
  ['model.hidden', '[16]', '[12]'],
])
  test(`${key}=${ours} is refused for weights of ${theirs}`, async () => {
    const { code, stderr } = await cli(['train', ...from('run-toy/final.safetensors'), `${key}=${ours}`], {
      cwd,
    });
    assert.equal(code, 2);
    assert.ok(
      [key, theirs, ours].every((word) => stderr.includes(word)),
      stderr,
    );
  });

test('weights go on where they were, with another loss too', async () => {
  for (const more of [[], ['loss=squared-error']])
    assert.equal((await cli(['train', ...from('run-toy/final.safetensors'), ...more], { cwd })).code, 0);
});

test('a file that does not describe its network loads with a warning', async () => {
  const old = rewritten('old.safetensors', () => ({ format: 'pt' }));
  const { stderr } = await expectCode(0, ['train', ...from(old)], { cwd });
  assert.match(stderr, /\[weights-undescribed\]/);
});

test('a later format is refused with both numbers', async () => {
  const later = rewritten('later.safetensors', (metadata) => ({ ...metadata, 'shardstep.format': '3' }));
  const { stderr } = await expectCode(1, ['train', ...from(later)], { cwd });
  assert.match(stderr, /format.*\b2\b.*\b3\b/);
});
