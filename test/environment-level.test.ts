/** LOG_LEVEL is shared with other programs: no value of it stops a run. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { environmentLevel } from '../dist/commands/environment-level.js';
import { expectCode, readLog, workingDirectory } from './support/cli.ts';

const tiny = ['--config', 'mnist-97', 'data.take=64', '--threads', '1', '--quiet', '--out', 'run'];

for (const [word, level] of [
  ['INFO', 'info'],
  ['warning', 'warn'],
  ['Critical', 'fatal'],
  [' DEBUG ', 'debug'],
  ['verbose', 'debug'],
  ['off', 'silent'],
  ['trace', 'trace'],
  ['', undefined],
  ['  ', undefined],
] as const)
  test(`LOG_LEVEL=${JSON.stringify(word)} is ${level}`, () => {
    assert.equal(
      environmentLevel({ LOG_LEVEL: word }, () => assert.fail('a warning')),
      level,
    );
  });

for (const word of ['loud', '30', 'constructor'])
  test(`LOG_LEVEL=${word} is ignored with a warning that names it`, () => {
    const given: string[] = [];
    assert.equal(
      environmentLevel({ LOG_LEVEL: word }, (code, message) => given.push(code, message)),
      undefined,
    );
    assert.equal(given[0], 'level-unknown');
    assert.match(given[1], new RegExp(`LOG_LEVEL is "${word}"`));
  });

test('a training goes on with LOG_LEVEL=WARNING, and its log holds warnings only', async (t) => {
  const cwd = await workingDirectory(t);
  const { stderr } = await expectCode(0, ['train', ...tiny, 'stop.target=null'], {
    cwd,
    environment: { LOG_LEVEL: 'WARNING' },
  });
  assert.equal(stderr, '');
  assert.deepEqual(
    (await readLog(`${cwd}/run`)).map(({ event }) => event),
    ['run_start', 'run_stop'],
  );
});

test('a race is recorded although LOG_LEVEL is no level; the command line is not blamed', async (t) => {
  const cwd = await workingDirectory(t);
  const { stdout, stderr } = await expectCode(0, ['race', '--seeds', '1', '--quiet', '--out', 'run'], {
    cwd,
    environment: { LOG_LEVEL: 'loud' },
  });
  assert.match(stdout, /^mnist-97: /);
  assert.match(stderr, /^warning: the environment variable LOG_LEVEL is "loud".*\[level-unknown\]\n$/);
  assert.equal((await readLog(`${cwd}/run`)).filter(({ event }) => event === 'warning').length, 1);
});
