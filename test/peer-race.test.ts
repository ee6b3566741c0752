/** The race of the peers with contestants that do no work: what becomes of the well-behaved and of all others. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { killAll } from '../bench/peer-race/children.ts';
import { type RaceOptions, runRace } from '../bench/peer-race/race.ts';
import type { Entry } from '../bench/peer-race/types.ts';
import { peersSchema } from '../scripts/performance/peers/format.ts';
import { fakeContestant, fakeEntry } from './fixtures/peers/fakes.ts';
import { temporaryFolder } from './support/data-files.ts';

async function race(t: TestContext, entries: readonly Entry[], changed: Partial<RaceOptions> = {}) {
  const result = await runRace(entries, {
    rounds: 2,
    loadedRounds: 0,
    neighbours: 0,
    threads: [1, 2],
    target: 0.97,
    limitMs: 60_000,
    cwd: await temporaryFolder(t),
    signal: new AbortController().signal,
    progress() {},
    ...changed,
  });
  const all = new Map(peersSchema.parse(result).contestants.map((each) => [each.name, each]));
  return (name: string) => {
    const found = all.get(name);
    assert.ok(found, `${name} is in the result`);
    return found;
  };
}

const ours = fakeEntry('shardstep', { role: 'ours' });

test('every measure of a contestant is in the result, at one thread and at two', async (t) => {
  const of = await race(t, [ours], { loadedRounds: 1, neighbours: 1 });
  const { version, failures, entrants, cold, installed, lines } = of('shardstep');
  assert.deepEqual(failures, {});
  assert.equal(version, '1.2.3');
  assert.deepEqual(
    entrants.map(({ threads, resident }) => [threads, resident?.ms]),
    [
      [1, [101, 102]],
      [2, [50.5, 51]],
    ],
    'seeds 1 and 2, the warm-up left out',
  );
  assert.deepEqual(entrants[1].imagesPerSecond, [(1000 / 25.25) * 1000, (1000 / 25.5) * 1000]);
  assert.deepEqual(entrants[1].inference, { 1: [0.001, 0.001], 1024: [1.024, 1.024], 10000: [10, 10] });
  assert.deepEqual(entrants[0].loaded, null, 'under load only at the better number of threads');
  assert.deepEqual(entrants[1].loaded, { ms: [50.5], unfinished: 0 });
  assert.equal(entrants[1].curve.length, 2);
  assert.equal(cold?.ms.length, 2);
  assert.deepEqual(cold?.residentMs, [80, 80]);
  assert.equal(cold?.threads, 2);
  assert.deepEqual(installed, { bytes: 12_345_678 });
  assert.ok(lines !== null && lines > 5);
});

test('the memory of a cold run is that of a process', { skip: process.platform !== 'linux' }, async (t) => {
  const of = await race(t, [ours], { rounds: 1 });
  const peak = of('shardstep').cold?.peakBytes ?? 0;
  assert.ok(peak > 20e6 && peak < 2e9, `${peak} bytes`);
});

test('who is absent, ends, says nonsense or refuses is a row with the reason, and the others race on', async (t) => {
  const missing = 'could not be installed: no space left';
  const cold = { cold: false } as const;
  const of = await race(t, [
    { contestant: fakeContestant('absent'), found: { missing } },
    fakeEntry('dies', { session: 'dies-at-start', can: cold }),
    fakeEntry('crashes', { session: 'crashes', can: cold }),
    fakeEntry('garbage', { session: 'garbage', user: 'garbage' }),
    fakeEntry('incomplete', { session: 'incomplete', can: cold }),
    fakeEntry('refuses', { session: 'refuses', user: 'crashes' }),
    ours,
  ]);
  assert.equal(of('absent').missing, missing);
  assert.deepEqual(of('absent').entrants, []);
  const failure = (name: string, measure: string) => of(name).failures[measure] ?? 'no failure';
  assert.match(failure('dies', 'start of dies, 1 thread'), /exit code 1\b.*ImportError/);
  assert.match(failure('crashes', 'resident, crashes, 1 thread'), /exit code 7\b.*out of luck$/);
  assert.match(failure('garbage', 'resident, garbage, 2 threads'), /JSON.*"Epoch 1\/10/);
  assert.match(failure('garbage', 'cold'), /JSON.*"accuracy: 97 %"/);
  assert.match(failure('incomplete', 'resident, incomplete, 1 thread'), /trainMs: .*in {"ms": 12}/);
  assert.equal(failure('refuses', 'resident, refuses, 1 thread'), 'cannot do that');
  assert.match(failure('refuses', 'cold'), /exit code 3\b.*Segmentation fault/);
  assert.equal(of('refuses').cold, null);
  assert.equal(of('shardstep').entrants[1].resident?.ms.length, 2);
  assert.equal(of('shardstep').cold?.ms.length, 2);
});

test('a program that cannot be started is told so', async (t) => {
  const nowhere = { program: '/nowhere/python', words: [] };
  const found = { session: () => nowhere, user: () => nowhere, installedSize: async () => null };
  const of = await race(t, [{ contestant: fakeContestant('lost'), found }], { rounds: 1 });
  assert.match(of('lost').failures['start of lost, 1 thread'] ?? '', /started.*ENOENT/);
  assert.match(of('lost').failures.cold ?? '', /started.*ENOENT/);
});

// Its user program has a helper that keeps stdout open: the race would wait for that if it did not end both.
test('who hangs is ended at the limit, counts as slower than it and is not asked again', {
  timeout: 300_000,
}, async (t) => {
  const slow = fakeEntry('slow', { session: 'hangs', user: 'hangs' });
  const of = await race(t, [slow], { limitMs: 1500, threads: [1] });
  const { entrants, cold, failures } = of('slow');
  assert.deepEqual(entrants[0].resident, { ms: [3750], unfinished: 1 }, 'the longer limit of a first answer');
  assert.deepEqual(cold?.ms, [1500]);
  assert.equal(cold?.unfinished, 1);
  assert.deepEqual(failures, {});
  assert.deepEqual(entrants[0].inference, {});
});

test('who misses the target or gives up is unfinished, not dropped', async (t) => {
  const of = await race(t, [fakeEntry('weak', { session: 'misses', user: 'gives-up' })]);
  assert.deepEqual(of('weak').entrants[0].resident, { ms: [101, 102], unfinished: 2 });
  assert.equal(of('weak').cold?.unfinished, 2);
  assert.deepEqual(of('weak').cold?.accuracies, [0.9, 0.9]);
});

test('an interruption keeps what was measured and ends everyone', async (t) => {
  const stop = new AbortController();
  const of = await race(t, [ours, fakeEntry('slow', { user: 'hangs' })], {
    signal: stop.signal,
    progress(measure, _round, name) {
      if (measure !== 'cold' || name !== 'slow') return;
      setTimeout(() => {
        stop.abort();
        killAll();
      }, 300);
    },
  });
  assert.equal(of('slow').entrants[1].resident?.ms.length, 2);
  assert.equal(of('slow').cold, null);
  assert.deepEqual(of('slow').failures, {}, 'being ended is no failure of its own');
});
