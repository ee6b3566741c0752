/** `predict`: classes of images, folders, IDX files, CSV rows and stdin. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import sharp from 'sharp';
import { load, train } from '../dist/index.js';
import { cli, coordinator, expectCode } from './support/cli.ts';
import { type Drawing, drawing, testImage, testLabels } from './support/drawings.ts';
import { says } from './support/says.ts';

const cwd = await mkdtemp(join(tmpdir(), 'shardstep-predict-'));
after(() => rm(cwd, { recursive: true, force: true }));
const path = (...names: string[]) => join(cwd, ...names);

const drawings = 210;
/** As people draw: thin and thick pens, pencils, shaded or noisy photographs, light chalk on a dark board. */
const styles: readonly Drawing[] = [
  {},
  { thicker: 2 },
  { thicker: -1 },
  { shade: 100 },
  { noise: 30, quality: 40 },
  { paper: 225, ink: 170 },
  { paper: 20, ink: 230 },
];

before(async () => {
  for (const recipe of ['mnist-97', 'pixels-97']) {
    await using model = await train({ set: 'mnist' }, { recipe, threads: 1 });
    await model.save(path(`${recipe}.safetensors`));
  }
  mkdirSync(path('pictures'));
  for (let i = 0; i < drawings; i++)
    writeFileSync(
      path('pictures', `${`${i}`.padStart(4, '0')}.jpg`),
      await drawing(i, styles[i % styles.length]),
    );
  writeFileSync(path('ten.idx'), idx(10));
  writeFileSync(path('ten.idx.gz'), gzipSync(idx(10)));
});

interface Predicted {
  readonly predictions: readonly {
    readonly file: string;
    readonly index: number | null;
    readonly label: string;
    readonly probability: number;
    readonly top: readonly { readonly label: string; readonly probability: number }[];
  }[];
  readonly failures: readonly { readonly file: string; readonly message: string }[];
}

const model = 'mnist-97.safetensors';

async function predicted(code: number, ...words: string[]): Promise<Predicted> {
  const { stdout } = await expectCode(code, ['predict', ...words, '--json'], { cwd });
  return JSON.parse(stdout) as Predicted;
}

function idx(count: number): Buffer {
  const header = Buffer.alloc(16);
  for (const [k, value] of [0x803, count, 28, 28].entries()) header.writeUInt32BE(value, 4 * k);
  return Buffer.concat([header, ...Array.from({ length: count }, (_, i) => testImage(i))]);
}

/** What the library says of the test images themselves. */
async function ofOriginals(count: number, name = model): Promise<string[]> {
  const loaded = await load(path(name));
  return Array.from({ length: count }, (_, i) => loaded.predict(testImage(i)).label);
}

for (const name of [model, 'pixels-97.safetensors'])
  test(`drawings are recognised nearly as well as the originals: ${name}`, async (t) => {
    const { predictions } = await predicted(0, name, 'pictures');
    assert.equal(predictions.length, drawings);
    const share = (labels: readonly string[]) =>
      labels.filter((label, i) => label === `${testLabels[i]}`).length / drawings;
    const [ours, originals] = [
      share(predictions.map(({ label }) => label)),
      share(await ofOriginals(drawings, name)),
    ];
    t.diagnostic(`${name}: ${ours} of drawings, ${originals} of the originals`);
    assert.ok(ours >= 0.95 && ours >= originals - 0.03, `${ours} against ${originals}`);
  });

test('a picture of a test image as it is gives that image', async () => {
  const files = Array.from({ length: 40 }, (_, i) => `original-${i}.png`);
  for (const [i, file] of files.entries())
    await sharp(testImage(i), { raw: { width: 28, height: 28, channels: 1 } })
      .png()
      .toFile(path(file));
  const { predictions } = await predicted(0, model, ...files);
  const loaded = await load(path(model));
  for (const [i, { file, probability }] of predictions.entries()) {
    assert.equal(file, files[i]);
    const { probabilities, index } = loaded.predict(testImage(i));
    assert.equal(probability, probabilities[index]);
  }
});

test('formats, depths, colours, opacity and orientation do not matter', async () => {
  const source = () => sharp(path('pictures', '0000.jpg'));
  const grey = await source().greyscale().raw().toBuffer();
  const raw = { raw: { width: 200, height: 300, channels: 1 } } as const;
  const isInk = Buffer.from(grey.map((value) => (value < 140 ? 255 : 0)));
  const stroke = (level: number) => Buffer.from(grey.map(() => level));
  const onClear = (level: number) => sharp(stroke(level), raw).toColourspace('srgb').joinChannel(isInk, raw);
  const redOnBlue = Buffer.from([...grey].flatMap((value) => (value < 140 ? [190, 0, 0] : [0, 0, 255])));
  const inBox = await source()
    .extend({ top: 40, bottom: 40, left: 40, right: 40, background: { r: 0, g: 0, b: 0, alpha: 0 } })
    .png()
    .toBuffer();
  const made: Readonly<Record<string, Buffer>> = {
    'a.png': await source().png().toBuffer(),
    'a16.png': await source().toColourspace('rgb16').png().toBuffer(),
    'a.webp': await source().webp().toBuffer(),
    'a.gif': await source().gif().toBuffer(),
    'named.png': await source().jpeg().toBuffer(),
    'cmyk.jpg': await source().toColourspace('cmyk').jpeg().toBuffer(),
    'turned.jpg': await source().rotate(90).withMetadata({ orientation: 8 }).jpeg().toBuffer(),
    'negative.png': await source().negate().png().toBuffer(),
    // As bright as each other.
    'red-on-blue.png': await sharp(redOnBlue, { raw: { width: 200, height: 300, channels: 3 } })
      .png()
      .toBuffer(),
    'black-on-clear.png': await onClear(0).png().toBuffer(),
    'white-on-clear.png': await onClear(255).png().toBuffer(),
    'box-on-clear.png': inBox,
    'large.png': await source().resize(2400, 3600).png().toBuffer(),
    'small.png': await source().resize(40, 60).png().toBuffer(),
  };
  for (const [name, bytes] of Object.entries(made)) writeFileSync(path(name), bytes);
  const { predictions } = await predicted(0, model, ...Object.keys(made));
  for (const { file, label, probability } of predictions)
    assert.ok(label === `${testLabels[0]}` && probability > 0.5, `${file}: ${label} ${probability}`);
});

test('IDX files, plain and compressed, are counted from 0', async () => {
  const labels = await ofOriginals(10);
  for (const file of ['ten.idx', 'ten.idx.gz']) {
    const { predictions } = await predicted(0, model, file, '--threads', '2');
    assert.deepEqual(
      predictions.map(({ index, label }) => [index, label]),
      labels.map((label, index) => [index, label]),
    );
  }
});

test('CSV rows, with and without labels, row names and a header', async () => {
  const labels = await ofOriginals(3);
  const pixels = Array.from({ length: 784 }, (_, i) => `pixel${i}`);
  const rows = (...before: ((row: number) => unknown)[]) =>
    [0, 1, 2].map((row) => [...before.map((cell) => cell(row)), ...testImage(row)].join(','));
  const files: Readonly<Record<string, readonly string[]>> = {
    'bare.csv': rows(),
    'header.csv': [pixels.join(','), ...rows()],
    'labelled.csv': rows((row) => testLabels[row]),
    'named.csv': [['label', ...pixels].join(','), ...rows((row) => testLabels[row])],
    'words.csv': [['kind', ...pixels].join(','), ...rows((row) => ['seven', 'two', 'one'][row])],
    'numbered.csv': [['id', ...pixels].join(','), ...rows((row) => row + 1)],
    'both.csv': [
      ['id', 'label', ...pixels].join(','),
      ...rows(
        (row) => row,
        (row) => testLabels[row],
      ),
    ],
  };
  for (const [name, lines] of Object.entries(files)) {
    writeFileSync(path(name), `${lines.join('\n')}\n`);
    const { predictions } = await predicted(0, model, name);
    assert.deepEqual(
      predictions.map(({ label }) => label),
      labels,
      name,
    );
  }
});

test('CSV rows of real numbers for a model of them; it takes no pixels', async () => {
  const inputs = Array.from({ length: 60 }, (_, i) =>
    [i % 3, (i % 3) * 0.5 - 1, -0.25].map((x) => x + i / 1000),
  );
  const targets = inputs.map((_, i) => ['low', 'middle', 'high'][i % 3]);
  const recipe = { 'model.hidden': [16], 'train.epochs': 60, 'optimizer.lr': 0.1, 'train.batch': 10 };
  const real = await train({ inputs, targets }, { recipe, threads: 1 });
  await real.save(path('real.safetensors'));
  writeFileSync(
    path('real.csv'),
    `a,b,c,label\n${inputs.map((row, i) => [...row, targets[i]].join()).join('\n')}\n`,
  );
  const { predictions } = await predicted(0, 'real.safetensors', 'real.csv');
  assert.deepEqual(
    predictions.map(({ label }) => label),
    inputs.map((row) => real.predict(row).label),
  );
  assert.ok(predictions.filter(({ label }, i) => label === targets[i]).length > 50);
  writeFileSync(path('unreal.csv'), '1,2,1e300\n');
  for (const [file, said] of [
    ['ten.idx', 'real numbers'],
    ['unreal.csv', '1e300'],
  ])
    says((await expectCode(1, ['predict', 'real.safetensors', file], { cwd })).stderr, file, said);
});

test('stdin, by its content', async () => {
  for (const [content, label] of [
    [await drawing(0), '7'],
    [gzipSync(idx(1)), '7'],
    [Buffer.from(testImage(1).join(',')), '2'],
  ] as const) {
    const child = spawn(process.execPath, [coordinator, 'predict', model, '-'], {
      cwd,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    child.stdin.end(content);
    let text = '';
    for await (const part of child.stdout) text += part;
    assert.match(text, new RegExp(`^-(\\[0\\])?  ${label}  \\d`));
  }
});

test('text, --top, --csv and their refusals', async () => {
  const picture = join('pictures', '0000.jpg');
  const text = await expectCode(0, ['predict', model, picture, '--top', '2'], { cwd });
  assert.match(text.stdout, /^\S+0000\.jpg {2}7 {2}[\d.]+ % {2}\d {2}[\d.]+ %\n$/);
  const csv = await expectCode(0, ['predict', model, picture, 'ten.idx', '--csv', '--top', '3'], { cwd });
  const [header, first, ...others] = csv.stdout.trimEnd().split('\n');
  assert.equal(header, 'file,index,rank,label,probability');
  assert.match(first, /0000\.jpg,,1,7,0\.\d+$/);
  assert.equal(others.length, 32);
  assert.match(others[2], /^ten\.idx,0,1,7,/);
  const { predictions } = await predicted(0, model, picture, '--top', '99');
  assert.equal(predictions[0].top.length, 10);
  assert.ok(Math.abs(predictions[0].top.reduce((sum, { probability }) => sum + probability, 0) - 1) < 1e-5);
  for (const [words, said] of [
    [['--csv', '--json'], '--csv'],
    [['--top', '0'], '--top'],
    [['--threads', 'many'], '--threads'],
    [['--as', 'emnist'], '--as'],
    [['-', '-'], 'stdin'],
  ] as const) {
    const { stderr } = await expectCode(2, ['predict', model, picture, ...words], { cwd });
    says(stderr, said);
  }
});

test('a model of other images takes pictures as they are, --as overrides it', async () => {
  const inputs = Array.from({ length: 200 }, (_, i) => testImage(i));
  const targets = Array.from(testLabels.subarray(0, 200));
  const recipe = { 'model.hidden': [32], 'train.epochs': 20, 'optimizer.lr': 0.1, 'train.batch': 16 };
  const own = await train({ inputs, targets, shape: [28, 28] }, { recipe, threads: 1 });
  await own.save(path('own.safetensors'));
  const picture = join('pictures', '0000.jpg');
  const { stderr } = await expectCode(0, ['predict', 'own.safetensors', picture], { cwd });
  says(stderr, '--as mnist');
  const asked = await expectCode(0, ['predict', 'own.safetensors', picture, '--as', 'mnist'], { cwd });
  assert.match(asked.stdout, / {2}7 {2}/);
  assert.equal(asked.stderr, '');
  const flat = await train(
    { inputs: inputs.map((one) => one.subarray(0, 10)), targets },
    { recipe, threads: 1 },
  );
  await flat.save(path('flat.safetensors'));
  says((await expectCode(1, ['predict', 'flat.safetensors', picture], { cwd })).stderr, '0000.jpg', '10');
});

test('without the package sharp: one line, and other files are predicted', async () => {
  writeFileSync(
    path('without.mjs'),
    `import { registerHooks } from 'node:module';
registerHooks({ resolve(name, context, next) {
  if (name === 'sharp') throw Object.assign(new Error('no sharp'), { code: 'ERR_MODULE_NOT_FOUND' });
  return next(name, context);
} });`,
  );
  const environment = { NODE_OPTIONS: `--import=${fileURLToPath(new URL(`file://${path('without.mjs')}`))}` };
  const { code, stdout, stderr } = await cli(['predict', model, 'pictures', 'ten.idx'], { cwd, environment });
  assert.equal(code, 1);
  assert.equal(stdout.trimEnd().split('\n').length, 10);
  assert.equal(stderr, 'error: images need the package sharp: npm install sharp\n');
});
