/** Which command lines are a race, decided before the parser is loaded: the two must agree. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseCommandLine } from '../dist/commands/cli.js';
import { configSchema } from '../dist/config/schema.js';
import { asksForRace, raceLine } from '../dist/fast-start/words.js';
import { directionShape } from '../dist/kernels/directions/spec.js';
import { UserError } from '../dist/user-error.js';

/** The command that the parser finds; null where it refuses the words or answers them itself. */
async function parsed(words: readonly string[]): Promise<string | null> {
  try {
    return (await parseCommandLine(words, '1.2.3', () => {}))?.command ?? null;
  } catch (error) {
    assert.ok(error instanceof UserError);
    return null;
  }
}

const races = [
  [],
  ['race'],
  ['--profile-startup'],
  ['--quiet', '--json'],
  ['--out', 'folder'],
  ['--out=folder', '--debug'],
  ['race', '--seeds', '3', '--compile-kernels'],
  ['race', '--seeds=3', '--out', 'x'],
];
const others = [
  ['train'],
  ['sweep'],
  ['hardware'],
  ['--threads', '2'],
  ['--seeds', '3'],
  ['seed=3'],
  ['--config', 'fastmlp'],
  ['--quiet', 'log.every=1'],
  ['--print-config'],
  ['--help'],
  ['race', '--help'],
  ['race', '--seeds', '0'],
  ['race', '--seeds', 'many'],
  ['race', '--seeds'],
  ['race', '--out'],
  ['race', '--out', ''],
  ['race', '--bogus'],
  ['race', '--json=yes'],
  ['race', '--threads', '2'],
  ['race', 'seed=3'],
  ['race', 'race'],
  ['--jsn'],
];

test('what is run as a race is parsed as one', async () => {
  for (const words of races) {
    assert.equal(asksForRace(words), true, words.join(' '));
    assert.equal(await parsed(words), 'race', words.join(' '));
  }
});

test('nothing else is run as a race, mistakes in its flags included', async () => {
  for (const words of others) {
    assert.equal(asksForRace(words), false, words.join(' '));
    assert.notEqual(await parsed(words), 'race', words.join(' '));
  }
});

test('the line never rounds up to a target that was missed', () => {
  const { features } = configSchema.parse({}).data;
  const shape = directionShape(features);
  const recipe = { name: 'r', target: 0.97, shape, images: 8, batch: 8, learningRate: 1, momentum: 0.9 };
  const rest = { schedule: { name: 'constant' } as const, nesterov: true, weightDecay: 0, labelSmoothing: 0 };
  const none = new Uint8Array(0);
  const line = (accuracy: number) =>
    raceLine({
      recipe: { ...recipe, ...rest },
      accuracy,
      elapsedMs: 43.26,
      marks: [],
      level: 'simd',
      compiled: 'compiled',
      used: { trainImages: none, trainLabels: none, testImages: [], testLabels: none },
    });
  const said = (percent: string, verdict: string) =>
    `r: ${percent} % of the 10,000 test images 43.3 ms after the process started (target 97 % ${verdict})\n`;
  assert.equal(line(0.97), said('97.00', 'reached'));
  assert.equal(line(0.96999), said('96.99', 'missed'));
});
