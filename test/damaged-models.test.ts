/** Damaged model files are opened or refused in one line, in bounded time; `npm run fuzz:models` opens 100,000. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { importFile } from '../dist/inference/import-file.js';
import { savedModel } from '../dist/inference/saved-model.js';
import { parseWeights } from '../dist/inference/weights-file.js';
import { readSafetensors, writeSafetensors } from '../dist/model/safetensors.js';
import { UserError } from '../dist/user-error.js';
import { damagedFiles, openDamaged } from './support/damaged-models.ts';

test('4,000 damaged files: opened or refused, nothing else', () => {
  let refused = 0;
  for (const file of damagedFiles(20_261_129, 4000)) refused += Number(openDamaged(file) !== null);
  assert.ok(refused > 2000 && refused < 4000, `${refused} refused`);
});

test('the same seed gives the same files', () => {
  const some = () => [...damagedFiles(5, 20)].map(({ bytes }) => Buffer.from(bytes).toString('hex'));
  assert.deepEqual(some(), some());
});

/** A model of ours with other metadata. */
function described(metadata: Readonly<Record<string, string>>): Uint8Array {
  const tensors = new Map([
    ['0.weight', { shape: [2, 4], data: new Float32Array(8) }],
    ['0.bias', { shape: [2], data: new Float32Array(2) }],
  ]);
  const sound = { 'shardstep.format': '1', input: '[2,2,1]', labels: '["a","b"]', 'model.hidden': '[]' };
  return writeSafetensors(tensors, { ...sound, ...metadata });
}

function refusal(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    assert.ok(error instanceof UserError, String(error));
    assert.match(error.message, /^[^\r\n]{1,600}$/);
    return error.message;
  }
  assert.fail('no refusal');
}

test('samples of more values than a network can have are refused before there is room for one', () => {
  const opened = (bytes: Uint8Array) => savedModel(parseWeights(bytes, 'm'), 'm');
  opened(described({}));
  for (const input of ['[4,4,16777216]', '[16777216,16777216,16777216]']) {
    const before = process.memoryUsage().arrayBuffers;
    assert.match(
      refusal(() => opened(described({ input }))),
      /^m: input: expected/,
    );
    assert.ok(process.memoryUsage().arrayBuffers - before < 2 ** 24);
  }
});

test('long names, shapes and values are cut in messages', () => {
  const header = (name: string, entry: object) => {
    const json = Buffer.from(JSON.stringify({ [name]: entry }));
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(json.length));
    return new Uint8Array(Buffer.concat([length, json]));
  };
  const name = 'n'.repeat(100_000);
  const long = Array.from({ length: 10_000 }, () => 1);
  for (const entry of [
    { dtype: 'I64', shape: [1], data_offsets: [0, 4] },
    { dtype: 'F32', shape: long, data_offsets: [0, 8] },
    { dtype: 'F32', shape: [1], data_offsets: [4, 8] },
    { dtype: 'F32', shape: [1], data_offsets: [0, 4] },
    { dtype: 'F32', shape: [-1], data_offsets: [0, 4] },
  ])
    assert.match(
      refusal(() => readSafetensors(header(name, entry), 'm')),
      /"nnn/,
    );
  const tensors = new Map([[`${name}.weight`, { shape: [1, 2], data: Float32Array.of(Number.NaN, 1) }]]);
  refusal(() => importFile(writeSafetensors(tensors), 'm.safetensors', null));
  const wide = new Map([[`${name}.weight`, { shape: long, data: new Float32Array(1) }]]);
  refusal(() => importFile(writeSafetensors(wide), 'm.safetensors', null));
  refusal(() => savedModel(parseWeights(described({ 'data.normalise': name }), 'm'), 'm'));
});
