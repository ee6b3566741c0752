/** What the JavaScript peers share: sizes on disk, the run to the target, answers line by line. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { installedBytes } from '../bench/peers/installed-size.ts';

const peers = new URL('../bench/peers/', import.meta.url).pathname;

/** Writes files of given contents into a folder that lasts as long as `use`. */
function withFiles(files: Readonly<Record<string, string>>, use: (folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'shardstep-peers-'));
  try {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
    use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const manifest = (dependencies: object, optionalDependencies = {}) =>
  JSON.stringify({ dependencies, optionalDependencies });

test('a size on disk is of the package and all that it needs, each once, links and strangers left out', () => {
  const files = {
    'node_modules/a/package.json': manifest({ b: '1', '@s/c': '1' }, { absent: '1' }),
    'node_modules/a/lib/code.bin': 'x'.repeat(1000),
    'node_modules/a/node_modules/b/package.json': manifest({ '@s/c': '1' }),
    'node_modules/a/node_modules/stranger/package.json': 'x'.repeat(5000),
    'node_modules/b/package.json': 'x'.repeat(7000),
    'node_modules/@s/c/package.json': manifest({ a: '1' }),
    'node_modules/@s/c/data': 'x'.repeat(200),
  };
  const counted = [
    'a/package.json',
    'a/lib/code.bin',
    'a/node_modules/b/package.json',
    '@s/c/package.json',
    '@s/c/data',
  ];
  withFiles(files, (folder) => {
    symlinkSync(join(folder, 'node_modules/b/package.json'), join(folder, 'node_modules/a/link'));
    const expected = Object.entries(files).filter(([name]) =>
      counted.includes(name.slice('node_modules/'.length)),
    );
    const bytes = expected.reduce((sum, [, text]) => sum + text.length, 0);
    assert.equal(installedBytes(join(folder, 'node_modules/a')), bytes);
  });
});

test('a dependency that is missing is told, not counted as nothing', () => {
  withFiles({ 'a/package.json': manifest({ 'of-nobody-at-all': '1' }) }, (folder) => {
    assert.throws(() => installedBytes(join(folder, 'a')), /of-nobody-at-all.*dependency/);
  });
});

/** A peer that learns nothing but counts: its answers, parsed. */
function ask(lines: readonly string[]) {
  const program = `
    const { answer, runToTarget, timeCalls } = require('${peers}common.cjs');
    const accuracies = [0.5, 0.96, 0.97, 0.99];
    answer('1.2', {
      target(seed) {
        let epoch = 0;
        return runToTarget({ train: async () => 10 * seed, evaluate: () => (seed > 1 ? 0.1 : accuracies[epoch++]) });
      },
      async infer(batch, calls) {
        let called = 0;
        return { ...(await timeCalls(batch, calls, () => called++)), called };
      },
    });`;
  const { stdout } = spawnSync(process.execPath, ['-e', program], {
    input: `${lines.join('\n')}\n`,
    encoding: 'utf8',
  });
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

test('a peer says its version and answers each line: to the target or ten epochs, calls, what it does not know', () => {
  const [greeting, reached, missed, single, large, unknown] = ask([
    'target 1',
    'target 2',
    'infer 1 3',
    'infer 10000 2',
    'sing 1',
  ]);
  assert.deepEqual(greeting, { version: '1.2' });
  assert.deepEqual([reached.epochs, reached.accuracy, reached.images], [3, 0.97, 30]);
  assert.deepEqual(
    reached.curve.map(([, accuracy]: [number, number]) => accuracy),
    [0.5, 0.96, 0.97],
  );
  assert.ok(reached.trainMs <= reached.ms && reached.curve[2][0] <= reached.ms);
  assert.deepEqual([missed.epochs, missed.accuracy, missed.images], [10, 0.1, 200]);
  assert.deepEqual([single.ms.length, single.called], [3, 23]);
  assert.deepEqual([large.ms.length, large.called], [2, 7]);
  assert.deepEqual(unknown, { error: 'expected one of target, infer, got "sing"' });
});
