import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  readSafetensors,
  readSafetensorsMetadata,
  type Tensor,
  writeSafetensors,
} from '../dist/model/safetensors.js';
import { UserError } from '../dist/user-error.js';

/** A file with this header and body, whatever sense it makes. */
function fileOf(header: unknown, body: Uint8Array = new Uint8Array()): Uint8Array {
  const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return new Uint8Array(Buffer.concat([length, json, body]));
}

const bytesOf = (array: ArrayBufferView) => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);

/** Reads, or gives the UserError; any other exception goes through and fails the test. */
function readOrRefusal(bytes: Uint8Array): Map<string, Tensor> | UserError {
  try {
    return readSafetensors(bytes, 'm.safetensors');
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
}

const golden = new URL('golden/', import.meta.url);

for (const name of readdirSync(golden).filter((file) => file.endsWith('.safetensors'))) {
  test(`${name}, written by PyTorch, is read and written again with the same values`, () => {
    const bytes = readFileSync(new URL(name, golden));
    const tensors = readSafetensors(bytes, name);
    const weight = tensors.get('final.0.weight');
    const bias = tensors.get('final.0.bias');
    assert.ok(weight !== undefined && bias !== undefined);
    assert.deepEqual(weight.shape.length, 2);
    assert.equal(weight.shape[0], bias.shape[0]);
    assert.ok(weight.data.every((value) => Math.abs(value) < 5) && weight.data.some((value) => value !== 0));
    // An independent look at one number: the very last four bytes of the file.
    const last = [...tensors.values()].at(-1);
    assert.equal(last?.data.at(-1), bytes.readFloatLE(bytes.length - 4));
    assert.deepEqual(readSafetensors(writeSafetensors(tensors), name), tensors);
  });
}

const tensor = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 }).chain((shape) => {
  const length = shape.reduce((product, size) => product * size, 1);
  return fc.float32Array({ minLength: length, maxLength: length }).map((data): Tensor => ({ shape, data }));
});
const name = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.constantFrom('__proto__', 'constructor', '0', '"\n'),
);
const tensorMaps = fc
  .array(fc.tuple(name, tensor), { maxLength: 5 })
  .map((entries) => new Map(entries.filter(([key]) => key !== '__metadata__')));

test('any tensors and metadata come back bit for bit, from any alignment, with the body on 8 bytes', () => {
  fc.assert(
    fc.property(tensorMaps, fc.dictionary(name, fc.string()), fc.nat(7), (tensors, metadata, shift) => {
      const written = writeSafetensors(tensors, metadata);
      assert.equal(new DataView(written.buffer).getBigUint64(0, true) % 8n, 0n);
      const shifted = new Uint8Array(written.length + shift).subarray(shift);
      shifted.set(written);
      const back = readSafetensors(shifted, 'x');
      assert.deepEqual([...back.keys()].sort(), [...tensors.keys()].sort());
      for (const [key, { shape, data }] of tensors) {
        assert.deepEqual(back.get(key)?.shape, shape);
        assert.deepEqual(bytesOf(back.get(key)?.data ?? new Float32Array()), bytesOf(data));
      }
      assert.deepEqual(
        Object.entries(readSafetensorsMetadata(shifted, 'x')).sort(),
        Object.entries(metadata).sort(),
      );
    }),
  );
});

test('every truncation is refused', () => {
  const tensors = new Map([
    ['w', { shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) }],
    ['b', { shape: [2], data: Float32Array.of(7, 8) }],
  ]);
  const whole = writeSafetensors(tensors, { format: 'pt' });
  for (let length = 0; length < whole.length; length++) {
    assert.ok(readOrRefusal(whole.slice(0, length)) instanceof UserError, `first ${length} bytes`);
  }
  assert.ok(readOrRefusal(new Uint8Array([...whole, 0])) instanceof UserError, 'one byte too many');
});

test('flipped bytes of the header give a refusal or a read, never another exception', () => {
  const flips = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })), {
    minLength: 1,
    maxLength: 4,
  });
  fc.assert(
    fc.property(tensorMaps, flips, (tensors, changes) => {
      const bytes = writeSafetensors(tensors, { format: 'pt' });
      const headerEnd = 8 + Number(new DataView(bytes.buffer).getBigUint64(0, true));
      for (const [at, mask] of changes) {
        const index = at % headerEnd;
        bytes[index] = (bytes[index] ?? 0) ^ mask;
      }
      readOrRefusal(bytes);
    }),
    { numRuns: 2000 },
  );
});

test('any JSON as the header gives a refusal or a read', () => {
  const entry = fc.record(
    {
      dtype: fc.oneof(fc.constantFrom('F32', 'F64', 'I8'), fc.jsonValue()),
      shape: fc.jsonValue(),
      data_offsets: fc.jsonValue(),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(fc.oneof(fc.jsonValue(), fc.dictionary(fc.string(), entry)), (header) => {
      readOrRefusal(fileOf(header, new Uint8Array(8)));
    }),
  );
});

const f32 = (shape: unknown, data_offsets: unknown) => ({ dtype: 'F32', shape, data_offsets });
for (const [problem, header, bodyBytes, message] of [
  ['text that is not JSON', '{"a":', 0, /not JSON/],
  ['a header that is an array', [], 0, /JSON object/],
  ['an unknown dtype', { w: { ...f32([1], [0, 4]), dtype: 'I64' } }, 4, /"w": dtype: .*"I64"/],
  ['no dtype', { w: { shape: [1], data_offsets: [0, 4] } }, 4, /"w": dtype/],
  ['a negative size', { w: f32([-1], [0, 4]) }, 4, /"w": shape/],
  ['a fractional size', { w: f32([0.5], [0, 2]) }, 2, /"w": shape/],
  ['a shape beyond all numbers', { w: f32([1e15, 1e15, 0], [0, 0]) }, 4, /./],
  ['a size that does not fit the shape', { w: f32([2], [0, 4]) }, 4, /"w": data_offsets: expected 8 bytes/],
  ['three offsets', { w: f32([1], [0, 4, 8]) }, 4, /"w": data_offsets/],
  ['offsets the wrong way round', { w: f32([1], [4, 0]) }, 4, /"w": data_offsets/],
  ['data past the end', { w: f32([2], [0, 8]) }, 4, /"w": ends at byte 8/],
  ['a hole', { a: f32([1], [0, 4]), w: f32([1], [8, 12]) }, 12, /"w": expected data to begin at byte 4/],
  ['an overlap', { a: f32([2], [0, 8]), w: f32([2], [4, 12]) }, 12, /"w": expected data to begin at byte 8/],
  [
    'two tensors in one place',
    { a: f32([1], [0, 4]), w: f32([1], [0, 4]) },
    4,
    /"w": expected data to begin/,
  ],
  ['bytes left over', { w: f32([1], [0, 4]) }, 8, /expected 4 bytes of tensor data, got 8/],
  ['metadata that is not strings', { __metadata__: { step: 1 } }, 0, /__metadata__/],
] as const) {
  test(`${problem}: refused in one line that names the file`, () => {
    const refusal = readOrRefusal(fileOf(header, new Uint8Array(bodyBytes)));
    assert.ok(refusal instanceof UserError);
    assert.equal(refusal.exitCode, 1);
    assert.match(refusal.message, message);
    assert.match(refusal.message, /^m\.safetensors: [^\n]+$/);
  });
}

test('a header length beyond the file, up to the largest there is, is refused', () => {
  for (const length of [1n, 2n ** 31n, 2n ** 53n, 2n ** 64n - 1n]) {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setBigUint64(0, length, true);
    assert.match(String(readOrRefusal(bytes)), new RegExp(`header length of ${length}`));
  }
});

test('a tensor name that is not UTF-8 is refused rather than changed', () => {
  const bytes = writeSafetensors(new Map([['w', { shape: [], data: Float32Array.of(1) }]]));
  bytes[bytes.indexOf('w'.charCodeAt(0))] = 0xff;
  assert.match(String(readOrRefusal(bytes)), /not JSON/);
});

test('F64, F16 and BF16 are read as float32', () => {
  const read = (dtype: string, stored: ArrayBufferView, count: number) => {
    const body = bytesOf(stored);
    const bytes = fileOf({ w: { dtype, shape: [count], data_offsets: [0, body.length] } }, body);
    return [...(readSafetensors(bytes, 'x').get('w')?.data ?? [])];
  };
  assert.deepEqual(read('F64', Float64Array.of(0.1, -2), 2), [Math.fround(0.1), -2]);
  assert.deepEqual(read('BF16', Uint16Array.of(0x3f80, 0xc000, 0x7f80), 3), [
    1,
    -2,
    Number.POSITIVE_INFINITY,
  ]);
  // 1, −2, the largest, the smallest subnormal, the largest subnormal, ∞, NaN, −0
  const halves = Uint16Array.of(0x3c00, 0xc000, 0x7bff, 0x0001, 0x03ff, 0x7c00, 0x7e00, 0x8000);
  assert.deepEqual(read('F16', halves, 8), [
    ...[1, -2, 65_504, 2 ** -24, 1023 * 2 ** -24, Number.POSITIVE_INFINITY, Number.NaN, -0],
  ]);
});

test('what is read is a copy that outlives the bytes', () => {
  const bytes = writeSafetensors(new Map([['w', { shape: [], data: Float32Array.of(5) }]]));
  const tensors = readSafetensors(bytes, 'x');
  bytes.fill(0);
  assert.deepEqual(tensors.get('w'), { shape: [], data: Float32Array.of(5) });
});

test('a tensor that does not fit its shape is not written', () => {
  assert.throws(
    () => writeSafetensors(new Map([['w', { shape: [2], data: new Float32Array(3) }]])),
    RangeError,
  );
  assert.throws(() =>
    writeSafetensors(new Map([['__metadata__', { shape: [], data: new Float32Array(1) }]])),
  );
});
