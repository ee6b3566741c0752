/** The command line of the peers' race, with contestants that do no work: selection, refusals, records, Ctrl-C. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parseCommandLine } from '../bench/peer-race/command.ts';
import { contestants } from '../bench/peer-race/peers.ts';
import { recordSchema } from '../scripts/performance/record-format.ts';
import { type CliOptions, cli, workingDirectory } from './support/cli.ts';

const program = fileURLToPath(new URL('fixtures/peers/race-of-fakes.ts', import.meta.url));
const race = async (t: TestContext, words: readonly string[], options: Partial<CliOptions> = {}) => {
  const cwd = await workingDirectory(t);
  const out = join(cwd, 'out');
  const result = await cli([...words, '--out', out], { cwd, program, ...options });
  return {
    ...result,
    record: () => recordSchema.parse(JSON.parse(readFileSync(join(out, 'record.json'), 'utf8'))),
    out,
  };
};

test('a race leaves a record, pictures and a table, and names the absent', async (t) => {
  const words = ['--peers', 'quick,absent', '--rounds', '1', '--no-load'];
  const { code, stdout, stderr, record, out } = await race(t, words);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /\| QUICK 1\.2\.3, \d+ threads? +\| +[\d.]+ ms \| +1\.00 × \(1\.00–1\.00\)/);
  assert.match(stdout, /ABSENT is absent: could not be installed: no network/);
  assert.match(stderr, /cold, round 1/);
  const { bench, command, peers } = record();
  assert.equal(bench, 'peers');
  assert.equal(command, `npm run bench:peers -- ${words.join(' ')} --out ${out}`);
  assert.deepEqual(
    peers?.contestants.map(({ name, missing }) => [name, missing]),
    [
      ['shardstep', null],
      ['quick', null],
      ['absent', 'could not be installed: no network'],
    ],
  );
  assert.match(readFileSync(join(out, 'record.md'), 'utf8'), /## Every setting/);
  for (const name of ['bars.svg', 'race.svg'])
    assert.match(readFileSync(join(out, name), 'utf8'), /SHARDSTEP/);
});

test('Ctrl-C ends everyone at once and keeps what was measured', async (t) => {
  const words = ['--peers', 'quick,stuck', '--rounds', '1', '--no-load'];
  const { code, record } = await race(t, words, { interruptAfter: 'cold, warm-up' });
  assert.equal(code, 130);
  const { peers, notes } = record();
  assert.match(notes[0], /^Unfinished/);
  const stuck = peers?.contestants.find(({ name }) => name === 'stuck');
  assert.equal(stuck?.entrants.at(-1)?.resident?.ms.length, 1);
  assert.equal(stuck?.cold, null);
});

test('an unknown peer, flag or count is refused with what is near, before anything runs', async (t) => {
  const refused = async (words: string[], message: RegExp) => {
    const { code, stderr, stdout } = await race(t, words);
    assert.equal(code, 2);
    assert.match(stderr, message);
    assert.equal(stdout, '');
  };
  await refused(['--peers', 'quik'], /^--peers: .*quick, stuck, absent, shardstep.*"quik".*mean quick\?\n$/);
  await refused(['--round', '3'], /--round'.*mean --rounds\?/);
  await refused(['--rounds', '0'], /^--rounds: .*integer.*"0"/);
  await refused(['quick'], /too many/);
});

test('--help tells the peers and does nothing else', async (t) => {
  const { code, stdout, stderr } = await race(t, ['--help']);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /--peers <names>\s+of quick, stuck, absent/);
  assert.match(stdout, /130 interrupted/);
});

test('of the real contestants those named take part, and always our own', () => {
  const names = (words: string[]) =>
    parseCommandLine(words, contestants, () => {})?.contestants.map(({ name }) => name);
  assert.deepEqual(names(['--peers', 'tfjs-node, jax']), ['shardstep', 'mnist-97', 'jax', 'tfjs-node']);
  assert.deepEqual(
    names([]),
    contestants.map(({ name }) => name),
  );
  assert.deepEqual(names(['--peers', 'shardstep']), ['shardstep', 'mnist-97']);
});
