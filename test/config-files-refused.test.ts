/** Each configuration file that cannot be used is refused in one line with exit code 2. */
import assert from 'node:assert/strict';
import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { resolveConfig } from '../dist/config/load.js';
import { UserError } from '../dist/user-error.js';
import { folder, refusal, yaml } from './support/config-refusal.ts';
import { says } from './support/says.ts';

test('YAML that cannot be read: file, line, column and the reason', async () => {
  assert.match(await yaml('train:\n  batch: [1\nseed: 2'), /^configs\/x\.yaml:3:1: \S/);
  assert.match(await yaml('seed: 1\nseed: 2'), /^configs\/x\.yaml:2:1: .*unique/);
  assert.match(await yaml('seed: 1\n---\nseed: 2'), /^configs\/x\.yaml:2:\d+: .*document/);
  says(await yaml('[1, 2]'), 'configs/x.yaml: ', 'mapping', '[1,2]');
  says(await yaml('hello'), 'configs/x.yaml: ', 'mapping', '"hello"');
  assert.match(await yaml('? [1, 2]\n: 3'), /: unknown/);
  assert.match(await yaml('&a\ntrain: *a'), /alias/);
  assert.match(await yaml('? &a [*a]\n: 3'), /^configs\/x\.yaml/);
});

test('a missing file suggests the nearest one', async () => {
  const files = { 'configs/mine.yaml': '', 'configs/notes.txt': '' };
  const mine = 'mean configs/mine.yaml?';
  says(await refusal({ files, file: 'configs/mien.yaml' }), '--config configs/mien.yaml: ', 'no such', mine);
  says(await refusal({ files, file: 'mine2' }), '--config mine2: ', 'no such', mine);
  says(await refusal({ file: 'fastmpl' }), '--config fastmpl: ', 'no such', 'configs/fastmlp.yaml?');
  for (const file of ['none/here.yaml', 'none/qqqqqqq']) {
    const message = await refusal({ file });
    says(message, `--config ${file}: `, 'no such');
    assert.ok(!message.includes('did you mean'), message);
  }
  says(await refusal({ file: '' }), '--config "": ', 'no such');
  says(await refusal({ files, file: 'configs' }), '--config configs: ', 'no such');
});

test('extends: missing, of the wrong kind, or in a circle', async () => {
  const a = (text: string, others: Record<string, string> = {}) =>
    refusal({ files: { 'a.yaml': text, ...others }, file: 'a.yaml' });
  says(
    await a('extends: othr.yaml', { 'other.yaml': '' }),
    'a.yaml: extends: ',
    'othr.yaml',
    'mean other.yaml?',
  );
  says(await a('extends: [b.yaml]'), 'a.yaml: extends: ', 'path', '["b.yaml"]');
  says(await a('extends:'), 'a.yaml: extends: ', 'path', 'null');
  assert.match(await a('extends: a.yaml'), /^a\.yaml: extends: .*got a\.yaml → a\.yaml$/);
  assert.match(
    await a('extends: b.yaml', { 'b.yaml': 'extends: ./a.yaml' }),
    /^b\.yaml: extends: .*got a\.yaml → b\.yaml → a\.yaml$/,
  );
});

test('a circle through a symbolic link is seen', async () => {
  const directory = folder({ 'a.yaml': 'extends: self/a.yaml' });
  symlinkSync(directory, join(directory, 'self'));
  const loading = resolveConfig({ file: 'a.yaml', overrides: [], environment: {}, directory });
  await assert.rejects(loading, /extends: .*extend each other/);
});

test('no file throws anything but a UserError', async () => {
  const directory = folder({});
  const line = fc.oneof(
    fc
      .tuple(fc.constantFrom('train', 'seed', 'extends', 'optimizer', '? x', '- 1'), fc.json())
      .map((pair) => pair.join(': ')),
    fc.string({ unit: 'binary' }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(line, { maxLength: 4 }), async (lines) => {
      writeFileSync(join(directory, 'x.yaml'), lines.join('\n'));
      try {
        await resolveConfig({ file: 'x.yaml', overrides: [], environment: {}, directory });
      } catch (error) {
        assert.ok(error instanceof UserError, `${lines}: ${error}`);
        assert.doesNotMatch(error.message, /\n/);
      }
    }),
    { numRuns: 500 },
  );
});
