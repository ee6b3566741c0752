/** A slice of `npm run chaos`. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from './support/data-files.ts';
import { withoutGcc } from './support/gcc.ts';

const script = fileURLToPath(new URL('../scripts/chaos.ts', import.meta.url));

for (const [kinds, skip] of [
  ['kill,flip,network', false],
  ['short', withoutGcc],
] as const)
  test(`${kinds}: the weights are those of an undisturbed run`, { skip }, async (t) => {
    const json = join(await temporaryFolder(t), 'chaos.json');
    const count = kinds.split(',').length;
    const words = ['--injections', `${count}`, '--kinds', kinds, '--seed', '4', '--json', json];
    const { status, stderr } = spawnSync(process.execPath, [script, ...words], { encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    const { injections, problems } = JSON.parse(readFileSync(json, 'utf8'));
    assert.deepEqual({ injections, problems }, { injections: count, problems: [] });
  });
