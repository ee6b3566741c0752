/** `train --config` on the config.yaml of a run repeats it, wherever it is started and wherever the data have gone. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { withAbsolutePaths } from '../dist/config/paths.js';
import { configSchema } from '../dist/config/schema.js';
import { withoutPaths } from '../scripts/without-paths.ts';
import { expectCode, workingDirectory } from './support/cli.ts';

const small = [
  'train',
  '--quiet',
  'train.batch=2',
  'train.epochs=2',
  'model.hidden=[4]',
  'parallel.threads=1',
];
const csv = '0,0,9,9,0\n1,9,0,0,9\n0,0,8,9,0\n1,9,0,1,9\n';

async function folders(t: Parameters<typeof workingDirectory>[0]) {
  const cwd = await workingDirectory(t);
  const [here, there] = [join(cwd, 'here'), join(cwd, 'there')];
  mkdirSync(join(here, 'mine'), { recursive: true });
  mkdirSync(there);
  for (const part of ['train', 'test']) writeFileSync(join(here, 'mine', `${part}.csv`), csv);
  const weights = (run: string) => readFileSync(join(here, run, 'final.safetensors'));
  const repeat = (run: string, out: string, ...more: string[]) => {
    const config = join(here, run, 'config.yaml');
    const words = ['train', '--quiet', '--config', config, '--out', join(here, out), ...more];
    return expectCode(0, words, { cwd: there });
  };
  return { here, weights, repeat };
}

test('from another working folder, with weights to start from and with data that moved', async (t) => {
  const { here, weights, repeat } = await folders(t);
  const own = ['data.set=csv', 'data.dir=mine'];
  await expectCode(0, [...small, ...own, '--out', 'first'], { cwd: here });
  const words = [...small, ...own, 'model.init.file=first/final.safetensors', 'seed=2', '--out', 'second'];
  await expectCode(0, words, { cwd: here });
  assert.notDeepEqual(weights('second'), weights('first'));
  await repeat('second', 'again');
  assert.deepEqual(weights('again'), weights('second'));
  renameSync(join(here, 'mine'), join(here, 'moved'));
  await repeat('second', 'moved-again', 'data.dir=../here/moved');
  assert.deepEqual(weights('moved-again'), weights('second'));
});

test('of data that SHARDSTEP_DATA named, without it', async (t) => {
  const { here, weights, repeat } = await folders(t);
  const environment = { SHARDSTEP_DATA: 'mine' };
  await expectCode(0, [...small, 'data.set=csv', '--out', 'first'], { cwd: here, environment });
  const { data } = parse(readFileSync(join(here, 'first', 'config.yaml'), 'utf8'));
  assert.equal(data.dir, join(here, 'mine'));
  await repeat('first', 'again');
  assert.deepEqual(weights('again'), weights('first'));
});

test('what is known by name stays where it is found; nothing else of a configuration changes', () => {
  const config = configSchema.parse({});
  assert.deepEqual(withAbsolutePaths(config, { SHARDSTEP_DATA: '/data' }, '/somewhere'), config);
  const given = configSchema.parse({
    data: { set: 'mnist', dir: 'a' },
    model: { init: { file: '/b/../c' } },
  });
  const { data, model } = withAbsolutePaths(given, {}, '/somewhere');
  assert.deepEqual([data.dir, model.init.file], ['/somewhere/a', '/c']);
});

test('records lose the paths of the machine that they were made on, and nothing else', () => {
  const stripped = (text: string) => withoutPaths(text);
  assert.equal(
    stripped('"command": "train --out=/home/ada/runs/a --config x"'),
    '"command": "train --out=a --config x"',
  );
  assert.equal(
    stripped('data:\n  dir: /data/mine\nfile: C:\\Users\\ada\\w.safetensors'),
    'data:\n  dir: mine\nfile: w.safetensors',
  );
  for (const text of [
    'https://example.org/a/b',
    'results/records/a',
    '10 GFLOP/s, 1/2/3',
    '"/"',
    '</svg></g>',
    '../a/b',
  ])
    assert.equal(stripped(text), text);
});

test('no committed record holds such a path', () => {
  const records = fileURLToPath(new URL('../results/records', import.meta.url));
  const files = readdirSync(records, { recursive: true, encoding: 'utf8' });
  for (const file of files.filter((name) => /\.(json|ndjson|yaml)$/.test(name))) {
    const text = readFileSync(join(records, file), 'utf8');
    assert.ok(withoutPaths(text) === text, file);
  }
});
