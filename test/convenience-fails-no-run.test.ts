/** What only helps, the link to the newest run, is missed with a warning; the run and the race go on. */
import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { expectCode, readJson, workingDirectory } from './support/cli.ts';

interface Warned {
  readonly warnings: readonly { readonly code: string; readonly message: string }[];
}

for (const [what, words] of [
  ['a training', ['train', '--config', 'mnist-97', 'data.take=64', 'stop.target=null', '--threads', '1']],
  ['a race', ['race', '--seeds', '1']],
] as const)
  test(`${what} ends well beside a real folder results/latest`, async (t) => {
    const cwd = await workingDirectory(t);
    const latest = join(cwd, 'results', 'latest');
    await mkdir(latest, { recursive: true });
    await writeFile(join(latest, 'mine.txt'), '');
    const { stderr } = await expectCode(0, [...words, '--quiet'], { cwd });
    assert.match(stderr, /^warning: cannot point .*results\/latest: .*\[latest-not-linked\]\n$/);
    assert.deepEqual(await readdir(latest), ['mine.txt']);
    const [run] = (await readdir(join(cwd, 'results'))).filter((name) => name !== 'latest');
    const { warnings } = await readJson<Warned>(cwd, 'results', run, 'result.json');
    assert.deepEqual(
      warnings.map(({ code }) => code),
      ['latest-not-linked'],
    );
  });

test('a file of the user at results/latest is kept', async (t) => {
  const cwd = await workingDirectory(t);
  await mkdir(join(cwd, 'results'));
  await writeFile(join(cwd, 'results', 'latest'), 'my thesis\n');
  const words = ['train', '--config', 'mnist-97', 'data.take=64', 'stop.target=null', '--threads', '1'];
  const { stderr } = await expectCode(0, [...words, '--quiet'], { cwd });
  assert.match(stderr, /\[latest-not-linked\]/);
  assert.equal(await readFile(join(cwd, 'results', 'latest'), 'utf8'), 'my thesis\n');
});
