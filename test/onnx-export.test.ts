/**
 * ONNX files of every operation: what is in them, by the decoder. What they compute is verified by onnxruntime in
 * `npm run test:readers`.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeOnnx } from '../dist/formats/onnx/decode.js';
import { Element, irVersion, opset } from '../dist/formats/onnx/schema.js';
import { fieldsOf, Kind, MessageWriter, WireError } from '../dist/formats/onnx/wire.js';
import { toOnnx } from '../dist/formats/onnx/write.js';
import type { Graph } from '../dist/model/op.js';
import { exportedCases, exportedModel } from './support/exported-models.ts';
import { someMnist } from './support/pairs.ts';

const dataset = await someMnist(300, 20);

for (const [name, words] of Object.entries(exportedCases))
  test(`raw values in, logits and probabilities out, each value made before it is used: ${name}`, async () => {
    const { model, graph } = await exportedModel(words, dataset);
    const options = { version: '1.2.3', metadata: model.metadata };
    const bytes = toOnnx(graph, options);
    assert.ok(Buffer.from(bytes).equals(toOnnx(graph, options)), 'equal models, equal bytes');
    const onnx = decodeOnnx(bytes, 'm.onnx');
    assert.deepEqual([onnx.producer, onnx.producerVersion], ['shardstep', '1.2.3']);
    assert.deepEqual(onnx.inputs, [{ name: 'input', type: Element.uint8, shape: [null, 28, 28, 1] }]);
    assert.deepEqual(onnx.outputs, [
      { name: 'logits', type: Element.float, shape: [null, 10] },
      { name: 'probabilities', type: Element.float, shape: [null, 10] },
    ]);
    assert.deepEqual(Object.fromEntries(onnx.metadata), model.metadata);
    const known = new Set(['input', ...onnx.constants.keys()]);
    for (const { inputs, outputs, type, domain } of onnx.nodes) {
      assert.ok(domain === '' && operators.includes(type), `${type} is in the standard operators used`);
      for (const input of inputs) assert.ok(known.has(input), `${input}, used by ${type}`);
      for (const output of outputs) {
        assert.ok(!known.has(output), `${output} is made twice`);
        known.add(output);
      }
    }
    for (const { name: output } of onnx.outputs) assert.ok(known.has(output));
    const used = new Set(onnx.nodes.flatMap(({ inputs }) => inputs));
    for (const constant of onnx.constants.keys()) assert.ok(used.has(constant), `${constant} is used`);
    const lastRounding = words.some((word) => /standardise|whiten|momentNormalise/.test(word));
    const isWide = [...onnx.constants.values()].some(({ type }) => type === Element.double);
    if (lastRounding) assert.ok(isWide, 'what comes before a rounding is float64');
  });

/** All have their present form since opset 17 or before, and a float64 version on CPUs if they are used so. */
const operators = [
  ...['Abs', 'Add', 'Cast', 'Clip', 'Concat', 'CumSum', 'Div', 'Floor', 'Gather', 'GatherElements', 'Gemm'],
  ...['Greater', 'GreaterOrEqual', 'Identity', 'MatMul', 'Max', 'Min', 'Mod', 'Mul', 'Pad', 'ReduceSum'],
  ...['Relu', 'Reshape', 'Sigmoid', 'Slice', 'Softmax', 'Sqrt', 'Sub', 'Tanh', 'Where'],
];

test('float32 values come as float32', () => {
  const graph: Graph = {
    ...{ input: [3], values: 'float32', labels: ['no', 'yes'], probabilities: [{ op: 'softmax' }] },
    ops: [
      {
        ...{ op: 'dense', inputs: 3, outputs: 2 },
        ...{ weight: Float32Array.of(1, 2, 3, 4, 5, 6), bias: Float32Array.of(7, 8) },
      },
    ],
  };
  const onnx = decodeOnnx(toOnnx(graph, { version: '0' }), 'm.onnx');
  assert.deepEqual(onnx.inputs, [{ name: 'input', type: Element.float, shape: [null, 3] }]);
  assert.deepEqual(onnx.constants.get('layer_weight')?.data, Float32Array.of(1, 2, 3, 4, 5, 6));
  assert.equal(onnx.metadata.get('labels'), '["no","yes"]');
  assert.deepEqual(
    onnx.nodes.map(({ type }) => type),
    ['Gemm', 'Identity', 'Softmax', 'Identity'],
  );
});

test('opset 17 and its IR version', () => {
  assert.deepEqual([opset, irVersion], [17, 8]);
});

test('numbers, texts and nested messages come back from the wire', () => {
  const integer = fc.oneof(fc.nat(), fc.maxSafeNat());
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.integer({ min: 1, max: 2 ** 20 }), integer, fc.string())), (parts) => {
      const writer = new MessageWriter();
      for (const [field, number, text] of parts)
        writer.message(field, (inner) => {
          inner.varint(field, number);
          inner.text(field, text);
        });
      const back = [...fieldsOf(writer.finish())].map(({ number, bytes }) => {
        const [first, second] = fieldsOf(bytes);
        assert.deepEqual([first.kind, second.kind], [Kind.varint, Kind.bytes]);
        return [number, Number(first.value), new TextDecoder().decode(second.bytes)];
      });
      assert.deepEqual(back, parts);
    }),
  );
});

test('damage of the wire is refused by its place', () => {
  const read = (...bytes: number[]) => [...fieldsOf(Uint8Array.from(bytes))];
  assert.deepEqual(
    read(8, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1).map(({ value }) => value),
    [-1n],
    'negative numbers have ten bytes',
  );
  for (const [bytes, message] of [
    [[8], /ends within a number at byte 1/],
    [[8, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 1], /more than 10 bytes at byte 1/],
    [[10, 5, 1], /a field of 5 bytes, which do not follow, at byte 0/],
    [[10, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1], /a field of 18446744073709551615 bytes/],
    [[13, 1, 2], /a field of 4 bytes/],
    [[11, 12], /unknown kind 3/],
    [[2, 0], /a field of number 0/],
  ] as const)
    assert.throws(
      () => read(...bytes),
      (error) => error instanceof WireError && message.test(error.message),
    );
});
