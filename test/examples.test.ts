/** Every example runs as it stands, in a project that has the package, and prints what it should. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../', import.meta.url));
const examples = join(root, 'examples');

/** What the last lines of an example match. */
const printed: Readonly<Record<string, RegExp>> = {
  'train.mjs':
    /epoch 150: .* accuracy on train (0\.9\d*|1)\n\(2, 0\.5\) is (one|other), with probability 0\.\d+\n$/,
  'abort.mjs': /^given up: TimeoutError\nkept: up\n$/,
  'worker-thread.mjs': /^0 xor 1 is 1\n$/,
  'notebook.ipynb': /inside outside\n$/,
};

/** Examples with tests of their own. */
const elsewhere = ['embedded', 'predict-server.mjs'];

let cwd = '';
before(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'shardstep-examples-'));
  mkdirSync(join(cwd, 'node_modules'));
  symlinkSync(root, join(cwd, 'node_modules', 'shardstep'), 'dir');
});
after(() => rm(cwd, { recursive: true, force: true }));

test('each example is run by a test', () => {
  const others = readdirSync(examples).filter((name) => !(name in printed) && !elsewhere.includes(name));
  assert.deepEqual(others, []);
});

for (const [name, expected] of Object.entries(printed))
  test(name, () => {
    const program = name.endsWith('.ipynb') ? 'notebook.mjs' : name;
    if (program === name) copyFileSync(join(examples, name), join(cwd, name));
    else writeFileSync(join(cwd, program), codeOf(join(examples, name)));
    const { stdout, stderr, status } = spawnSync(process.execPath, [program], {
      cwd,
      encoding: 'utf8',
      timeout: 60_000,
    });
    assert.deepEqual({ status, stderr }, { status: 0, stderr: '' });
    assert.match(stdout, expected);
  });

/** The code cells of a notebook, one after the other. */
function codeOf(notebook: string): string {
  const { cells } = JSON.parse(readFileSync(notebook, 'utf8')) as {
    cells: { cell_type: string; source: string[] }[];
  };
  return cells.flatMap(({ cell_type, source }) => (cell_type === 'code' ? [source.join('')] : [])).join('\n');
}
