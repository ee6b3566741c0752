/** A slice of `npm run fuzz`, and the files that it found. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from './support/data-files.ts';
import { formats, isFormat } from './support/fuzz/formats.ts';
import { fuzz, inputOf, received, seedsOf } from './support/fuzz/fuzz.ts';

const inputs = 400;
const names = Object.keys(formats).filter(isFormat);

for (const format of names)
  test(`${format}: ${inputs} damaged files are opened rightly or refused in one line that names the file`, async (t) => {
    const folder = await temporaryFolder(t);
    const { opened, refused, findings } = await fuzz({ format, seed: 20_261_130, folder }, 0, inputs);
    const problems = findings.map(({ number, file, problem }) => `${number} ${file.name}: ${problem}`);
    assert.deepEqual(problems, []);
    assert.equal(opened + refused, inputs);
    // A log is never refused: its problems are a list.
    assert.ok(opened > 0 && (refused > 0 || format === 'log'), `${opened} opened, ${refused} refused`);
  });

test('the sound files are opened', async (t) => {
  const folder = await temporaryFolder(t);
  for (const format of names)
    for (const file of await seedsOf({ format, seed: 1, folder }))
      assert.equal(await received({ format, folder }, file), 'opened', `${format} ${file.name}`);
});

test('a number gives the same file again', async (t) => {
  const folder = await temporaryFolder(t);
  for (const format of names) {
    const fuzzing = { format, seed: 3, folder };
    const [one, two] = [await seedsOf(fuzzing), await seedsOf(fuzzing)];
    for (const number of [0, 5, 9])
      if (format !== 'log') assert.deepEqual(inputOf(fuzzing, one, number), inputOf(fuzzing, two, number));
  }
});

// test/fixtures/fuzz/FORMAT/NAME: each was once received by another error, or hung.
const found = fileURLToPath(new URL('./fixtures/fuzz', import.meta.url));
for (const format of readdirSync(found).filter(isFormat))
  for (const name of readdirSync(`${found}/${format}`))
    test(`found: ${format} ${name}`, async (t) => {
      const bytes = new Uint8Array(readFileSync(`${found}/${format}/${name}`));
      const folder = await temporaryFolder(t);
      // What the file extends.
      await seedsOf({ format, seed: 1, folder });
      const outcome = await received({ format, folder }, { name, bytes });
      assert.ok(
        outcome === 'refused' || outcome === 'opened',
        typeof outcome === 'object' ? outcome.problem : '',
      );
    });
