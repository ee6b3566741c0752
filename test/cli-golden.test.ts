/** From the command line to PyTorch's numbers: given weights, file order, N steps, the losses and weights that follow. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { readSafetensors } from '../dist/model/safetensors.js';
import { expectCode, readMetrics, workingDirectory } from './support/cli.ts';

const golden = (file: string) => fileURLToPath(new URL(`golden/${file}`, import.meta.url));

for (const sync of ['average', 'sharded', 'owner']) {
  test(`train with model.init.file and ${sync} repeats PyTorch's mlp-momentum`, async (t) => {
    const cwd = await workingDirectory(t);
    const weightsFile = golden('mlp-momentum.safetensors');
    const { losses } = JSON.parse(await readFile(golden('mlp-momentum.json'), 'utf8')) as {
      losses: number[];
    };
    const words = [
      ...['train', '--config', 'fastmlp', '--out', 'run', '--quiet', 'log.every=1', 'stop.target=null'],
      ...['data.shuffle=false', 'model.hidden=[32,16]', 'train.batch=64', `train.steps=${losses.length}`],
      ...[`model.init.file=${weightsFile}`, 'model.init.prefix=init.', `parallel.sync=${sync}`],
    ];
    await expectCode(0, [...words, '--threads', '2'], { cwd });
    const metrics = await readMetrics(join(cwd, 'run'));
    assert.equal(metrics.length, losses.length);
    metrics.forEach(({ loss }, i) => {
      assert.ok(Math.abs(loss / losses[i] - 1) < 1e-4, `step ${i + 1}: ${loss}, PyTorch's is ${losses[i]}`);
    });
    const expected = readSafetensors(await readFile(weightsFile), weightsFile);
    const trained = readSafetensors(
      await readFile(join(cwd, 'run', 'final.safetensors')),
      'final.safetensors',
    );
    assert.deepEqual([...trained.keys()], ['0.weight', '0.bias', '2.weight', '2.bias', '4.weight', '4.bias']);
    for (const [name, { shape, data }] of trained) {
      const wanted = expected.get(`final.${name}`);
      assert.ok(wanted !== undefined, `final.${name}`);
      assert.deepEqual(shape, wanted.shape);
      let difference = 0;
      let size = 0;
      wanted.data.forEach((value, i) => {
        difference += (data[i] - value) ** 2;
        size += value ** 2;
      });
      assert.ok(Math.sqrt(difference / size) < 1e-3, `${name}: ${Math.sqrt(difference / size)}`);
    }
  });
}
