/** Columns of texts: the kernels' sparse rows are those of the stored ones; the same bits on any number of threads. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { packSparse } from '../dist/kernels/sparse-rows.js';
import { packStored, StoredTexts } from '../dist/kernels/stored-texts.js';
import { loadTable } from '../dist/tables/training/load-table.js';
import { workingDirectory } from './support/cli.ts';
import { writeFiles } from './support/data-files.ts';
import { openSession } from './support/training.ts';

const nouns = ['film', 'plot', 'song', 'scene', 'book'];
const [good, bad] = ['lovely', 'dreadful'];
const sentence = (row: number) =>
  row % 10 === 9
    ? ''
    : `${nouns[row % 5]} ${row % 2 ? good : bad} ${nouns[(row * 3) % 5]} ${nouns[(row * 7) % 5]} number${row}`;
const csv = (withAge: boolean) =>
  [
    withAge ? 'review,age,label' : 'review,label',
    ...Array.from({ length: 300 }, (_, row) =>
      [sentence(row), ...(withAge ? [(row * 37) % 90] : []), row % 2 ? 'yes' : 'no'].join(','),
    ),
  ].join('\n');

async function loaded(t: TestContext, text: string) {
  const cwd = await workingDirectory(t);
  await writeFiles(cwd, { 'a.csv': text });
  const notes: string[] = [];
  const dataset = await loadTable(
    { dir: join(cwd, 'a.csv'), testFile: null, test: null, target: null, task: 'auto', columns: {} },
    {
      ...{ note: (line) => notes.push(line), warn: () => {}, signal: new AbortController().signal },
      ...{ model: null, evaluates: false },
    },
  );
  return { dataset, notes };
}

const words = [
  ...['data.set=table', 'data.dir=x', 'model.hidden=[9]', 'train.batch=24', 'train.epochs=4'],
  ...['optimizer=adam', 'optimizer.lr=0.01', 'parallel.sync=owner'],
];

for (const withAge of [false, true])
  test(`texts ${withAge ? 'beside numbers' : 'alone'}: the same bits on 1, 2, 3 threads, and learned`, async (t) => {
    const { dataset, notes } = await loaded(t, csv(withAge));
    assert.ok(notes.some((line) => line.startsWith('texts of "review": words, pairs')));
    const weights = [];
    for (const threads of [1, 2, 3]) {
      const { trainer, session, plan } = await openSession(dataset, threads, words);
      try {
        assert.equal(plan.input.packing, 'sparse');
        const { evaluation } = await trainer.train(1, {});
        assert.ok((evaluation?.accuracy ?? 0) > 0.85, String(evaluation?.accuracy));
        weights.push(session.parameters());
      } finally {
        await trainer.close();
      }
    }
    assert.deepEqual(weights[1], weights[0]);
    assert.deepEqual(weights[2], weights[0]);
  });

test('stored rows are packed as their inputs are, whatever the ranges', () => {
  // Two columns of texts of 4 places in 8 buckets, no other fields; 3 + 1 of a bucket, a shared bucket, a missing text.
  const none = Number.NaN;
  const table = new Float32Array(8);
  table.set([0, 8, 8, 2, 4, 8]);
  const rows = [
    [...[1, 1, 1, 5], ...[1, 2, none, none]],
    [...[none, none, none, none], ...[0, 7, none, none]],
    [...[none, none, none, none], ...[none, none, none, none]],
  ];
  const dense = rows.flatMap((row) => {
    const out = new Float32Array(8);
    for (const ids of [row.slice(0, 4), row.slice(4)].map((part) => part.filter((id) => !Number.isNaN(id)))) {
      const counts = ids.map((id) => ids.filter((other) => other === id).length);
      const norm = Math.sqrt(counts.reduce((sum, count) => sum + count, 0));
      for (const id of new Set(ids)) out[id] += Math.fround(ids.filter((each) => each === id).length / norm);
    }
    return [...out];
  });
  for (const rangeEnds of [[8], [2, 5, 8]]) {
    const layout = { rangeEnds, shiftBits: 6, scale: 1 };
    const [expected, got] = [new ArrayBuffer(1024), new ArrayBuffer(1024)];
    const starts = [0, 1].map(() => new Uint32Array(3 * rangeEnds.length + 1));
    packSparse({ values: dense, count: 3, width: 8 }, layout, expected, 64, starts[0]);
    const stored = { values: Float32Array.from(rows.flat()), count: 3, fields: 8 };
    packStored(new StoredTexts(table), stored, layout, got, 64, starts[1]);
    assert.deepEqual(starts[1], starts[0]);
    const [a, b] = [expected, got].map((memory) => new Float32Array(memory));
    b.forEach((value, place) => {
      assert.ok(Math.abs(value - a[place]) < 1e-6, String(place));
    });
  }
});
