/** Kernels that compute wrongly are found by the self-test before a run: a lower level is used, or the run is refused. */
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { expectCode, readJson, workingDirectory } from './support/cli.ts';

const root = fileURLToPath(new URL('../', import.meta.url));
const words = ['train', '--quiet', 'data.take=64', '--threads', '1', '--out', 'run'];
const onPixels = [...words, '--config', 'fastmlp', 'train.batch=32', 'train.epochs=1', 'stop.target=null'];
const onDirections = [...words, '--config', 'mnist-97', 'stop.target=null'];

/** A copy of the program in which each kernel of a pair, of equally long names, is called by the name of the other. */
async function withSwapped(
  t: TestContext,
  modules: readonly string[],
  pair: readonly [string, string],
): Promise<{ readonly cwd: string; readonly program: string }> {
  const cwd = await workingDirectory(t);
  const copy = join(cwd, 'program');
  mkdirSync(copy);
  cpSync(join(root, 'dist'), join(copy, 'dist'), { recursive: true });
  cpSync(join(root, 'configs'), join(copy, 'configs'), { recursive: true });
  cpSync(join(root, 'package.json'), join(copy, 'package.json'));
  for (const folder of ['node_modules', 'data']) symlinkSync(join(root, folder), join(copy, folder));
  for (const name of modules) {
    const file = join(copy, 'dist/kernels', `${name}.wasm`);
    const text = readFileSync(file, 'latin1');
    const [a, b] = pair.map((word) => `${String.fromCharCode(word.length)}${word}`);
    assert.equal(text.split(a).length, 2, a);
    assert.equal(text.split(b).length, 2, b);
    writeFileSync(
      file,
      text.replace(new RegExp(`${a}|${b}`, 'g'), (found) => (found === a ? b : a)),
      'latin1',
    );
  }
  return { cwd, program: join(copy, 'dist/coordinator') };
}

interface Result {
  readonly wasmLevel: string;
  readonly warnings: readonly { readonly code: string; readonly message: string }[];
}

test('wrong kernels with fused multiply-adds: plain SIMD is used, with a warning', async (t) => {
  const swapped = await withSwapped(t, ['relaxed'], ['adam', 'lars']);
  const { stderr } = await expectCode(0, onPixels, swapped);
  const { wasmLevel, warnings } = await readJson<Result>(swapped.cwd, 'run/result.json');
  assert.equal(wasmLevel, 'simd');
  const refused = warnings.filter(({ code }) => code === 'kernels-refused');
  assert.ok(refused.length >= 1);
  for (const { message } of refused) assert.match(message, /^kernel level relaxed.*(adam|lars) is off by/);
  assert.match(stderr, /\[kernels-refused\]/);
});

test('wrong kernels of direction features: plain SIMD is used, with a warning', async (t) => {
  const swapped = await withSwapped(t, ['directions-12.relaxed'], ['standardise', 'foldWeights']);
  await expectCode(0, onDirections, swapped);
  const { wasmLevel, warnings } = await readJson<Result>(swapped.cwd, 'run/result.json');
  assert.equal(wasmLevel, 'simd');
  const refused = warnings.find(({ code }) => code === 'kernels-refused');
  assert.match(refused?.message ?? '', /^kernel level relaxed.*kernel \w+ is off by/);
});

test('wrong kernels of every level: the run is refused and names the kernel', async (t) => {
  const swapped = await withSwapped(t, ['relaxed', 'simd'], ['adam', 'lars']);
  const { stderr, stdout } = await expectCode(1, onPixels, swapped);
  assert.equal(stdout, '');
  assert.match(stderr, /no WebAssembly kernels work on this machine \(.*simd: kernel (adam|lars) is off by/);
  assert.equal(stderr.trim().split('\n').length, 1);
});
