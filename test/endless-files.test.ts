/** Files without an end, pipes without a writer, folders, files that claim far more than they have: one line, little memory. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { readSmallText } from '../dist/config/read-text.js';
import { load } from '../dist/index.js';
import { cli, expectCode } from './support/cli.ts';
import { tinySet, writeFiles } from './support/data-files.ts';
import { greyPng } from './support/odd-images.ts';
import { onnxFile } from './support/onnx-files.ts';
import { peakMemory } from './support/peak-memory.ts';
import { refusing } from './support/says.ts';

const cwd = await mkdtemp(join(tmpdir(), 'shardstep-endless-'));
after(() => rm(cwd, { recursive: true, force: true }));
const hasPipes = existsSync('/dev/zero') && spawnSync('mkfifo', [join(cwd, 'pipe')]).status === 0;
const needsPipes = { skip: hasPipes ? false : 'no pipes and devices in folders' };

const training = [
  'train',
  'data.set=idx',
  'data.dir=data',
  'data.features.kind=pixels',
  'train.epochs=1',
  'train.batch=2',
  '--threads',
  '1',
];

before(async () => {
  mkdirSync(join(cwd, 'folder'));
  mkdirSync(join(cwd, 'data'));
  await writeFiles(join(cwd, 'data'), tinySet());
  await expectCode(0, [...training, '--out', 'run'], { cwd });
});

/** A process that reads everything would need gigabytes. */
const mostMebibytes = 700;

async function refused(words: readonly string[], said: RegExp): Promise<void> {
  const { environment, mebibytes } = peakMemory(cwd);
  const { code, stderr } = await cli(words, { cwd, environment });
  assert.ok(code === 1 || code === 2, `${words.join(' ')}: exit ${code}\n${stderr}`);
  assert.match(stderr, /^error: .{1,500}\n$/);
  assert.match(stderr, said);
  assert.ok(mebibytes() < mostMebibytes, `${mebibytes()} MiB`);
}

const commandsOf = (file: string) => [
  ['predict', file, 'x.png'],
  ['predict', 'run', file],
  ['eval', file],
  ['export', file, '--to', 'y.onnx'],
  ['import', file, '--to', 'y.safetensors'],
  [...training, `model.init.file=${file}`, '--out', 'other'],
];

for (const [file, said] of [
  ['/dev/zero', /\/dev\/zero.*neither a file/],
  ['pipe', /pipe.*neither a file/],
  // `predict run folder` looks for images in it, `predict folder` for a model.
  ['folder', /folder/],
] as const)
  for (const words of commandsOf(file))
    test(`${words.filter((word) => !training.includes(word)).join(' ')}: refused`, needsPipes, () =>
      refused(words, said),
    );

for (const [file, words] of [
  ['result.json', ['verify', 'copy']],
  ['final.safetensors', ['verify', 'copy']],
  ['metrics.csv', ['verify', 'copy']],
  ['final.safetensors', ['eval', 'copy']],
] as const)
  test(`${words.join(' ')} with a pipe in the place of ${file}: refused`, needsPipes, async () => {
    cpSync(join(cwd, 'run'), join(cwd, 'copy'), { recursive: true });
    await rm(join(cwd, 'copy', file));
    spawnSync('mkfifo', [join(cwd, 'copy', file)]);
    await refused(words, new RegExp(`${file}.*neither a file`));
    await rm(join(cwd, 'copy'), { recursive: true });
  });

test('a model of 3 GB that holds nothing', needsPipes, async () => {
  writeFileSync(join(cwd, 'large.safetensors'), '');
  truncateSync(join(cwd, 'large.safetensors'), 3 * 2 ** 30);
  for (const words of commandsOf('large.safetensors'))
    await refused(words, /large\.safetensors.* \d+ bytes, expected at most \d+/);
  await assert.rejects(
    load(join(cwd, 'large.safetensors')),
    refusing(1, 'large.safetensors', 'expected at most'),
  );
  await assert.rejects(load('/dev/zero'), refusing(1, '/dev/zero', 'neither a file'));
});

test('a pipe without a writer is no configuration', needsPipes, async () => {
  await assert.rejects(
    readSmallText(join(cwd, 'pipe'), 100),
    /no program has written to this pipe within 0\.1 s/,
  );
});

const billion = 10 ** 9;

function safetensorsHeader(header: object, length?: bigint): Buffer {
  const json = Buffer.from(JSON.stringify(header));
  const start = Buffer.alloc(8);
  start.writeBigUInt64LE(length ?? BigInt(json.length));
  return Buffer.concat([start, json]);
}

/** 16 bytes of a header of IDX. */
const idxHeader = (...sizes: number[]) => Buffer.from(Uint32Array.of(0x803, ...sizes).buffer).swap32();

/** What its last four bytes promise. */
const gzipPromise = (() => {
  const bytes = gzipSync(Buffer.alloc(1000, 1));
  bytes.writeUInt32LE(2 ** 32 - 1, bytes.length - 4);
  return bytes;
})();

const wide = { dtype: 'F32', shape: [billion, billion], data_offsets: [0, 4 * billion * billion] };
const claims: Readonly<Record<string, Uint8Array>> = {
  'square.png': greyPng(billion, billion, Buffer.alloc(100)),
  'square.gif': Buffer.from('GIF89a\xff\xff\xff\xff\0\0\0', 'latin1'),
  'square.idx': idxHeader(1, billion, billion),
  'many.idx': idxHeader(2 ** 32 - 1, 28, 28),
  'promise.gz': gzipPromise,
  'square.safetensors': safetensorsHeader({ '0.weight': wide }),
  'header.safetensors': safetensorsHeader({}, 2n ** 62n),
  'square.onnx': onnxFile({
    inputs: [['x', [null, billion]]],
    outputs: ['y'],
    tensors: [{ name: 'w', shape: [billion, billion], values: [1] }],
    nodes: [['MatMul', ['x', 'w'], 'y']],
  }),
};

for (const [name, bytes] of Object.entries(claims))
  test(`${name} claims far more than it has: refused`, async () => {
    writeFileSync(join(cwd, name), bytes);
    const isModel = /\.(safetensors|onnx)$/.test(name);
    const words = [
      ['import', name, '--to', 'z.safetensors'],
      ['eval', name],
      [...training, `model.init.file=${name}`, '--out', 'other'],
    ];
    for (const each of isModel ? words : [['predict', 'run', name, '--as', 'mnist']])
      await refused(each, new RegExp(name.replace('.', '\\.')));
  });

test('a configuration from a pipe is read to its end', needsPipes, async () => {
  const said = spawnSync(
    'sh',
    [
      '-c',
      `(sleep 0.3; echo "train: {"; sleep 0.3; echo "batch: 7 }") | cat > pipe & exec "$@"`,
      'sh',
      process.execPath,
      '-e',
      `
    import('${new URL('../dist/config/read-text.js', import.meta.url)}').then(async ({ readSmallText }) => console.log(await readSmallText('pipe')))`,
    ],
    { cwd, encoding: 'utf8' },
  );
  assert.equal(said.stdout, 'train: {\nbatch: 7 }\n\n', said.stderr);
});
