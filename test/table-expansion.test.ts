/** The kernel that expands stored rows gives the bits of its reference in JavaScript; damaged tables of blocks are seen. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { blockTable, expandStored, isSound, type TableBlock } from '../dist/kernels/expansion.js';
import { instantiateKernels } from '../dist/kernels/kernels.js';
import { candidateLevels, levels } from '../dist/kernels/levels.js';
import { loadKernels } from '../dist/kernels/load.js';
import { loadKernelsApart } from '../dist/kernels/load-apart.js';
import { Scratch } from '../dist/kernels/scratch.js';

const memory = new WebAssembly.Memory({ initial: 64, maximum: 64, shared: true });
const here = candidateLevels(process.versions.v8, process.arch);

const number = fc.oneof(
  fc.float({ min: -1e6, max: 1e6, noNaN: true }),
  fc.float({ min: -3, max: 3, noNaN: true }),
  fc.integer({ min: 0, max: 9 }),
);
const stored = fc.oneof({ weight: 4, arbitrary: number }, { weight: 1, arbitrary: fc.constant(Number.NaN) });
const sorted = (of: number) =>
  fc
    .uniqueArray(fc.float({ min: -3, max: 9, noNaN: true }), { minLength: of, maxLength: 40 })
    .map((values) => Float32Array.from(values).sort());

type Kind = Pick<TableBlock, 'op' | 'count' | 'parameters' | 'tensors'> & { readonly width: number };
const pair = fc.tuple(fc.integer({ min: 0, max: 1 }), fc.integer({ min: 0, max: 1 }));
const kinds: fc.Arbitrary<Kind> = fc.oneof(
  fc
    .tuple(number, number)
    .map((parameters): Kind => ({ op: 'linear', count: 0, parameters, tensors: [], width: 1 })),
  sorted(1).map((x): Kind => {
    return {
      op: 'curve',
      count: x.length,
      parameters: [0, 0],
      tensors: [x, x.map((y) => y * 1.7)],
      width: 1,
    };
  }),
  sorted(2).map((edges): Kind => {
    const count = edges.length - 1;
    return { op: 'bins', count, parameters: [0, 0], tensors: [edges], width: count };
  }),
  fc
    .constantFrom(7, 12, 24)
    .map((period): Kind => ({ op: 'cycle', count: 0, parameters: [period, 0], tensors: [], width: 2 })),
  fc.tuple(sorted(1), number).map(([f, shift]): Kind => {
    return { op: 'periodic', count: f.length, parameters: [shift, 0.7], tensors: [f], width: 2 * f.length };
  }),
  fc.tuple(fc.integer({ min: 1, max: 40 }), pair).map(([count, parameters]): Kind => {
    const width = count + parameters[0] + parameters[1];
    return { op: 'one-hot', count, parameters, tensors: [], width };
  }),
  fc.constant<Kind>({ op: 'missing', count: 0, parameters: [0, 0], tensors: [], width: 1 }),
);

interface Case {
  readonly table: Float32Array;
  readonly fields: number;
  readonly width: number;
  readonly rows: readonly (readonly number[])[];
}

const cases: fc.Arbitrary<Case> = fc
  .tuple(
    fc.array(fc.tuple(kinds, fc.nat(3), number), { minLength: 1, maxLength: 6 }),
    fc.integer({ min: 1, max: 9 }),
  )
  .chain(([blocks, count]) => {
    const fields = 4;
    let width = 0;
    const placed = blocks.map(([{ width: own, ...block }, field, fill]): TableBlock => {
      const at = width;
      width += own;
      return { ...block, field, at, fill: Math.fround(fill) };
    });
    const rows = fc.array(fc.array(stored, { minLength: fields, maxLength: fields }), {
      minLength: count,
      maxLength: count,
    });
    return rows.map((rows) => ({ table: blockTable(placed, fields, width), fields, width, rows }));
  });

function expandedBy(kernels: ReturnType<typeof instantiateKernels>, { table, fields, width, rows }: Case) {
  const scratch = new Scratch(memory, 1);
  const inputs = scratch.zeros(rows.length * fields);
  inputs.view.set(rows.flat());
  const blocks = scratch.zeros(table.length);
  blocks.view.set(table);
  const order = scratch.permutation(rows.length);
  const panels = Math.ceil(width / 16);
  // Numbers of earlier rows, which must not be seen.
  const out = scratch.floats(panels * 16 * rows.length);
  const beyond = scratch.floats(16);
  const kept = beyond.view.slice();
  kernels.expandRows(
    ...([inputs.pointer, order.pointer, rows.length, fields * 4, blocks.pointer] as const),
    ...([out.pointer, rows.length * 64] as const),
  );
  assert.deepEqual(beyond.view, kept);
  return Array.from(order.view, (sample, row) => {
    const got = Float32Array.from(
      { length: panels * 16 },
      (_, p) => out.view[((p >> 4) * rows.length + row) * 16 + (p & 15)],
    );
    const expected = new Float32Array(panels * 16);
    expandStored(table, inputs.view.slice(sample * fields, (sample + 1) * fields), expected);
    return { got, expected };
  });
}

for (const level of levels) {
  const skip = here.includes(level) ? false : `this V8 has no ${level} level`;
  test(`level ${level}: the kernel has the bits of expandStored for every operation`, { skip }, async () => {
    const engine = instantiateKernels(loadKernels([level]).modules.engine, memory);
    const apart = instantiateKernels((await loadKernelsApart([level])).modules.engine, memory);
    fc.assert(
      fc.property(cases, (one) => {
        assert.ok(isSound(one.table));
        for (const kernels of [engine, apart])
          for (const { got, expected } of expandedBy(kernels, one))
            assert.deepEqual(new Uint32Array(got.buffer), new Uint32Array(expected.buffer));
      }),
      { numRuns: 150 },
    );
  });
}

test('a table that would read or write elsewhere is no sound one', () => {
  const one: TableBlock = {
    ...{ op: 'bins', field: 1, at: 2, count: 2, fill: 0, parameters: [0, 0] },
    tensors: [Float32Array.of(0, 1, 2)],
  };
  const table = blockTable([one], 2, 4);
  assert.ok(isSound(table));
  assert.ok(!isSound(new Float32Array(0)) && !isSound(table.subarray(0, table.length - 1)));
  for (const [place, value] of [
    [0, 2],
    [1, 1],
    [2, 3],
    [8, 7],
    [8, 0.5],
    [9, -1],
    [10, 3],
    [11, 3],
    [15, 8],
    [15, 17],
    [15, Number.NaN],
  ]) {
    const damaged = table.slice();
    damaged[place] = value;
    assert.ok(!isSound(damaged), `${value} at ${place}`);
  }
});
