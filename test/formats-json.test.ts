/** A graph as JSON: read again it is the same; anything else is refused with one line that names the place. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toJson } from '../dist/formats/json.js';
import { toFunction } from '../dist/formats/runtime/predict.js';
import { UserError } from '../dist/user-error.js';
import { fromJson } from './support/read-json.ts';
import { pixelGraph, sampleOf, smallGraphs } from './support/small-graphs.ts';

for (const [name, graph] of Object.entries(smallGraphs)) {
  test(`${name}: read again it is the same graph, and written again the same text`, () => {
    const text = toJson(graph);
    const again = fromJson(text);
    assert.equal(toJson(again), text);
    const sample = sampleOf(graph);
    assert.deepEqual(toFunction(again)(sample), toFunction(graph)(sample));
  });
}

test('numbers may be lists', () => {
  const file = JSON.parse(toJson(pixelGraph));
  const [first] = file.ops;
  first.table = Array.from({ length: 256 }, (_, x) => Math.min(255, 2 * x));
  for (const op of file.ops) if (op.op === 'dense') op.bias = Array.from({ length: op.outputs }, () => 0.5);
  const graph = fromJson(JSON.stringify(file));
  assert.deepEqual(graph.ops[0], pixelGraph.ops[0]);
  const last = graph.ops.at(-1);
  assert.ok(last?.op === 'dense');
  assert.deepEqual(Array.from(last.bias), [0.5, 0.5, 0.5]);
});

type Change = (file: ReturnType<typeof JSON.parse>) => unknown;
const refusals: readonly [Change, RegExp][] = [
  [(file) => ({ ...file, format: 'other' }), /format/],
  [(file) => ({ ...file, version: 2 }), /version: expected a number up to 1, got 2/],
  [(file) => ({ ...file, more: 1 }), /more/],
  [(file) => ({ ...file, labels: ['a', 'b'] }), /labels: expected 3, one for each output, got 2/],
  [(file) => ({ ...file, input: [1e9, 1e9, 1] }), /input: expected sizes/],
  [(file) => ({ ...file, input: [0, 12, 1] }), /input/],
  [(file) => ({ ...file, ops: [] }), /labels: expected 120/],
  [(file) => ({ ...file, ops: [...file.ops, { op: 'softmax' }] }), /ops\[11\] \(softmax\)/],
  [(file) => ({ ...file, ops: [{ op: 'eval' }] }), /ops\.0/],
  [(file) => ({ ...file, ops: file.ops.slice(1).concat(file.ops.slice(0, 1)) }), /lookup/],
  [
    (file) => ({ ...file, ops: file.ops.slice(3) }),
    /ops\[1\] \(affine\): expected 30 values of scale, got 20/,
  ],
  [
    (file) => ({ ...file, ops: [{ op: 'crop', by: 5 }, ...file.ops] }),
    /ops\[0\] \(crop\): expected a margin/,
  ],
  [(file) => ({ ...file, ops: [{ op: 'crop', by: 0.5 }, ...file.ops] }), /crop/],
  [(file) => ({ ...file, probabilities: [] }), /probabilities/],
  [(file) => ({ ...file, probabilities: [{ op: 'relu' }] }), /probabilities/],
  [(file) => ({ ...file, values: 'float32' }), /lookup.*integers/],
  [
    (file) => {
      file.ops[10].weight = { type: 'float32', base64: '????' };
      return file;
    },
    /ops\.10\.weight: expected base64/,
  ],
  [
    (file) => {
      file.ops[10].weight = { type: 'float32', base64: 'AAAA' };
      return file;
    },
    /ops\.10\.weight: expected whole float32 values, got 3 bytes/,
  ],
  [
    (file) => {
      file.ops[10].bias = { type: 'float32', base64: 'AADAfwAAwH8AAMB/' };
      return file;
    },
    /ops\[10\] \(dense\): expected finite values of bias, got NaN/,
  ],
  [
    (file) => {
      file.ops[5].step = 0;
      return file;
    },
    /fixedPoint.*step above 0/,
  ],
];
for (const [change, said] of refusals)
  test(`refused: ${said}`, () => {
    const text = JSON.stringify(change(JSON.parse(toJson(pixelGraph))));
    assert.throws(() => fromJson(text, 'm.json'), oneLine(said));
  });

test('no JSON, and JSON of something else', () => {
  for (const text of ['', '{', 'null', '[]', '1', '"x"', '{"format":"shardstep.graph","version":"1"}'])
    assert.throws(() => fromJson(text, 'm.json'), oneLine(/^m\.json: /));
});

function oneLine(said: RegExp) {
  return (error: unknown) => {
    assert.ok(error instanceof UserError, String(error));
    assert.equal(error.exitCode, 1);
    assert.match(error.message, said);
    assert.doesNotMatch(error.message, /\n/);
    assert.ok(error.message.length < 700, error.message);
    return true;
  };
}

/** mulberry32. */
function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (t ^ (t >>> 14)) >>> (0 % 2 ** 31) ? ((t ^ (t >>> 14)) >>> 0) % below : 0;
  };
}

const junk: readonly unknown[] = [
  ...[
    null,
    true,
    0,
    -1,
    1,
    2,
    0.5,
    28,
    1e308,
    -1e308,
    2 ** 31,
    2 ** 53,
    '',
    'relu',
    'directions',
    '__proto__',
  ],
  ...[[], {}, [1], [[]], { op: 'relu' }, { type: 'float64', base64: '' }, { type: 'uint8', base64: 'AA==' }],
  { constructor: { prototype: 1 } },
];

/** A node of the tree is replaced, removed, doubled or exchanged with another. */
function mutated(text: string, draw: (below: number) => number): string {
  const file = JSON.parse(text);
  const places: { holder: Record<string, unknown>; key: string }[] = [];
  const visit = (holder: Record<string, unknown>) => {
    for (const key of Object.keys(holder)) {
      places.push({ holder, key });
      const value = holder[key];
      if (typeof value === 'object' && value !== null) visit(value as Record<string, unknown>);
    }
  };
  visit(file);
  for (let changes = 1 + draw(3); changes > 0; changes--) {
    const { holder, key } = places[draw(places.length)];
    const other = places[draw(places.length)];
    const value = holder[key];
    switch (draw(5)) {
      case 0:
        delete holder[key];
        break;
      case 1:
        holder[`${key}x`] = value;
        break;
      case 2:
        // A tree that contains itself is no JSON.
        holder[key] = structuredClone(other.holder[other.key]);
        break;
      case 3:
        if (typeof value === 'number') holder[key] = value + [-1, 1, 0.5, 1e9][draw(4)];
        else if (typeof value === 'string') holder[key] = value.slice(0, draw(value.length + 1));
        break;
      default:
        holder[key] = junk[draw(junk.length)];
    }
  }
  return JSON.stringify(file);
}

test('6,000 damaged files are refused in one line, or make sense', () => {
  const draw = generator(5);
  let [refused, accepted] = [0, 0];
  for (const graph of Object.values(smallGraphs)) {
    const text = toJson(graph);
    for (let n = 0; n < 2000; n++) {
      const bytes = Buffer.from(text);
      for (let changes = 1 + draw(4); changes > 0; changes--) bytes[draw(bytes.length)] = draw(256);
      const damaged =
        n % 2 === 0
          ? mutated(text, draw)
          : bytes.subarray(0, draw(8) === 0 ? draw(bytes.length) : undefined).toString('latin1');
      let read: ReturnType<typeof fromJson>;
      try {
        read = fromJson(damaged, 'm.json');
      } catch (error) {
        oneLine(/^m\.json: /)(error);
        refused += 1;
        continue;
      }
      accepted += 1;
      const { probabilities, label } = toFunction(read)(sampleOf(read));
      assert.equal(probabilities.length, read.labels.length);
      assert.ok(read.labels.includes(label));
    }
  }
  assert.ok(refused > 3000 && accepted > 100, `${refused} refused, ${accepted} accepted`);
});
