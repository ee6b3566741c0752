/** Files of one's own from the command line: warnings reach stderr and result.json, notes do not, refusals name the key. */
import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { cli, readJson, workingDirectory } from './support/cli.ts';
import { rows, text } from './support/csv-sets.ts';
import { writeFiles } from './support/data-files.ts';

const names = ['p1', 'p2', 'p3', 'p4'];
const recipe = 'model: { hidden: [4] }\ntrain: { batch: 8, epochs: 1 }\n';
const small = ['--config=small.yaml', 'data.set=csv', 'data.dir=in', '--threads=1'];

test('a test file without labels and a class at the end', async (t) => {
  const cwd = await workingDirectory(t);
  await mkdir(join(cwd, 'in'));
  await writeFiles(cwd, { 'small.yaml': recipe });
  await writeFiles(join(cwd, 'in'), {
    'train.csv': text([[...names, 'class'], ...rows(60, (_, label, pixels) => [...pixels, label])]),
    'test.csv': text([names, ...rows(9, (_, __, pixels) => pixels)]),
  });
  const quiet = await cli(['train', ...small, '--quiet', '--out=a'], { cwd });
  assert.equal(quiet.code, 0, quiet.stderr);
  assert.match(quiet.stderr, /^warning: in[/\\]test\.csv has no labels: .* \[test-without-labels\]$/m);
  assert.doesNotMatch(quiet.stderr, /one row in five/);
  const { warnings } = await readJson<{ warnings: { code: string }[] }>(cwd, 'a', 'result.json');
  assert.ok(warnings.some(({ code }) => code === 'test-without-labels'));
  const talking = await cli(['train', ...small, 'data.label=class', '--out=b'], { cwd });
  assert.match(talking.stderr, /one row in five .*held out for the test: 12 of 60/);
  const other = await cli(['train', ...small, 'data.label=clas', '--out=c'], { cwd });
  assert.equal(other.code, 2);
  assert.match(
    other.stderr,
    /^error: data\.label: expected the name of a column of in[/\\]train\.csv.*did you mean class/m,
  );
});

test('data.label is for CSV files, and names or counts a column', async (t) => {
  const cwd = await workingDirectory(t);
  await writeFiles(cwd, { 'small.yaml': recipe });
  const refused = async (...words: string[]) => {
    const { code, stderr } = await cli(['train', ...words], { cwd });
    assert.equal(code, 2, stderr);
    return stderr;
  };
  const other = await refused('data.set=mnist', 'data.label=class');
  assert.match(
    other,
    /data\.label: expected null if data\.set is mnist: only CSV files have columns, got "class"/,
  );
  for (const value of ['0', '-1', '1.5', '[1]', 'true', '""'])
    assert.match(
      await refused(...small, `data.label=${value}`),
      /data\.label: expected the name or the number of a column, or null, got /,
    );
});
