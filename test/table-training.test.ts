/** Training on rows of a table: the same bits as on their expanded inputs, on any number of threads, from a file again. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Dataset, Samples } from '../dist/data/dataset.js';
import { labelsOf } from '../dist/data/target.js';
import { Encoder } from '../dist/tables/encoder.js';
import { loadTable, type TableOptions, type TableRequest } from '../dist/tables/training/load-table.js';
import { readTableRows } from '../dist/tables/training/table-file.js';
import { tableModelOf } from '../dist/tables/training/table-model.js';
import type { Warning } from '../dist/warnings.js';
import { workingDirectory } from './support/cli.ts';
import { type Files, writeFiles } from './support/data-files.ts';
import { refusing } from './support/says.ts';
import { tableText } from './support/tables.ts';
import { openSession } from './support/training.ts';

const plain: TableRequest = {
  dir: null,
  testFile: null,
  test: null,
  target: null,
  task: 'auto',
  columns: {},
};

async function loaded(
  t: TestContext,
  files: Files,
  request: Partial<TableRequest> = {},
  options: Partial<TableOptions> = {},
) {
  const cwd = await workingDirectory(t);
  await writeFiles(cwd, files);
  const [notes, warnings]: [string[], Warning[]] = [[], []];
  const [first] = Object.keys(files);
  const { testFile = null } = request;
  const dataset = await loadTable(
    { ...plain, dir: join(cwd, first), ...request, testFile: testFile && join(cwd, testFile) },
    {
      ...{ note: (line) => notes.push(line), warn: (code, message) => warnings.push({ code, message }) },
      ...{ signal: new AbortController().signal, model: null, evaluates: false, ...options },
    },
  );
  return { dataset, notes, warnings };
}

const recipe = [
  'model.hidden=[9]',
  'train.batch=24',
  'train.epochs=2',
  'optimizer=adam',
  'optimizer.lr=0.01',
];
const table = ['data.set=table', 'data.dir=x', 'data.encoding.bins=5', 'data.encoding.periodic=2', ...recipe];

/** Trained weights, and the session's prepared data. */
async function trained(dataset: Dataset, threads: number, words: readonly string[]) {
  const { trainer, session, plan } = await openSession(dataset, threads, words);
  try {
    const { evaluation } = await trainer.train(1, {});
    return { parameters: session.parameters(), accuracy: evaluation?.accuracy, plan };
  } finally {
    await trainer.close();
  }
}

/** The inputs that an encoder makes of rows, as samples of a program. */
async function expanded(dataset: Dataset, words: readonly string[]): Promise<Dataset> {
  const { train } = dataset;
  const steps = train.table?.fit(train, (await configured(words)).data.encoding);
  assert.ok(steps);
  let step = steps.next();
  while (!step.done) step = steps.next();
  const encoding = step.value;
  const tensors = new Map(encoding.tensors);
  const { encoder } = tableModelOf(encoding.json, tensors, 'test');
  const part = (samples: Samples): Samples => {
    const { values } = encoding.encode(samples, null);
    assert.ok(values instanceof Float32Array);
    const fields = encoder.fields.length;
    const rows = Array.from({ length: samples.count }, (_, row) =>
      encoder.expand(values.slice(row * fields, (row + 1) * fields), new Float32Array(encoder.width)),
    );
    const all = new Float32Array(samples.count * encoder.width);
    rows.forEach((row, place) => {
      all.set(row, place * encoder.width);
    });
    const { targets, count, full } = samples;
    return { targets, count, full, values: all, shape: [encoder.width] };
  };
  return { ...dataset, name: 'memory', train: part(train), test: part(dataset.test) };
}

const configured = async (words: readonly string[]) => {
  const { configure } = await import('./support/training.ts');
  return configure(...words);
};

test('the kernel in the step and expanded inputs in memory give the same weights, on 1, 2 and 3 threads', async (t) => {
  const { dataset } = await loaded(t, { 'rows.csv': tableText(400) });
  const asInputs = await expanded(dataset, table);
  const wanted = await trained(asInputs, 1, ['data.set=memory', 'data.normalise=none', ...recipe]);
  assert.ok((wanted.accuracy ?? 0) > 0.5);
  for (const threads of [1, 2, 3]) {
    const got = await trained(dataset, threads, [...table, 'parallel.sync=owner']);
    assert.equal(got.plan.input.packing, 'encoded');
    assert.deepEqual(got.parameters, wanted.parameters, `${threads} threads`);
    assert.equal(got.accuracy, wanted.accuracy);
  }
  const { plan } = await trained(dataset, 1, table);
  // The expanded rows of the training part would need this much more.
  const { fields } = dataset.train.table === undefined ? { fields: 0 } : { fields: dataset.train.shape[0] };
  assert.equal(plan.parts.train.values.bytes, dataset.train.count * fields * 4);
});

test('every way of combining threads, the plain backend and held-out rows take rows of a table', async (t) => {
  const { dataset } = await loaded(t, { 'rows.csv': tableText(300) });
  for (const recipe of [table, [...manyRanges, 'model.hidden=[9]']]) {
    const js = await trained(dataset, 1, [...recipe, 'backend=js']);
    for (const words of [
      ['parallel.sync=average'],
      ['parallel.sync=sharded'],
      ['parallel.sync=units'],
      ['parallel.sync=owner', 'data.packing=dense'],
      ['parallel.sync=owner', 'model.shortcut=true'],
    ]) {
      const others = words.includes('model.shortcut=true')
        ? await trained(dataset, 1, [...recipe, 'backend=js', 'model.shortcut=true'])
        : js;
      const { parameters } = await trained(dataset, 2, [...recipe, ...words]);
      for (const [name, { data }] of parameters)
        data.forEach((value, at) => {
          const other = others.parameters.get(name)?.data[at] ?? Number.NaN;
          assert.ok(Math.abs(value - other) < 2e-4, `${words}: ${name}[${at}]: ${value}, ${other}`);
        });
    }
    for (const sync of ['hogwild', 'local-sgd'])
      await trained(dataset, 2, [
        ...recipe,
        `parallel.sync=${sync}`,
        'data.validation=0.2',
        'stop.on=validation',
      ]);
  }
});

/** So many ranges that rows become entries of sparse rows in the step: the same sums in another order. */
const manyRanges = [
  ...['data.set=table', 'data.dir=x', 'data.encoding.bins=64', 'data.encoding.periodic=1'],
  ...['train.batch=24', 'train.epochs=2', 'optimizer=adam', 'optimizer.lr=0.01'],
];

for (const hidden of ['[9]', '[70,9]', '[]'])
  test(`rows as entries, model.hidden=${hidden}: the bits of one thread on 2, 3 and 5, the weights of expanded inputs`, async (t) => {
    const { dataset } = await loaded(t, { 'rows.csv': tableText(400) });
    const words = [...manyRanges, `model.hidden=${hidden}`];
    const one = await trained(dataset, 1, [...words, 'parallel.sync=owner']);
    assert.ok(one.plan.input.entries > 0);
    assert.equal(one.plan.training.inputs.bytes, 0);
    const asInputs = await expanded(dataset, words);
    const memory = words.filter((word) => !/^data\./.test(word));
    const wanted = await trained(asInputs, 1, ['data.set=memory', 'data.normalise=none', ...memory]);
    for (const [name, { data }] of one.parameters)
      data.forEach((value, at) => {
        const other = wanted.parameters.get(name)?.data[at] ?? Number.NaN;
        assert.ok(Math.abs(value - other) < 2e-4, `${name}[${at}]: ${value}, ${other}`);
      });
    for (const threads of [2, 3, 5]) {
      const got = await trained(dataset, threads, [...words, 'parallel.sync=owner']);
      assert.deepEqual(got.parameters, one.parameters, `${threads} threads`);
      assert.equal(got.accuracy, one.accuracy);
    }
  });

test('the encoder learns of the training rows alone; words of the test rows are not among its categories', async (t) => {
  const { dataset } = await loaded(
    t,
    { 'rows.csv': tableText(300), 'test.csv': tableText(60, 2).replaceAll('elm', 'yew') },
    { testFile: 'test.csv' },
  );
  assert.equal(dataset.test.count, 60);
  assert.equal(dataset.train.count, 300);
  const config = await configured(table);
  const steps = dataset.train.table?.fit(dataset.train, config.data.encoding);
  assert.ok(steps);
  let step = steps.next();
  while (!step.done) step = steps.next();
  const { encoder } = JSON.parse(step.value.json);
  assert.deepEqual(encoder.categories.kind, ['ash', 'elm', 'oak']);
  assert.deepEqual(
    encoder.fields.map(({ column }: { column: string }) => column),
    ['size', 'weight', 'kind', 'when', 'when', 'when', 'when', 'sold'],
  );
  const { encode } = step.value;
  const kinds = [...encode(dataset.test, null).values].filter((_, at) => at % 8 === 2);
  assert.ok(kinds.includes(0) && !kinds.includes(2));
});

test('the held-out rows are a fifth of each class, the same in every run', async (t) => {
  const text = tableText(500);
  const [one, two] = [await loaded(t, { 'a.csv': text }), await loaded(t, { 'a.csv': text })];
  assert.deepEqual(one.dataset.test.values, two.dataset.test.values);
  assert.equal(one.dataset.test.count, 100);
  const share = ({ targets }: Samples) =>
    labelsOf(one.dataset.target).map(
      (_, c) => targets.filter((target) => target === c).length / targets.length,
    );
  share(one.dataset.train).forEach((of, c) => {
    assert.ok(Math.abs(of - share(one.dataset.test)[c]) < 0.01);
  });
  const { dataset } = await loaded(t, { 'a.csv': text }, { test: 30 });
  assert.equal(dataset.test.count, 30);
});

test('before training: types, target and rare categories are told, odd columns are warnings', async (t) => {
  const lines = tableText(400).trimEnd().split('\n');
  const leaking = [
    `${lines[0]},answer`,
    ...lines.slice(1).map((line) => `${line},${line.split(',').at(-1)}!`),
  ];
  const { notes, warnings } = await loaded(t, { 'a.csv': `${leaking.join('\n')}\n` }, { target: 'class' });
  const said = notes.join('\n');
  for (const part of [
    '| size',
    'number',
    '| when',
    'date',
    'yes/no',
    '"kind": ',
    'rare',
    'target "class"',
    '320 training rows',
  ])
    assert.ok(said.includes(part), `${part} in ${said}`);
  const of = (code: string) =>
    warnings.filter((warning) => warning.code === code).map(({ message }) => message);
  assert.equal(of('column-ignored').length, 2);
  assert.match(of('column-ignored').join('\n'), /"row" is ignored: it counts the rows/);
  assert.match(of('column-ignored').join('\n'), /"plant" is ignored: it is north in every row/);
  assert.equal(of('column-leaks').length, 1);
  assert.match(of('column-leaks')[0], /"answer" alone decides 100\.00 %/);
});

test('rows without a target are left out and counted', async (t) => {
  const text = tableText(120)
    .replace(/,(low|mid|high)\n/, ',\n')
    .replace(/,(low|mid|high)\n/, ',NA\n');
  const { dataset, notes } = await loaded(t, { 'a.csv': text });
  assert.equal(dataset.train.count + dataset.test.count, 118);
  assert.ok(notes.some((line) => line.includes('2 rows without "class" are left out')));
});

const head = 'x,y,class\n';
const many = (line: (row: number) => string, count = 40) =>
  head + Array.from({ length: count }, (_, row) => `${line(row)}\n`).join('');
const good = many((row) => `${row % 7},${row % 5},${row % 2 ? 'a' : 'b'}`);
const refused: Readonly<
  Record<
    string,
    readonly [
      text: string | Buffer,
      parts: readonly string[],
      request?: Partial<TableRequest>,
      exitCode?: number,
    ]
  >
> = {
  'a ragged row': [`${good}1,2\n`, ['line 42', '2 columns', '3']],
  'two columns of one name': [good.replace('x,y', 'x,x'), ['"x"', 'column']],
  'one class': [many((row) => `${row},${row % 3},a`), ['class', 'a', 'two']],
  'no targets': [many((row) => `${row % 9},${row % 3},`), ['"class" has no value']],
  'an empty file': ['', ['empty']],
  'a header alone': [head, ['no rows']],
  'a binary file': [Buffer.from(Uint8Array.from({ length: 4096 }, (_, i) => (i * 37) % 256)), []],
  'words as a regression': [good, ['"class" has words', 'regression'], { task: 'regression' }, 1],
  'a target that is no column': [good, ['clas', 'did you mean class'], { target: 'clas' }],
  'a type that is none': [good, ['"x"', 'numbr'], { columns: { x: 'numbr' } }],
  'a type of no column': [good, ['"z"'], { columns: { z: 'number' } }],
};
for (const [name, [text, parts, request, code]] of Object.entries(refused))
  test(`refused with one line: ${name}`, async (t) => {
    const exitCode = code ?? (request === undefined ? 1 : 2);
    await assert.rejects(loaded(t, { 'a.csv': text }, request), refusing(exitCode, ...parts));
  });

test('a class of the test file that training never saw is refused', async (t) => {
  const files = { 'a.csv': good, 'b.csv': `${head}1,2,c\n1,2,a\n` };
  await assert.rejects(loaded(t, files, { testFile: 'b.csv' }), refusing(1, 'b.csv', '"c" in 1 row', 'a, b'));
});

test('a header of numbers is one if the target or a type names a column of it', async (t) => {
  const years = `2019,2020,2021\n${Array.from({ length: 40 }, (_, row) => `${row / 8},${(row * 7) % 11},${row / 4}\n`).join('')}`;
  for (const request of [
    { target: '2021' },
    { target: [2021] },
    { columns: { 2019: 'number' } },
  ] satisfies Partial<TableRequest>[]) {
    const { dataset } = await loaded(t, { 'a.csv': years }, request);
    assert.deepEqual([dataset.train.count + dataset.test.count, dataset.target.kind], [40, 'value']);
    assert.ok(dataset.target.kind === 'value' && dataset.target.names?.join() === '2021');
  }
});

test('rows to be predicted: the columns that training had are the header, the target is not read', async (t) => {
  const pay = (row: number) =>
    `${['clerk', 'nurse'][row % 2]},${['Rome', 'Oslo', 'Bern'][row % 3]},${row / 4}\n`;
  const people = `job,city,pay\n${Array.from({ length: 60 }, (_, row) => pay(row)).join('')}`;
  const { dataset } = await loaded(t, { 'people.csv': people });
  const steps = dataset.train.table?.fit(dataset.train, (await configured(table)).data.encoding);
  assert.ok(steps);
  let step = steps.next();
  while (!step.done) step = steps.next();
  const model = tableModelOf(step.value.json, new Map(step.value.tensors), 'test');
  const { signal } = new AbortController();
  const read = async (text: string) =>
    [...(await readTableRows(new TextEncoder().encode(text), 'new.csv', model, () => {}, signal))].join(' ');
  // Numbers from 1 in the order of the words.
  assert.equal(await read('job,city\nclerk,Rome\nnurse,Oslo\n'), '1 3 2 2');
  assert.equal(await read('city,job\nRome,clerk\n'), '1 3');
  assert.equal(await read('job,city,pay\nclerk,Rome,TBD\nnurse,Oslo,2.5\n'), '1 3 2 2');
  await assert.rejects(
    read('job,town\nclerk,Rome\nnurse,Oslo\n'),
    refusing(2, 'new.csv', 'no column "city"', 'job, town'),
  );
  const measured = await loaded(
    t,
    { 'rows.csv': 'job,city,pay\nclerk,Rome,0.5\nnurse,Oslo,NA\n' },
    {},
    { model, evaluates: true },
  );
  assert.equal(measured.dataset.test.count, 1);
  await assert.rejects(
    loaded(t, { 'rows.csv': 'job,city,pay\nclerk,Rome,TBD\n' }, {}, { model, evaluates: true }),
    refusing(1, 'rows.csv: line 2', '"pay"', 'TBD'),
  );
});

test('an encoder in a file that makes no sense is refused', () => {
  const encoder = new Encoder({
    ...{ columns: [], targets: ['class'], fields: [{ column: 'x', part: 'value', fill: 0 }], categories: {} },
    blocks: [{ op: 'linear', field: 0, at: 0, shift: 0, scale: 1 }],
    text: { buckets: 2, wordGrams: 1, characters: null, slots: 0 },
  });
  const target = { task: 'classes', columns: ['class'], names: ['a', 'b'] };
  const good = { encoder: encoder.toJSON(), target };
  const opened = (json: unknown) => tableModelOf(JSON.stringify(json), new Map(), 'file');
  assert.equal(opened(good).encoder.width, 1);
  for (const bad of [
    null,
    {},
    { ...good, target: null },
    { ...good, encoder: { ...good.encoder, fields: [] } },
    {
      ...good,
      encoder: { ...good.encoder, blocks: [{ op: 'linear', field: 3, at: 0, shift: 0, scale: 1 }] },
    },
    { ...good, encoder: { ...good.encoder, blocks: [{ op: 'bins', field: 0, at: 0, edges: '0.edges' }] } },
    { ...good, encoder: { ...good.encoder, blocks: [{ op: 'other', field: 0, at: 0 }] } },
    { ...good, encoder: { ...good.encoder, categories: { x: 'a' } } },
  ])
    assert.throws(() => opened(bad), refusing(1, 'file: table: expected'));
});
