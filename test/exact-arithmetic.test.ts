/** Nothing that an implementation chooses is on the path from seed, configuration and data to the bits of a model. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { cos, exp, floorLog2, hypot, log, pow, powerOfTwo, tanh } from '../dist/numbers/elementary.js';
import { inexact, offThePath } from './support/inexact.ts';

const source = new URL('../src/', import.meta.url);
const tree = new Map(
  readdirSync(source, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !/^kernels\/(directions\/)?assembly\//.test(file))
    .map((file) => [file, readFileSync(new URL(file, source), 'utf8')]),
);

test('src/: no function of Math that is not exact, and no power, is on the path of the bits', () => {
  assert.deepEqual(inexact(tree), []);
  for (const off of Object.keys(offThePath)) assert.ok(existsSync(new URL(off, source)), off);
});

for (const [text, found] of [
  ['Math.cos(x)', 'Math.cos'],
  ['const { exp } = Math;', 'Math'],
  ["Math['exp'](x)", 'Math['],
  ['values.map(Math.tanh)', 'Math.tanh'],
  ['Math\n  .log2(x)', 'Math\n  .log2'],
  ['beta ** step', '**'],
  ['x **= 2', '**='],
  ['2 ** exponent', '2 **'],
  ['12 ** 3', '** 3'],
  ['2 ** 0.5', '2 **'],
] as const)
  test(`a seeded violation is found: ${text}`, () => {
    assert.deepEqual(inexact(new Map([['optim/x.ts', `/** Math.exp */\n${text}\n`]])), [
      `optim/x.ts:2: ${found}`,
    ]);
  });

test('exact operations, constants, comments and rooms off the path are no violations', () => {
  const text = "// x ** 2\nMath.sqrt(2 ** 32 * Math.PI); 2 ** -24; 'Math.exp'; Math.floor(x);\n";
  assert.deepEqual(inexact(new Map([['optim/x.ts', text]])), []);
  assert.deepEqual(inexact(new Map([['report/x.ts', 'Math.exp(1)']])), []);
});

const elementary = { cos, exp, hypot, log, pow, tanh };

/** Of the result, in units in the last place of `Math`'s, which has at most one of error. */
function ulps(value: number, expected: number): number {
  if (value === expected || (Number.isNaN(value) && Number.isNaN(expected))) return 0;
  const bits = Float64Array.of(Math.abs(value), Math.abs(expected));
  const [a, b] = new BigInt64Array(bits.buffer);
  return Math.sign(value) === Math.sign(expected) ? Math.abs(Number(a - b)) : Number.POSITIVE_INFINITY;
}

test('the elementary functions are those of Math, within two units in the last place', () => {
  const double = fc.double({ min: -800, max: 800 });
  const positive = fc.double({ min: 1e-300, max: 1e300 });
  fc.assert(
    fc.property(double, double, positive, (x, y, p) => {
      for (const name of ['cos', 'exp', 'tanh'] as const)
        assert.ok(ulps(elementary[name](x), Math[name](x)) <= 2, `${name}(${x})`);
      assert.ok(ulps(elementary.log(p), Math.log(p)) <= 2, `log(${p})`);
      assert.ok(ulps(elementary.pow(p, x / 800), p ** (x / 800)) <= 2, `pow(${p}, ${x / 800})`);
      assert.ok(ulps(elementary.hypot(x, y), Math.hypot(x, y)) <= 2, `hypot(${x}, ${y})`);
    }),
    { numRuns: 3000 },
  );
  for (const x of [0, -0, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 5e-324]) {
    for (const name of ['cos', 'exp', 'log', 'tanh'] as const)
      assert.ok(Object.is(elementary[name](x), Math[name](x)), `${name}(${x})`);
    assert.ok(Object.is(elementary.hypot(x, 3), Math.hypot(x, 3)), `hypot(${x}, 3)`);
  }
});

test('powers and logarithms of two are exact', () => {
  for (let k = -1080; k <= 1030; k++) assert.equal(powerOfTwo(k), 2 ** k, `${k}`);
  for (let k = 0; k < 32; k++) {
    assert.equal(floorLog2(2 ** k), k);
    assert.equal(floorLog2(2 ** k * 1.9), k);
  }
});

test('the elementary functions have the recorded bits, on every machine', () => {
  const bits = (value: number) => new BigUint64Array(Float64Array.of(value).buffer)[0].toString(16);
  const found = [
    elementary.cos(1),
    elementary.cos(Math.PI * 0.37),
    elementary.exp(-1.5),
    elementary.log(0.3),
    elementary.pow(0.999, 1234),
    elementary.pow(0.7, 3.5),
    elementary.tanh(0.4),
    elementary.hypot(0.1, 0.7),
  ].map(bits);
  assert.deepEqual(found, recorded);
});

const recorded: readonly string[] = [
  '3fe14a280fb5068c',
  '3fd96adefc7ce9c1',
  '3fcc8f87724b5c1d',
  'bff34378fcbda721',
  '3fd29edc3254efc2',
  '3fd25dc9d3feaae5',
  '3fd8511573c242d6',
  '3fe6a09e667f3bcd',
];
