/** The kernels of a loaded model are those of a training: the same bits, checked in the same way. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Predictor } from '../dist/inference/predictor.js';
import { savedModel } from '../dist/inference/saved-model.js';
import { parseWeights } from '../dist/inference/weights-file.js';
import type { CheckResult } from '../dist/kernels/check-errors.js';
import { checkingInference } from '../dist/kernels/checks-inference.js';
import { directionShape } from '../dist/kernels/directions/spec.js';
import { inferenceKernels, instantiateKernels } from '../dist/kernels/kernels.js';
import { candidateLevels } from '../dist/kernels/levels.js';
import { loadKernels } from '../dist/kernels/load.js';
import { loadKernelsApart } from '../dist/kernels/load-apart.js';
import { Rng } from '../dist/numbers/rng.js';

const models = new URL('./fixtures/models/', import.meta.url);
const names = readdirSync(models).filter((name) => name.endsWith('.safetensors'));

const newMemory = () => new WebAssembly.Memory({ initial: 64, maximum: 64, shared: true });

/** More than a tile of rows, and no whole number of them. */
const count = 21;

for (const level of candidateLevels(process.versions.v8, process.arch))
  test(`${level}: models of each kind predict the same bits on both modules`, async () => {
    const seen = new Set<string>();
    for (const name of names) {
      const saved = savedModel(parseWeights(readFileSync(new URL(name, models)), name), name);
      const { features } = saved.config.data;
      const shape = features.kind === 'directions' ? directionShape(features) : null;
      const rng = new Rng(1);
      const length = count * saved.pipeline.input.reduce((size, side) => size * side, 1);
      const real = saved.facts.packing === 'real';
      const draw = () => (rng.symmetric(1) < 0 ? 0 : Math.floor(Math.abs(rng.symmetric(256))));
      const samples = real
        ? Float32Array.from({ length }, () => rng.symmetric(3))
        : Uint8Array.from({ length }, draw);
      const [all, some] = [
        loadKernels([level], shape),
        await loadKernelsApart([level], Promise.resolve(shape)),
      ];
      assert.notEqual(all.modules.engine, some.modules.engine);
      const logits: Float32Array[] = [];
      for (const kernels of [all, some]) {
        const predictor = await Predictor.open(saved, saved.tensors, kernels, name);
        logits.push(predictor.predict(samples), predictor.predict(samples.subarray(0, length / count)));
        await predictor.close();
      }
      assert.ok(new Set(logits[0]).size > count, `${name} tells samples apart`);
      assert.deepEqual(logits.slice(0, 2), logits.slice(2), name);
      seen.add(`${saved.facts.packing} ${saved.config.model.activation}`);
    }
    assert.ok(seen.size > 3, [...seen].join(', '));
  });

test('the module has the kernels of inference and no others', async () => {
  const { modules, sha256 } = await loadKernelsApart();
  const exported = Object.keys(instantiateKernels(modules.engine, newMemory())).filter(
    (name) => name !== 'memory',
  );
  assert.deepEqual(exported.sort(), [...inferenceKernels].sort());
  assert.deepEqual(
    Object.entries(sha256).map(([name, hash]) => [name.split('.')[0], /^[0-9a-f]{64}$/.test(hash)]),
    [['inference', true]],
  );
});

/** As the loader does: nothing runs after the first that is wrong. */
function firstOf(checks: Iterable<CheckResult>): CheckResult | undefined {
  for (const check of checks) if (!(check.error < 1e-4)) return check;
  return undefined;
}

for (const name of inferenceKernels)
  test(`${name}: the self-test of a loaded model finds it wrong, or missing`, async () => {
    const memory = newMemory();
    const kernels = instantiateKernels((await loadKernelsApart()).modules.engine, memory);
    const wrong = (changed: object) => firstOf(checkingInference({ ...kernels, ...changed }, memory));
    assert.equal(wrong({}), undefined);
    assert.ok(wrong({ [name]: () => 0 }) !== undefined);
    assert.throws(() => wrong({ [name]: undefined }), TypeError);
  });

test('a level that fails is refused, and the next one is used', async () => {
  const { compile } = WebAssembly;
  let calls = 0;
  WebAssembly.compile = (bytes) => (calls++ === 0 ? Promise.reject(new Error('broken')) : compile(bytes));
  try {
    const { level, refused } = await loadKernelsApart(['relaxed', 'simd']);
    assert.equal(level, 'simd');
    assert.deepEqual(refused, ['relaxed: broken']);
  } finally {
    WebAssembly.compile = compile;
  }
});
