/** A slice of `npm run chaos`. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from './support/data-files.ts';
import { withoutGcc } from './support/gcc.ts';

const script = fileURLToPath(new URL('../scripts/chaos.ts', import.meta.url));

test('killed, with a damaged checkpoint, short writes or a cut network: the weights are those of an undisturbed run', async (t) => {
  const json = join(await temporaryFolder(t), 'chaos.json');
  const kinds = ['kill', 'flip', 'network', 'kill', 'flip', ...(withoutGcc ? [] : ['short'])];
  const count = kinds.length;
  const words = [
    '--injections',
    `${count}`,
    '--kinds',
    `${kinds}`,
    '--only',
    'xor',
    '--seed',
    '4',
    '--json',
    json,
  ];
  const { status, stderr } = spawnSync(process.execPath, [script, ...words], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  const { injections, problems, kinds: rows } = JSON.parse(readFileSync(json, 'utf8'));
  assert.deepEqual({ injections, problems }, { injections: count, problems: [] });
  // A harness that disturbs nothing finds nothing.
  const { kill, flip } = rows as Record<string, Record<'resumed' | 'again', number>>;
  assert.ok(kill.resumed + flip.resumed > 0, 'none was resumed');
  assert.ok(kill.again + flip.again > 0, 'none of those resumed was disturbed');
});

const mounts = () => (existsSync('/proc/mounts') ? readFileSync('/proc/mounts', 'utf8') : '');

test('SIGTERM: no mount, folder or process is left', { skip: process.platform !== 'linux' }, async (t) => {
  const temporary = join(await temporaryFolder(t), 'tmp');
  mkdirSync(temporary);
  const child = spawn(process.execPath, [script, '--kinds', 'full', '--only', 'xor'], {
    env: { ...process.env, TMPDIR: temporary },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const closed = once(child, 'close');
  while (!mounts().includes(temporary)) {
    if (child.exitCode === 0) return t.skip('no right to mount');
    assert.equal(child.exitCode, null);
    await wait(20);
  }
  child.kill('SIGTERM');
  assert.deepEqual(await closed, [143, null]);
  assert.equal(mounts().includes(temporary), false);
  assert.deepEqual(readdirSync(temporary), []);
});
