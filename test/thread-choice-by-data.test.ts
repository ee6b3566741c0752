/** parallel.threads=auto judges by the data of the run, which need not be of MNIST's size. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { expectCode, readLog, workingDirectory } from './support/cli.ts';

/** Rows of a label and 16 values. */
function csv(rows: number): string {
  let state = rows;
  const next = (below: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const row = (label: number) => [label, ...Array.from({ length: 16 }, () => next(256))].join(',');
  return `${Array.from({ length: rows }, (_, i) => row(i % 10)).join('\n')}\n`;
}

const commands: Readonly<Record<string, readonly string[]>> = {
  train: ['train'],
  profile: ['profile'],
  'lr-find': ['lr-find', '--steps', '10'],
};

for (const [name, command] of Object.entries(commands)) {
  test(`${name}: 200 rows of 16 values are one thread's work, and the log says how little it is`, async (t) => {
    const cwd = await workingDirectory(t);
    mkdirSync(join(cwd, 'data'));
    writeFileSync(join(cwd, 'data', 'train.csv'), csv(200));
    writeFileSync(join(cwd, 'data', 'test.csv'), csv(50));
    writeFileSync(join(cwd, 'base.yaml'), '{}');
    const words = [
      '--config',
      'base.yaml',
      'data.set=csv',
      'data.dir=data',
      'train.batch=50',
      'parallel.threads=auto',
    ];
    await expectCode(0, [...command, '--quiet', '--out', 'o', ...words], { cwd });
    const plan = (await readLog(join(cwd, 'o'))).find(({ event }) => event === 'plan');
    const { count, reason } = (plan?.threads ?? {}) as { count?: number; reason?: string };
    // (16·256 + 256·128 + 128·10 weights) · (6·200 + 2·50 images) · 10 epochs are 0.5 G operations.
    const workMs = Number(/about (\d+) ms of work/.exec(reason ?? '')?.[1] ?? Number.NaN);
    assert.ok(workMs < 50, `an estimate of other data than these: ${reason}`);
    assert.equal(count, 1, reason);
  });
}
