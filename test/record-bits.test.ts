/** Records of bits: each case that differs, is new or has vanished is reported; those of another kernel level are not compared. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { bitCases } from '../scripts/record-bits/cases.ts';
import {
  type Bits,
  bitRecord,
  differences,
  incomparable,
  runtimeNotes,
} from '../scripts/record-bits/compare.ts';

const bits = (change: Partial<Bits> = {}): Bits => ({
  exit: 0,
  tensors: { '0.weight': 'aa', '0.bias': 'bb' },
  metrics: 'cc',
  ...change,
});
const all = () => true;
const runtime = { node: '24.21.0', arch: 'x64', wasmLevel: 'relaxed-256', tensorflow: '2.9.1' };

test('equal records differ in nothing; each change is told with its case', () => {
  assert.deepEqual(differences({ a: bits() }, { a: bits() }, all), []);
  const now = { a: bits({ exit: 3, tensors: { '0.weight': 'xx', '1.bias': 'bb' }, metrics: 'yy' }) };
  assert.deepEqual(differences({ a: bits() }, now, all), [
    'a: exit 0 → 3, 0.weight, −0.bias, +1.bias, metrics.csv',
  ]);
});

test('cases that vanished or are new count as differences, those that were not asked for do not', () => {
  const [before, now] = [
    { a: bits(), b: bits(), c: bits() },
    { a: bits(), d: bits() },
  ];
  const found = differences(before, now, (name) => name !== 'c');
  assert.equal(found.length, 2);
  assert.match(found[0], /^b: vanished/);
  assert.match(found[1], /^d: new/);
});

test('another WebAssembly level is refused, another Node or TensorFlow is noted', () => {
  assert.equal(incomparable(runtime, runtime), null);
  assert.match(incomparable(runtime, { ...runtime, wasmLevel: 'simd' }) ?? '', /relaxed-256.*simd/);
  assert.deepEqual(runtimeNotes(runtime, { ...runtime, tensorflow: null }), []);
  assert.match(runtimeNotes(runtime, { ...runtime, node: '26.0.0' }).join(), /24\.21\.0.*26\.0\.0/);
});

test('the committed record is of the cases that the script runs, and says of which runtime', () => {
  const text = readFileSync(new URL('fixtures/recorded-bits.json', import.meta.url), 'utf8');
  const record = bitRecord.parse(JSON.parse(text));
  assert.deepEqual(
    Object.keys(record.cases).sort(),
    bitCases()
      .map(([name]) => name)
      .sort(),
  );
  assert.notEqual(record.runtime.tensorflow, null, 'the cases of tfjs-node were left out');
});
