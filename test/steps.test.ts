/** Long work gives events their turn, shows how far it is, ends when it is asked to, and gives what it gives at once. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as otherEvents } from 'node:timers/promises';
import { preparingData } from '../dist/coordinator/prepare-data.js';
import { classTarget } from '../dist/data/target.js';
import { atOnce, inTurns, type Steps } from '../dist/numbers/steps.js';
import { cli, workingDirectory } from './support/cli.ts';
import { someMnist } from './support/pairs.ts';
import { configure } from './support/training.ts';

const busy = (ms: number) => {
  const until = performance.now() + ms;
  while (performance.now() < until);
};

function* slow(steps: number): Steps<number> {
  for (let i = 0; i < steps; i++) {
    busy(25);
    yield { doing: 'counting', share: i / steps };
  }
  return steps;
}

test('events have their turn between steps', async () => {
  let turns = 0;
  let over = false;
  const counting = (async () => {
    while (!over) {
      await otherEvents();
      turns += 1;
    }
  })();
  assert.equal(await inTurns(slow(8), new AbortController().signal, () => {}), 8);
  over = true;
  await counting;
  assert.ok(turns >= 8, `${turns} turns`);
});

test('an aborted signal ends the work between two steps, with its reason', async () => {
  const controller = new AbortController();
  const reason = new Error('stopped');
  const working = inTurns(slow(1000), controller.signal, () => {});
  controller.abort(reason);
  await assert.rejects(working, reason);
});

test('work of more than a second shows how far it is', async () => {
  const lines: string[] = [];
  await inTurns(slow(60), new AbortController().signal, (line) => lines.push(line));
  assert.ok(lines.length >= 1);
  assert.match(lines[0], /^counting: \d+ %$/);
});

/** Elements that a step may look at: 2 ** 24 take some 20 ms. */
const steps = (words: string[], images: number) => async () => {
  const config = await configure('train.batch=8', ...words);
  let count = 0;
  for (const _ of preparingData(await someMnist(images, 8), config)) count++;
  return count;
};

for (const words of [
  ['data.normalise=whiten', 'data.pool=2'],
  ['data.normalise=standardise'],
  ['data.normalise=centre'],
  ['data.momentNormalise=true'],
  ['data.pool=2', 'data.crop=2'],
])
  test(`preparing data is cut into steps by the size of the work: ${words.join(' ')}`, async () => {
    const [few, many] = [await steps(words, 2000)(), await steps(words, 8000)()];
    assert.ok(many > few, `${few} and ${many} steps`);
  });

test('a whitening can be interrupted: exit 130', async (t) => {
  const cwd = await workingDirectory(t);
  const words = ['train', '--config', 'fastmlp', 'data.normalise=whiten', '--out', 'run'];
  const { code, stderr } = await cli(words, { cwd, interruptAfter: 'measuring pixels' });
  assert.equal(code, 130, stderr);
  assert.doesNotMatch(stderr, /bug/);
});

test('a whitening of too many pixels is refused before memory is taken', async () => {
  const side = 80;
  const samples = {
    values: new Uint8Array(8 * side * side),
    targets: Uint32Array.of(0, 1, 0, 1, 0, 1, 0, 1),
    ...{ count: 8, shape: [side, side, 1], full: 255 },
  };
  const dataset = {
    ...(await someMnist(8, 8)),
    train: samples,
    test: samples,
    target: classTarget(['0', '1']),
  };
  const config = await configure('data.normalise=whiten', 'train.batch=8');
  assert.throws(() => atOnce(preparingData(dataset, config)), { exitCode: 2, message: /whiten.*6400/ });
});
