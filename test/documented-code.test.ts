/** Each program in JavaScript that README.md and docs/ show runs as it is shown, and prints what its comments say. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { toModule } from '../dist/formats/module.js';
import type { Graph } from '../dist/model/op.js';
import { expectCode } from './support/cli.ts';
import { drawing } from './support/drawings.ts';

const root = fileURLToPath(new URL('../', import.meta.url));
const pages = ['README.md', ...readdirSync(join(root, 'docs')).map((name) => `docs/${name}`)].filter((name) =>
  name.endsWith('.md'),
);
const programs = pages.flatMap((page) =>
  [...readFileSync(join(root, page), 'utf8').matchAll(/^```(?:js|mjs|javascript)\n(.*?)^```/gms)].map(
    ([, code], index) => ({ name: `${page}, program ${index + 1}`, code }),
  ),
);

let cwd = '';
before(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'shardstep-documented-'));
  mkdirSync(join(cwd, 'node_modules'));
  symlinkSync(root, join(cwd, 'node_modules', 'shardstep'), 'dir');
  // Programs may use an exported classifier of 28×28 images.
  const model = fileURLToPath(new URL('./fixtures/models/format-1-directions.safetensors', import.meta.url));
  await expectCode(0, ['export', model, '--to', 'digits.mjs', '--quiet'], { cwd });
  copyFileSync(model, join(cwd, 'digits.safetensors'));
  writeFileSync(join(cwd, 'people.mjs'), toModule(people));
  writeFileSync(join(cwd, 'seven.jpg'), await drawing(0));
});
after(() => rm(cwd, { recursive: true, force: true }));

/** Of a table with three columns. */
const people: Graph = {
  ...{ kind: 'value', values: 'float32', input: [3], labels: ['price'], probabilities: [] },
  columns: [
    { name: 'age', type: 'number' },
    { name: 'workclass', type: 'category', categories: ['Private', 'State-gov'] },
    { name: 'member', type: 'yes/no', words: ['no', 'yes'] },
  ],
  ops: [
    {
      ...{ op: 'expand', fields: 3, width: 1 },
      blocks: [
        { ...{ op: 'linear', field: 0, at: 0, count: 0, fill: 40 }, parameters: [40, 0.1], tensors: [] },
      ],
    },
  ],
};

test('README and docs/library.md show programs', () => {
  for (const page of ['README.md', 'docs/library.md'])
    assert.ok(
      programs.some(({ name }) => name.startsWith(page)),
      page,
    );
});

for (const { name, code } of programs)
  test(name, () => {
    writeFileSync(join(cwd, 'program.mjs'), code);
    const words = { cwd, encoding: 'utf8', timeout: 60_000 } as const;
    const { status, stdout, stderr } = spawnSync(process.execPath, ['program.mjs'], words);
    // Messages of Node quote whole lines of the program.
    assert.deepEqual({ status, stderr: stderr.slice(-1000) }, { status: 0, stderr: '' });
    const lines = stdout.split('\n');
    const said = [...code.matchAll(/^\s*console\.log\(.*\/\/ (.+)$/gm)].map(([, words]) => words);
    for (const words of said)
      assert.ok(lines.includes(words.replaceAll(', ', ' ')) || lines.includes(words), `${words}: ${stdout}`);
  });
