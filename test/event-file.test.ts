import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { crc32c } from '../dist/run/crc32c.js';
import { EventFile, eventFileName } from '../dist/run/event-file.js';
import { expectCode, readMetrics, workingDirectory } from './support/cli.ts';

interface Scalar {
  readonly wall: number;
  readonly step: number;
  readonly tag: string;
  readonly value: number;
}

/** Bit by bit, from the definition: x³² + x²⁸ + x²⁷ + …, reflected. */
function slowCrc32c(data: Uint8Array): number {
  let crc = 0xffffffffn;
  for (const byte of data) {
    crc ^= BigInt(byte);
    for (let bit = 0; bit < 8; bit++) crc = crc & 1n ? (crc >> 1n) ^ 0x82f63b78n : crc >> 1n;
  }
  return Number(crc ^ 0xffffffffn);
}

const unmasked = (masked: number) => {
  const rotated = BigInt.asUintN(32, BigInt(masked) - 0xa282ead8n);
  return Number(BigInt.asUintN(32, (rotated >> 17n) | (rotated << 15n)));
};

/** Messages of protocol buffers as [field, value], for the wire types that event files have. */
function fieldsOf(bytes: Buffer): [number, Buffer | bigint][] {
  const fields: [number, Buffer | bigint][] = [];
  let at = 0;
  const varint = () => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++];
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < bytes.length) {
    const key = Number(varint());
    const kind = key & 7;
    if (kind === 0) fields.push([key >> 3, varint()]);
    else {
      const length = kind === 1 ? 8 : kind === 5 ? 4 : Number(varint());
      fields.push([key >> 3, bytes.subarray(at, at + length)]);
      at += length;
    }
  }
  return fields;
}

/** Reads a whole file and checks every CRC. */
function readEvents(file: Buffer): { version: string; scalars: Scalar[] } {
  let version = '';
  const scalars: Scalar[] = [];
  for (let at = 0; at < file.length; ) {
    const length = Number(file.readBigUInt64LE(at));
    assert.equal(unmasked(file.readUInt32LE(at + 8)), slowCrc32c(file.subarray(at, at + 8)));
    const data = file.subarray(at + 12, at + 12 + length);
    assert.equal(unmasked(file.readUInt32LE(at + 12 + length)), slowCrc32c(data));
    at += length + 16;
    const event = new Map(fieldsOf(data));
    const [wall, step, text, summary] = [1, 2, 3, 5].map((field) => event.get(field));
    if (Buffer.isBuffer(text)) version = text.toString();
    if (!Buffer.isBuffer(summary) || !Buffer.isBuffer(wall)) continue;
    for (const [, value] of fieldsOf(summary)) {
      const parts = new Map(fieldsOf(value as Buffer));
      const [tag, simple] = [parts.get(1) as Buffer, parts.get(2) as Buffer];
      scalars.push({
        wall: wall.readDoubleLE(),
        step: Number(step),
        tag: `${tag}`,
        value: simple.readFloatLE(),
      });
    }
  }
  return { version, scalars };
}

test('the check value of CRC-32C, and the definition on other bytes', () => {
  assert.equal(crc32c(Buffer.from('123456789')), 0xe3069283);
  assert.equal(crc32c(Buffer.alloc(32)), 0x8a9136aa); // RFC 3720, B.4
  for (const text of ['', 'a', 'brain.Event:2', 'é'.repeat(1000)])
    assert.equal(crc32c(Buffer.from(text)), slowCrc32c(Buffer.from(text)));
});

test('scalars come back with step, wall time, tag and value', async (t) => {
  const path = join(await workingDirectory(t), 'seed-1', eventFileName);
  const file = new EventFile(1_700_000_000_000);
  file.scalars(1, 0, { loss: 2.5, learning_rate: 0.25 });
  file.open(path);
  file.scalars(300, 1500, { accuracy: 0.5 });
  file.scalars(2 ** 40, 2000, { loss: -1 });
  file.finish();
  const { version, scalars } = readEvents(readFileSync(path));
  assert.equal(version, 'brain.Event:2');
  assert.deepEqual(scalars, [
    { wall: 1_700_000_000, step: 1, tag: 'loss', value: 2.5 },
    { wall: 1_700_000_000, step: 1, tag: 'learning_rate', value: 0.25 },
    { wall: 1_700_000_001.5, step: 300, tag: 'accuracy', value: 0.5 },
    { wall: 1_700_000_002, step: 2 ** 40, tag: 'loss', value: -1 },
  ]);
});

test('log.tensorboard leaves what metrics.csv holds; without it there is no such file', async (t) => {
  const cwd = await workingDirectory(t);
  const train = ['train', '--config', 'mnist-97', '--quiet'];
  const before = Date.now();
  await expectCode(0, [...train, 'log.tensorboard=true', '--out', 'with'], { cwd });
  await expectCode(0, [...train, '--out', 'without'], { cwd });
  assert.ok(!readdirSync(join(cwd, 'without')).some((name) => name.includes('tfevents')));
  const { scalars } = readEvents(readFileSync(join(cwd, 'with', eventFileName)));
  const rows = await readMetrics(join(cwd, 'with'));
  const of = (tag: string) => scalars.filter((scalar) => scalar.tag === tag);
  const steps = rows.map(({ step }) => step);
  assert.deepEqual(
    of('loss').map(({ step, value }) => [step, value]),
    rows.map(({ step, loss }) => [step, Math.fround(loss)]),
  );
  assert.deepEqual(
    of('learning_rate').map(({ value }) => value),
    rows.map(({ lr }) => Math.fround(lr)),
  );
  assert.deepEqual(
    of('accuracy').map(({ step, value }) => [step, value]),
    [[steps.at(-1), Math.fround(rows.at(-1)?.accuracy ?? 0)]],
  );
  for (const { wall } of scalars) assert.ok(wall * 1000 > before && wall * 1000 < Date.now());
});

test('several seeds are folders of their own, which TensorBoard takes for runs', async (t) => {
  const cwd = await workingDirectory(t);
  const words = [
    'train',
    '--config',
    'mnist-97',
    '--seeds',
    '2',
    'log.tensorboard=true',
    'seed=5',
    '--out',
    'run',
  ];
  await expectCode(0, [...words, '--quiet'], { cwd });
  for (const seed of [5, 6]) {
    const { scalars } = readEvents(readFileSync(join(cwd, 'run', `seed-${seed}`, eventFileName)));
    assert.ok(scalars.some(({ tag }) => tag === 'accuracy'));
  }
  assert.ok(!readdirSync(join(cwd, 'run')).includes(eventFileName));
});

const python = process.env.SHARDSTEP_PEERS || 'python3';
const reader = `
import json, sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
events = EventAccumulator(sys.argv[1], size_guidance={'scalars': 0})
events.Reload()
print(json.dumps({tag: [[e.step, e.wall_time, e.value] for e in events.Scalars(tag)] for tag in events.Tags()['scalars']}))
`;
const canImport = spawnSync(python, ['-c', 'import tensorboard'], { encoding: 'utf8' }).status === 0;

test('TensorBoard’s own reader finds the same', {
  skip: canImport ? false : `${python} has no tensorboard; SHARDSTEP_PEERS names a Python that has`,
}, async (t) => {
  const cwd = await workingDirectory(t);
  await expectCode(0, ['train', '--config', 'mnist-97', 'log.tensorboard=true', '--out', 'run', '--quiet'], {
    cwd,
  });
  const { scalars } = readEvents(readFileSync(join(cwd, 'run', eventFileName)));
  const said = execFileSync(python, ['-c', reader, join(cwd, 'run')], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const found: Record<string, [number, number, number][]> = JSON.parse(said);
  assert.deepEqual(Object.keys(found).sort(), ['accuracy', 'learning_rate', 'loss']);
  for (const [tag, events] of Object.entries(found))
    assert.deepEqual(
      events,
      scalars.filter((scalar) => scalar.tag === tag).map(({ step, wall, value }) => [step, wall, value]),
    );
});
