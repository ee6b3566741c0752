/** One seed gives the same bits on every Node, at every kernel level that both have. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Level, levels } from '../dist/kernels/levels.js';
import { cli, expectCode, readJson, workingDirectory } from './support/cli.ts';
import { writeMnist } from './support/mnist-files.ts';
import { nodes } from './support/nodes.ts';

/** What was once left to `Math` is in them: powers of Adam, cosines, orthogonal weights, eigenvectors, selection. */
const runs: Readonly<Record<string, readonly string[]>> = {
  adam: ['optimizer=adam', 'schedule=one-cycle', 'model.init.kind=orthogonal', 'model.activation=gelu'],
  whiten: [
    'data.normalise=whiten',
    'data.pool=2',
    'data.crop=6',
    'train.selective.beta=1.5',
    'schedule=cosine',
  ],
  directions: ['data.features.kind=directions', 'data.features.quadratic=8', 'model.hidden=[]'],
  js: [
    'backend=js',
    'data.pool=2',
    'data.take=64',
    'model.hidden=[8]',
    'model.activation=tanh',
    'schedule=step',
  ],
};
const small = [
  'train',
  '--quiet',
  '--config',
  'fastmlp',
  'model.hidden=[24]',
  'data.set=idx',
  'data.dir=data',
  'train.batch=64',
];
const length = ['train.epochs=2', 'stop.target=null'];

test('weights, losses and kernel level on every Node', { concurrency: 2 }, async (t) => {
  const cwd = await workingDirectory(t);
  await writeMnist(join(cwd, 'data'), 512, 200);
  const hashes = new Map<string, Map<string, string[]>>();
  for (const [n, through] of nodes().entries())
    for (const level of ['relaxed-256', 'relaxed', 'simd'] as const) {
      // Only the pinned Node and newer ones have it.
      if (level === 'relaxed-256' && n > 0) continue;
      for (const [name, words] of Object.entries(runs)) {
        // Plain SIMD is the same instructions without fusing: one run of it will do on the others.
        if (level === 'simd' ? n > 0 && !['adam', 'js'].includes(name) : name === 'js') continue;
        const out = `${n}-${level}-${name}`;
        const options = { cwd, environment: { SHARDSTEP_KERNELS: level }, node: through };
        await expectCode(0, [...small, ...words, ...length, '--threads', '2', '--out', out], options);
        const { wasmLevel } = await readJson<{ wasmLevel: Level | null }>(cwd, out, 'result.json');
        if (name !== 'js')
          assert.ok(wasmLevel !== null && levels.indexOf(wasmLevel) >= levels.indexOf(level));
        const weights = readFileSync(join(cwd, out, 'final.safetensors'));
        const rows = readFileSync(join(cwd, out, 'metrics.csv'), 'utf8').split('\n');
        const losses = rows.map((row) => row.slice(0, row.lastIndexOf(','))).join('\n');
        const hash = createHash('sha256').update(weights).update(losses).digest('hex');
        // 256-bit kernels do the same, lane by lane.
        const arithmetic = `${name}, ${wasmLevel === 'simd' ? 'separate' : 'fused'}`;
        const found = hashes.get(arithmetic) ?? new Map<string, string[]>();
        hashes.set(arithmetic, found.set(hash, [...(found.get(hash) ?? []), `${through} ${level}`]));
      }
    }
  for (const [arithmetic, found] of hashes)
    assert.equal(found.size, 1, `${arithmetic}: ${JSON.stringify([...found.values()])}`);
  assert.ok(hashes.size >= 7);
});

test('SHARDSTEP_KERNELS with another word is refused, with the words that there are', async (t) => {
  const cwd = await workingDirectory(t);
  const environment = { SHARDSTEP_KERNELS: 'avx2' };
  const { code, stderr } = await cli([...small, ...length, 'stop.target=null'], { cwd, environment });
  assert.equal(code, 2);
  assert.match(stderr, /SHARDSTEP_KERNELS: expected one of relaxed-256, relaxed, simd, got "avx2"/);
});
