/** Models of a table with columns of every kind and odd names, and rows that try them. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { toOnnx } from '../../dist/formats/onnx/write.js';
import { type ReadColumn, readRow } from '../../dist/formats/runtime/read-row.js';
import { load } from '../../dist/index.js';
import { graphOf } from '../../dist/inference/model-graph.js';
import { savedModel } from '../../dist/inference/saved-model.js';
import type { Graph } from '../../dist/model/op.js';
import { readSafetensorsMetadata } from '../../dist/model/safetensors.js';
import { datePatterns } from '../../dist/tables/dates-in-cells.js';
import { loadTable } from '../../dist/tables/training/load-table.js';
import { randomFrom } from './memory.ts';
import { configured, prepared, readSafetensors, train, weightsFile } from './pairs.ts';

const folder = mkdtempSync(join(tmpdir(), 'shardstep-tables-'));
after(() => rmSync(folder, { recursive: true, force: true }));

export type Row = Readonly<Record<string, unknown>>;
export type Task = 'classes' | 'two classes' | 'values' | 'labels';

/** In the order of the file. Not identifiers, of every object, alike but for a sign. */
export const inputNames = [
  ...['age', 'a b', 'a-b', '__proto__', 'constructor', 'when', 'price', 'const "x" \\ */ ??/'],
] as const;

const kinds = ['oak', 'it\'s "old"', 'élan */', '__proto__', '\\n', ''];
const classes = ['"low"', "mid's", '__proto__'];

/** A row of cells, and its targets. */
function oddRow(random: () => number, i: number) {
  const below = (count: number) => Math.floor(random() * count);
  const age = below(9) === 0 ? '' : String(below(70) + 0.25);
  const many = (10 ** (6 * random() - 3)).toPrecision(4);
  const few = ['-1', '0', '0', '0', '3', 'NA'][below(6)];
  const kind = i % 71 === 5 ? `rare ${i}` : kinds[below(kinds.length)];
  const flag = ['yes', 'no', '?'][i % 31 === 3 ? 2 : below(2)];
  const day = `2024-${String(1 + below(12)).padStart(2, '0')}-${String(1 + below(28)).padStart(2, '0')}`;
  const when = below(8) === 0 ? '' : `${day} ${['00:00', '06:00', '12:00', '21:00'][below(4)]}`;
  const price = `${1 + below(8)}.${String(100 + below(800))},${10 + below(80)} €`;
  const cells = [age, many, few, kind, flag, when, price, i % 2 === 0 ? '1' : '2'];
  const score = Number(age) / 70 + (kind === 'oak' ? 1 : 0) + (flag === 'yes' ? 0.5 : 0) + below(3) / 10;
  return { cells, score };
}

const quoted = (cell: string) => `"${cell.replaceAll('"', '""')}"`;

const targetsOf: Readonly<Record<Task, { names: string[]; cells(score: number): string[] }>> = {
  classes: { names: ['target'], cells: (score) => [classes[score < 0.6 ? 0 : score < 1.2 ? 1 : 2]] },
  'two classes': { names: ['target'], cells: (score) => [score < 0.8 ? 'yes?' : 'no "way"'] },
  values: {
    names: ['$ "sold"', '__proto__ of it'],
    cells: (score) => [Math.exp(6 * score).toFixed(2), (1e4 * (score - 1)).toFixed(1)],
  },
  labels: {
    names: ['warm "ish"', 'wet'],
    cells: (score) => [score > 0.7 ? '1' : '0', score > 1 ? '1' : '0'],
  },
};

export interface TableModel {
  readonly graph: Graph;
  readonly bytes: Uint8Array;
  readonly model: Awaited<ReturnType<typeof load>>;
}

const trainingRows = 400;
let written = 0;

/** `words`: of data.encoding and the network. */
export async function tableModel(task: Task, words: readonly string[]): Promise<TableModel> {
  const random = randomFrom(7);
  const { names, cells: targetCells } = targetsOf[task];
  const header = [...inputNames, 'unused', ...names].map(quoted).join(',');
  const lines = Array.from({ length: trainingRows }, (_, i) => {
    const { cells, score } = oddRow(random, i);
    return [...cells, 'same', ...targetCells(score)].map(quoted).join(',');
  });
  const file = join(folder, `rows-${written++}.csv`);
  writeFileSync(file, `${[header, ...lines].join('\n')}\n`);
  const target = names.length === 1 ? names[0] : names;
  const kind = { values: 'regression', labels: 'labels' } as const;
  const columns = { age: 'number', 'a-b': 'number', ['__proto__']: 'category', when: 'date:year-first' };
  const dataset = await loadTable(
    {
      ...{ dir: file, testFile: null, test: 0.2, target },
      task: task === 'values' || task === 'labels' ? kind[task] : 'classification',
      columns,
    },
    {
      ...{ note: () => {}, warn: () => {}, signal: new AbortController().signal },
      ...{ model: null, evaluates: false },
    },
  );
  const loss = task === 'two classes' || task === 'labels' ? ['loss.name=binary-cross-entropy'] : [];
  const squared = task === 'values' ? ['loss.name=squared-error'] : [];
  const own = ['data.set=table', 'data.dir=x', 'train.batch=16', 'train.epochs=4', 'stop.target=null'];
  const network = ['optimizer=adam', 'optimizer.lr=0.01', ...loss, ...squared];
  const task2 = task in kind ? [`data.task=${kind[task as 'values']}`] : [];
  const config = await configured([...own, ...network, ...task2, ...words]);
  const ready = config && prepared(config, dataset);
  const trained = ready && (await train(ready, 1));
  assert.ok(trained, `${task}: ${words.join(' ')}`);
  const bytes = weightsFile(trained, ready);
  const tensors = readSafetensors(bytes, 'weights');
  const saved = savedModel({ tensors, metadata: readSafetensorsMetadata(bytes, 'weights') }, 'weights');
  return { graph: graphOf(saved), bytes, model: await load(bytes) };
}

/** Rows as programs have them: numbers and texts, missing, unseen, at and beyond the edges of ranges. */
export function rowsToTry(count: number): Row[] {
  const random = randomFrom(11);
  return Array.from({ length: count }, (_, i): Row => {
    const { cells } = oddRow(random, i);
    const row = new Map<string, unknown>(inputNames.map((name, place) => [name, cells[place]]));
    if (i % 5 === 1) row.delete(inputNames[i % inputNames.length]);
    if (i % 7 === 2) row.set('__proto__', ['never seen', 'constructor', '0', 1, true][i % 5]);
    if (i % 6 === 3) row.set('age', [0.25, -40, 300, 69.25, null, Number.NaN][(i % 11) % 6]);
    if (i % 9 === 4) row.set('constructor', i % 2 === 0);
    if (i % 8 === 5) row.set('when', new Date(Date.UTC(1990 + (i % 90), i % 12, 28, 12)));
    if (i % 10 === 6) row.set('a b', [0, 1e-3, 1e3, 2e3, -2][i % 5]);
    if (i % 13 === 7) row.set('price', 1234.5);
    return Object.fromEntries(row);
  });
}

export const encodings = {
  standard: ['data.encoding.bins=6', 'data.encoding.periodic=0', 'model.hidden=[9]'],
  quantile: [
    ...['data.encoding.scaling=quantile', 'data.encoding.bins=0'],
    ...['model.hidden=[7,5]', 'model.activation=gelu'],
  ],
  periodic: [
    ...['data.encoding.scaling=none', 'data.encoding.periodic=4', 'data.encoding.bins=64'],
    'model.hidden=[]',
  ],
} as const;
export type EncodingName = keyof typeof encodings;
export const encodingNames = Object.keys(encodings) as EncodingName[];
export const tasks: readonly Task[] = ['classes', 'two classes', 'values', 'labels'];

/** What `const float *` and ONNX take: f32 [rows][columns]. */
export function columnsOf({ columns = [], otherColumns = [] }: Graph, given: readonly Row[]): Float32Array {
  const all = columns.map((column): ReadColumn => ({ ...column, patterns: datePatterns(column.date ?? '') }));
  return Float32Array.from(given.flatMap((row) => [...readRow(row, all, otherColumns)]));
}

/** Values below it are compared as if they were of this size. */
export const leastValue = 100;

/** For the readers: models, rows, and what the engine predicts of them. */
export async function writeTables(to: string) {
  const rows = rowsToTry(300);
  const written: { name: string; columns: number; width: number; output: string; least: number }[] = [];
  for (const task of tasks)
    for (const encoding of encodingNames) {
      const { graph, bytes, model } = await tableModel(task, encodings[encoding]);
      const name = `${task}-${encoding}`.replace(' ', '-');
      const metadata = readSafetensorsMetadata(bytes, 'weights');
      writeFileSync(join(to, `${name}.onnx`), toOnnx(graph, { version: '0', metadata }));
      writeFileSync(join(to, `${name}.rows.f32`), columnsOf(graph, rows));
      writeFileSync(join(to, `${name}.f32`), await model.predictMany(rows));
      const output = task === 'values' ? 'values' : 'probabilities';
      const least = task === 'values' ? leastValue : 1;
      written.push({ name, columns: inputNames.length, width: graph.labels.length, output, least });
    }
  writeFileSync(join(to, 'tables.json'), JSON.stringify(written));
  return written;
}
