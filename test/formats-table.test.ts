/**
 * Models of tables, of values and of labels: a module, a header and JSON give what the engine predicts, for rows with missing
 * values, unseen categories, odd names and numbers beyond those of training. ONNX: `npm run test:readers`.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { checkGraph } from '../dist/formats/check-graph.js';
import { toHeader } from '../dist/formats/header.js';
import { toJson } from '../dist/formats/json.js';
import { toModule } from '../dist/formats/module.js';
import { type AnyPrediction, toAnyFunction } from '../dist/formats/runtime/predict.js';
import type { Row as AnyRow, ReadColumn } from '../dist/formats/runtime/read-row.js';
import { toTfjs } from '../dist/formats/tfjs/write.js';
import type { Graph } from '../dist/model/op.js';
import { strict, withoutGcc } from './support/gcc.ts';
import { folder } from './support/graphs.ts';
import { fromJson } from './support/read-json.ts';
import {
  columnsOf,
  type EncodingName,
  encodingNames,
  encodings,
  inputNames,
  leastValue,
  type Row,
  rowsToTry,
  type TableModel,
  type Task,
  tableModel,
  tasks,
} from './support/table-models.ts';

const rows = rowsToTry(300);
const made = new Map<string, Promise<TableModel>>();
const modelOf = (task: Task, encoding: EncodingName) => {
  const key = `${task} ${encoding}`;
  const found = made.get(key) ?? tableModel(task, encodings[encoding]);
  made.set(key, found);
  return found;
};

const numbersOf = (prediction: AnyPrediction) =>
  'values' in prediction ? prediction.values : prediction.probabilities;

/** Of the engine, [rows][outputs]; values as shares of the size that values of training have. */
function requireClose(
  graph: Graph,
  got: readonly (readonly number[])[],
  expected: Float32Array,
  most: number,
) {
  const width = graph.labels.length;
  assert.equal(got.length * width, expected.length);
  got.forEach((numbers, row) => {
    numbers.forEach((value, k) => {
      const own = expected[row * width + k];
      const off = Math.abs(value - own) / (graph.kind === 'value' ? Math.max(leastValue, Math.abs(own)) : 1);
      assert.ok(off < most, `row ${row}, ${graph.labels[k]}: ${value} instead of ${own}`);
    });
  });
}

for (const task of tasks)
  for (const encoding of encodingNames) {
    test(`${task}, ${encoding}: module and JSON give the engine's numbers, from objects and arrays`, async () => {
      const { graph, model } = await modelOf(task, encoding);
      checkGraph(graph, 'graph');
      const expected = await model.predictMany(rows);
      const file = join(folder, `${task}-${encoding}.mjs`.replaceAll(' ', '-'));
      writeFileSync(file, toModule(graph));
      const { predict, labels, columns } = await import(pathToFileURL(file).href);
      assert.deepEqual(labels, graph.labels);
      assert.deepEqual(
        columns.map(({ name }: ReadColumn) => name),
        inputNames,
      );
      const answers: AnyPrediction[] = rows.map((row) => predict(row));
      requireClose(graph, answers.map(numbersOf), expected, 2e-5);
      const run = toAnyFunction(fromJson(toJson(graph)));
      rows.forEach((row, place) => {
        assert.deepEqual(run(row), answers[place]);
        const cells = inputNames.map((name) => (Object.hasOwn(row, name) ? row[name] : undefined));
        assert.deepEqual(predict(cells), answers[place], 'in the order of the columns');
      });
      for (const [place, answer] of answers.entries()) {
        assert.deepEqual(
          Object.entries(answer.byName ?? {}),
          graph.labels.map((label, k) => [label, numbersOf(answer)[k]]),
        );
        if ('label' in answer) assert.equal(answer.label, graph.labels[answer.index]);
        if ('label' in answer && Math.max(...answer.probabilities) > 0.6)
          assert.equal(model.predict(rows[place]).label, answer.label);
      }
      const all = answers.map((answer) => numbersOf(answer)[0]);
      assert.ok(new Set(all.map((value) => value.toFixed(3))).size > 50, 'the rows differ');
    });

    test(`${task}, ${encoding}: a header gives the engine's numbers`, { skip: withoutGcc }, async () => {
      const { graph, model } = await modelOf(task, encoding);
      const expected = await model.predictMany(rows);
      const got = answersOf(graph, columnsOf(graph, rows));
      requireClose(graph, got, expected, 5e-5);
    });
  }

let programs = 0;

/** Of rows of floats, by a compiled header. */
function answersOf(graph: Graph, given: Float32Array): number[][] {
  const stem = join(folder, `table-${programs++}`);
  writeFileSync(`${stem}.h`, toHeader(graph));
  const width = graph.labels.length;
  writeFileSync(
    `${stem}.c`,
    `#include <stdio.h>
#include "${stem}.h"
int main(void)
{
    static float input[MODEL_INPUTS];
    float out[${width}];
    while (fread(input, sizeof input, 1, stdin) == 1) {
        model_predict(input, out);
        fwrite(out, sizeof out, 1, stdout);
    }
    return 0;
}
`,
  );
  const compiled = spawnSync('gcc', [...strict, `${stem}.c`, '-o', stem, '-lm'], { encoding: 'utf8' });
  assert.equal(compiled.status, 0, compiled.stderr.slice(0, 3000));
  const { stdout } = spawnSync(stem, { input: Buffer.from(given.buffer), maxBuffer: 2 ** 26 });
  const numbers = new Float32Array(stdout.buffer.slice(stdout.byteOffset, stdout.byteOffset + stdout.length));
  return Array.from({ length: numbers.length / width }, (_, row) => [
    ...numbers.subarray(row * width, (row + 1) * width),
  ]);
}

test('a header finds columns and words by their names', { skip: withoutGcc }, async () => {
  const { graph } = await modelOf('classes', 'standard');
  const stem = join(folder, 'names');
  writeFileSync(`${stem}.h`, toHeader(graph, { name: 'tree' }));
  const text = (word: string) =>
    `"${[...Buffer.from(word)].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('')}"`;
  const [kinds] = graph.columns?.flatMap(({ categories }) => categories ?? [])
    ? (graph.columns ?? []).flatMap(({ categories }) => (categories ? [categories] : []))
    : [];
  assert.ok(kinds !== undefined && kinds.length >= 5);
  const asked = [
    ...inputNames.map((name) => `tree_column(${text(name)})`),
    'tree_column("nothing")',
    ...kinds.map((word) => `tree_word(3, ${text(word)})`),
    ...[
      'tree_word(3, "unseen")',
      'tree_word(4, "no")',
      'tree_word(4, "yes")',
      'tree_word(4, "maybe")',
      'tree_word(0, "1")',
    ],
  ];
  writeFileSync(
    `${stem}.c`,
    `#include <stdio.h>
#include "${stem}.h"
int main(void)
{
${asked.map((call) => `    printf("%d ", (int)${call});`).join('\n')}
    float row[TREE_INPUTS] = { 0 };
    return tree_predict(row, NULL) < 0;
}
`,
  );
  const compiled = spawnSync('gcc', [...strict, `${stem}.c`, '-o', stem, '-lm'], { encoding: 'utf8' });
  assert.equal(compiled.status, 0, compiled.stderr.slice(0, 3000));
  const found = spawnSync(stem, { encoding: 'utf8' }).stdout.trim().split(' ').map(Number);
  const expected = [
    ...inputNames.map((_, place) => place),
    -1,
    ...kinds.map((_, place) => place + 1),
    0,
    0,
    1,
    -1,
    -1,
  ];
  assert.deepEqual(found, expected);
});

test('a module reads cells as the engine does, and refuses what it refuses', async () => {
  const { graph, model } = await modelOf('values', 'standard');
  const run = toAnyFunction(graph);
  const cells: Readonly<Record<string, readonly unknown[]>> = {
    age: [
      '12',
      ' 12.5 ',
      "'3'",
      '1e2',
      '-4',
      '1,5',
      '12a',
      'inf',
      Infinity,
      true,
      {},
      '',
      'N/A',
      '+3',
      '−2',
      5n,
    ],
    price: ['1.234,5 €', '€ 12', '12', '1,234.50', '1.234', '1234,5', '12 $', 1234.5, '3 %'],
    when: [
      '2024-02-29',
      '2023-02-29',
      '2024-01-01T10:00Z',
      '2024/01/01 11:30 PM',
      '1.2.2024',
      new Date(0),
      7,
      '2024-01-01 25:00',
      '2024-05-05 10:00+02:00',
      new Date(Number.NaN),
    ],
    constructor: ['yes', 'no', true, false, 'maybe', 1, 'YES', null],
    ['__proto__']: ['oak', ' oak ', "'oak'", 'OAK', 3, false, {}, () => 1, undefined],
    unused: ['same', 3],
    'no such': [1],
    '$ "sold"': [12],
  };
  let refused = 0;
  for (const [name, values] of Object.entries(cells))
    for (const value of values) {
      const row = Object.fromEntries([[name, value], ...(name === 'age' ? [] : [['age', 30]])]) as Row;
      const [own, got] = [() => model.predictValues(row), () => run(row)].map((call) => {
        try {
          return call();
        } catch (error) {
          return error instanceof Error ? error : new Error(String(error));
        }
      });
      const what = `${name}: ${String(value)}`;
      assert.equal(got instanceof Error, own instanceof Error, `${what}: ${String(got)} ${String(own)}`);
      if (own instanceof Float64Array && 'values' in Object(got))
        requireClose(graph, [(got as { values: number[] }).values], Float32Array.from(own), 2e-5);
      else {
        refused += 1;
        assert.ok(got instanceof TypeError, what);
      }
    }
  assert.ok(refused > 15, `${refused}`);
  const wrong = (given: unknown) => () => run(given as AnyRow);
  assert.throws(wrong([1, 2]), { name: 'RangeError', message: /expected 8 values, got 2/ });
  assert.throws(wrong(null), TypeError);
  assert.throws(wrong('oak'), TypeError);
});

test('refused: TensorFlow.js, a function of values in the library, texts', async () => {
  const { graph, model } = await modelOf('values', 'standard');
  assert.throws(() => toTfjs(graph, { version: '0' }), { name: 'UserError', message: /got one of a table/ });
  assert.throws(() => model.toFunction(), { name: 'UserError', message: /expected a network of classes/ });
  const { columns: _, ...plain } = graph;
  assert.throws(() => toTfjs(plain, { version: '0' }), { name: 'UserError', message: /one of values/ });
  const classes = (await modelOf('classes', 'standard')).model;
  assert.equal(classes.toFunction()(rows[0]).label, classes.predict(rows[0]).label);
});

test('a graph of a table that makes no sense is refused', async () => {
  const { graph } = await modelOf('values', 'standard');
  const refusedWith = (change: Partial<Graph>) => () => checkGraph({ ...graph, ...change }, 'graph');
  assert.throws(refusedWith({ columns: [] }), /columns: expected 8 columns/);
  assert.throws(refusedWith({ probabilities: [{ op: 'softmax' }] }), /probabilities: expected no operation/);
  assert.throws(refusedWith({ kind: 'labels' }), /probabilities: expected sigmoid/);
  const changed = (name: string, change: object) => ({
    ops: graph.ops.map((op) => (op.op === name ? { ...op, ...change } : op)) as Graph['ops'],
  });
  assert.throws(
    refusedWith(changed('fields', { columns: [99] })),
    /\(fields\): expected places of 8 columns/,
  );
  assert.throws(refusedWith(changed('expand', { width: 3 })), /\(expand\): expected blocks/);
  assert.throws(
    refusedWith(changed('exp', { which: new Uint8Array(5) })),
    /\(exp\): expected 2 values of which/,
  );
});
