/** What a table's targets are, which rows are held out, and which columns give the target away. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Rng } from '../dist/numbers/rng.js';
import { typeColumns, typeLike, wantedLike } from '../dist/tables/column-types.js';
import { foldsOf, holdOut } from '../dist/tables/hold-out.js';
import { leaksIn } from '../dist/tables/leaks.js';
import { readTable } from '../dist/tables/read-table.js';
import { type TargetOptions, targetColumns, targetsLike, targetsOf } from '../dist/tables/targets.js';
import { refusing, says } from './support/says.ts';

type Cell = string | number | null;
const rowsOf = (...columns: readonly (readonly Cell[])[]) =>
  columns[0].map((_, row) => Object.fromEntries(columns.map((cells, place) => ['xyz'[place], cells[row]])));

/** Tables of the columns x, y, z, whose last is the target. */
async function targets(
  columns: readonly (readonly Cell[])[],
  names: readonly string[],
  options: TargetOptions = {},
) {
  const table = typeColumns(await readTable(rowsOf(...columns), { name: 'a.csv' }), names);
  return { table, found: targetsOf(table, names, options) };
}

const range = <T>(count: number, cell: (row: number) => T): T[] =>
  Array.from({ length: count }, (_, row) => cell(row));

test('the target is named, numbered, or the last column with a note', () => {
  const names = ['age', 'sex', 'income'];
  assert.deepEqual(targetColumns('a.csv', names, 'sex'), { columns: ['sex'], note: null });
  assert.deepEqual(targetColumns('a.csv', names, 1).columns, ['age']);
  assert.deepEqual(targetColumns('a.csv', names, ['age', '3']).columns, ['age', 'income']);
  const { columns, note } = targetColumns('a.csv', names, undefined);
  assert.deepEqual(columns, ['income']);
  says(note ?? '', 'a.csv', 'last column', '"income"');
  assert.throws(
    () => targetColumns('a.csv', names, 'incom'),
    refusing(2, '"incom"', 'target', 'did you mean income?'),
  );
  assert.throws(() => targetColumns('a.csv', names, 4), refusing(2, 'target', 'from 1 to 3', '4'));
  assert.throws(() => targetColumns('a.csv', names, ['age', 'age']), refusing(2, 'target', 'different'));
  assert.throws(() => targetColumns('a.csv', names, names), refusing(2, 'every column is a target'));
});

const x = range(60, (row) => (row * 37) % 11);
const tasks: Record<string, [target: Cell[], task: string, names: string[]]> = {
  words: [range(60, (row) => ['b', 'a', 'c'][row % 3]), 'classes', ['a', 'b', 'c']],
  'yes and no': [range(60, (row) => ['Yes', 'No'][row % 2]), 'classes', ['No', 'Yes']],
  '0 and 1': [range(60, (row) => row % 2), 'classes', ['0', '1']],
  'few whole numbers': [range(60, (row) => (row % 3) + 1), 'classes', ['1', '2', '3']],
  'many numbers': [range(60, (row) => row / 4), 'values', ['y']],
  'whole numbers with gaps': [range(60, (row) => (row % 3) * 10), 'values', ['y']],
};
for (const [name, [target, task, names]] of Object.entries(tasks))
  test(`the task is found: ${name}`, async () => {
    const { found } = await targets([x, target], ['y']);
    assert.deepEqual([found.schema.task, [...found.schema.names]], [task, names]);
    const word = String(target[4]);
    if (task === 'classes') assert.equal(found.values[4], names.indexOf(word));
    else assert.equal(found.values[4], target[4]);
  });

test('the task can be said; several numbers are values, several yes and no labels', async () => {
  const three = range(60, (row) => (row % 3) + 1);
  assert.equal((await targets([x, three], ['y'], { task: 'values' })).found.schema.task, 'values');
  const tens = range(60, (row) => (row % 3) * 10);
  assert.deepEqual(
    [...(await targets([x, tens], ['y'], { task: 'classes' })).found.schema.names],
    ['0', '10', '20'],
  );
  const halves = range(60, (row) => row / 2);
  const two = (await targets([x, three, halves], ['y', 'z'])).found;
  assert.deepEqual(
    [two.schema.task, two.values.length, [...two.values.subarray(0, 4)]],
    ['values', 120, [1, 0, 2, 0.5]],
  );
  const flags = (
    await targets([x, range(60, (row) => row % 2), range(60, (row) => ['no', 'yes'][row % 2])], ['y', 'z'])
  ).found;
  assert.deepEqual([flags.schema.task, [...flags.values.subarray(0, 4)]], ['labels', [0, 0, 1, 1]]);
});

test('several labels in a cell, only if asked', async () => {
  const cells = range(60, (row) => ['red|blue', 'blue', 'green|red|blue'][row % 3]);
  assert.equal((await targets([x, cells], ['y'])).found.schema.names.length, 3);
  const { found } = await targets([x, cells], ['y'], { separator: '|' });
  assert.deepEqual([found.schema.task, [...found.schema.names]], ['labels', ['blue', 'green', 'red']]);
  assert.deepEqual([...found.values.subarray(0, 9)], [1, 0, 1, 1, 0, 0, 1, 1, 1]);
});

test('rows without a target are left out and counted', async () => {
  const { found } = await targets([x, range(60, (row) => (row < 3 ? null : ['a', 'b'][row % 2]))], ['y']);
  assert.deepEqual([found.dropped, found.rows.length, found.rows[0]], [3, 57, 3]);
  assert.ok(
    found.notes.some((note) => note.includes('3 rows without "y"')),
    found.notes.join(),
  );
});

const refused: Record<string, [target: Cell[], options: TargetOptions, parts: string[]]> = {
  'one class': [range(60, () => 'a'), {}, ['a.csv: "y"', 'all 60 labels are a', 'two classes']],
  'one value': [range(60, () => 5.5), {}, ['every "y" is 5.5']],
  'no value': [range(60, () => null), {}, ['"y" has no value in any row']],
  'a class for each row': [range(60, (row) => `w${row}`), {}, ['"y"', '60 labels']],
  'a regression of words': [
    range(60, (row) => ['a', 'b'][row % 2]),
    { task: 'values' },
    ['"y" has words (a, b)', 'numbers'],
  ],
  dates: [range(60, (row) => `2024-01-${10 + (row % 20)}`), {}, ['"y" has dates', 'classes or numbers']],
};
for (const [name, [target, options, parts]] of Object.entries(refused))
  test(`refused: ${name}`, () =>
    assert.rejects(targets([x, target], ['y'], options), refusing(1, 'a.csv', ...parts)));

test('other rows are numbered as in training; classes that it never saw are counted and named', async () => {
  const { table, found } = await targets([x, range(60, (row) => ['b', 'a'][row % 2])], ['y']);
  const other = await readTable(rowsOf([1, 2, 3, 4], ['b', 'new', 'a', 'new']), {
    name: 'test.csv',
    wanted: wantedLike(table.schema),
  });
  const tested = targetsLike(typeLike(other, table.schema, ['y']), found.schema);
  assert.deepEqual([...tested.values], [1, 2, 0, 2]);
  assert.deepEqual([...tested.unseen], [['new', 2]]);
  assert.ok(
    tested.notes.some((note) => note.includes('test.csv') && note.includes('"new" in 2 rows')),
    tested.notes.join(),
  );
});

test('a third word among yes and no targets is counted, not dropped', async () => {
  const { table, found } = await targets([x, range(60, (row) => ['no', 'yes'][row % 2])], ['y']);
  const other = await readTable(rowsOf([1, 2], ['yes', 'maybe']), {
    name: 'test.csv',
    wanted: wantedLike(table.schema),
  });
  const tested = targetsLike(typeLike(other, table.schema, ['y']), found.schema);
  assert.deepEqual([[...tested.values], tested.dropped, [...tested.unseen]], [[1, 2], 0, [['maybe', 1]]]);
});

const firstWords: Record<string, [first: string, second: string]> = {
  'the word for 1 first': ['yes', 'no'],
  'the word for 0 first': ['no', 'yes'],
};
for (const [name, [first, second]] of Object.entries(firstWords))
  test(`words of yes and no are 0 and 1 to every later reader: ${name}`, async () => {
    const words = (row: number) => (row === 3 ? null : row % 3 === 0 ? first : second);
    for (const task of ['labels', 'values'] as const) {
      const training = [x, range(60, (row) => (row % 2 === 0 ? 'no' : 'yes')), range(60, words)];
      const { table, found } = await targets(training, ['y', 'z'], { task });
      const order = range(60, (row) => 59 - row);
      const others = rowsOf(
        ...[x, range(60, words), range(60, words)].map((cells) => order.map((row) => cells[row])),
      );
      const raw = await readTable(others, { name: 'b.csv', wanted: wantedLike(table.schema) });
      const like = targetsLike(typeLike(raw, table.schema, ['y', 'z']), found.schema);
      assert.deepEqual(
        [...like.rows],
        range(60, (row) => row).filter((row) => row !== 56),
      );
      const expected = [...like.rows].flatMap((row) => Array(2).fill(words(59 - row) === 'yes' ? 1 : 0));
      assert.deepEqual([...like.values], expected);
    }
  });

test('a third word among labels or values of yes and no is refused', async () => {
  const flags = range(60, (row) => ['no', 'yes'][row % 2]);
  for (const task of ['labels', 'values'] as const) {
    const { table, found } = await targets([x, flags, flags], ['y', 'z'], { task });
    const others = rowsOf([1, 2, 3], ['yes', 'no', 'no'], ['no', 'maybe', 'No']);
    const raw = await readTable(others, { name: 'b.csv', wanted: wantedLike(table.schema) });
    const like = typeLike(raw, table.schema, ['y', 'z']);
    assert.throws(
      () => targetsLike(like, found.schema),
      refusing(1, 'b.csv', '"z"', 'no or yes', '"maybe", "No"'),
    );
  }
});

test('held-out rows: each class by its size, the same for a seed, a class of one row never', async () => {
  const classes = range(200, (row) => (row === 7 ? 'alone' : row % 4 === 0 ? 'few' : 'many'));
  const { found } = await targets([range(200, (row) => row % 9), classes], ['y']);
  const count = (places: Uint32Array, name: string) =>
    [...places].filter((place) => classes[place] === name).length;
  const { train, held } = holdOut(found, 0.2, 3);
  assert.deepEqual([count(held, 'few'), count(held, 'many'), count(held, 'alone')], [10, 30, 0]);
  assert.deepEqual(
    [...train, ...held].sort((a, b) => a - b),
    range(200, (row) => row),
  );
  assert.deepEqual(holdOut(found, 0.2, 3), { train, held });
  assert.notDeepEqual(holdOut(found, 0.2, 4).held, held);
  const folds = foldsOf(found, 5, 3);
  for (let fold = 0; fold < 5; fold++) {
    const own = Uint32Array.from(range(200, (row) => row).filter((row) => folds[row] === fold));
    assert.deepEqual([own.length, count(own, 'few')], [40, 10]);
  }
});

test('held-out rows of a regression: each tenth of the values by its size', async () => {
  const { found } = await targets([x, range(60, (row) => row + 0.5)], ['y']);
  const { held } = holdOut(found, 0.2, 1);
  assert.equal(held.length, 12);
  for (const values of [[...held].filter((place) => place < 18), [...held].filter((place) => place >= 42)])
    assert.ok(values.length >= 3 && values.length <= 5, `${values}`);
});

test('columns that give the target away are named, those that help are not', async () => {
  const rng = new Rng(5);
  const noise = range(400, () => rng.below(1000));
  const classes = noise.map((value, row) => (value + (row % 7) * 60 > 600 ? 'high' : 'low'));
  const rows = range(400, (row) => ({
    helps: noise[row],
    copy: classes[row] === 'high' ? 'H' : 'L',
    score: (classes[row] === 'high' ? 70 : 20) + (row % 20),
    random: rng.below(50),
    y: classes[row],
  }));
  const leaks = async (given: readonly Record<string, Cell>[]) => {
    const table = typeColumns(await readTable([...given]), ['y']);
    const found = targetsOf(table, ['y']);
    return leaksIn(table, found, Uint32Array.from(found.rows.keys()), 1).map(({ column }) => column);
  };
  assert.deepEqual(await leaks(rows), ['copy', 'score']);
  const priced = range(400, (row) => ({
    euros: noise[row] * 1.19 + 3,
    helps: noise[row] + rng.below(200),
    group: `g${row % 5}`,
    y: noise[row] + 0.5,
  }));
  assert.deepEqual(await leaks(priced), ['euros']);
});
