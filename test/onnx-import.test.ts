/** `import`: networks of ONNX and safetensors files become models of ours, or are refused by name. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { namesOf } from '../dist/data/target.js';
import { onnxMetadata } from '../dist/formats/onnx/own.js';
import { toOnnx } from '../dist/formats/onnx/write.js';
import { importFile } from '../dist/inference/import-file.js';
import type { ImportSettings } from '../dist/inference/imported-model.js';
import { writeSafetensors } from '../dist/model/safetensors.js';
import { UserError } from '../dist/user-error.js';
import {
  type ExportedModel,
  exportedCases,
  exportedModel,
  logitsOf,
  opened,
  realModel,
} from './support/exported-models.ts';
import { attribute, type OnnxParts, onnxFile, tensorOf } from './support/onnx-files.ts';
import { someMnist } from './support/pairs.ts';

const dataset = await someMnist(1000, 300);
const images = dataset.test.values;

const settings = (given: Partial<ImportSettings> = {}): ImportSettings => ({
  ...{ shape: null, labels: null, activation: null, normalise: null },
  ...{ crop: 0, pool: 1, momentNormalise: false, set: 'idx', real: false },
  ...given,
});

/** Of the model that the import makes. */
async function imported(bytes: Uint8Array, file: string, given: ImportSettings | null) {
  const { tensors, metadata, notes } = importFile(bytes, file, given);
  const written = writeSafetensors(tensors, metadata);
  return { notes, metadata, ...opened(written) };
}

const onnxOf = ({ model, graph }: Pick<ExportedModel, 'model' | 'graph'>) =>
  toOnnx(graph, { version: '0', metadata: onnxMetadata(model.metadata, model.tensors) });

for (const [name, words] of Object.entries(exportedCases))
  test(`a model of ours comes back from ONNX with the same file: ${name}`, async () => {
    const exported = await exportedModel(words, dataset);
    const back = await imported(onnxOf(exported), 'm.onnx', null);
    assert.ok(Buffer.from(back.file).equals(exported.file), 'the bytes of its file');
    assert.deepEqual(await logitsOf(back.model, images), await logitsOf(exported.model, images));
  });

test('a model on real numbers of ours comes back from ONNX with the same file', async () => {
  const { file, model, graph, samples } = realModel();
  const back = await imported(onnxOf({ model, graph }), 'm.onnx', null);
  assert.ok(Buffer.from(back.file).equals(file), 'the bytes of its file');
  assert.deepEqual(await logitsOf(back.model, samples), await logitsOf(model, samples));
});

test('an ONNX file of ours that was changed is read as any other', async () => {
  const { model, graph } = await exportedModel(exportedCases['mnist-relu'], dataset);
  const onnx = toOnnx(graph, { version: '0', metadata: model.metadata });
  const claimed = toOnnx(graph, { version: '0', metadata: { ...model.metadata, 'data.normalise': 'none' } });
  for (const [bytes, given] of [
    [claimed, null],
    [onnx, settings({ labels: [...'abcdefghij'] })],
  ] as const) {
    const back = await imported(bytes, 'm.onnx', given);
    assert.equal(back.metadata['data.normalise'], 'mnist');
    const [expected, got] = [await logitsOf(model, images), await logitsOf(back.model, images)];
    assert.ok(got.every((value, i) => Math.abs(value - expected[i]) <= 1e-5 * Math.max(1, Math.abs(value))));
  }
});

test('what was changed and is no chain of layers is refused, with advice', async () => {
  const { model, graph } = await exportedModel(exportedCases.directions, dataset);
  const metadata = onnxMetadata(model.metadata, model.tensors);
  const [, mean, scale] =
    /"features.mean","([^"]+)".*"features.scale","([^"]+)"/.exec(metadata['shardstep.tensors']) ?? [];
  assert.ok(mean !== undefined && scale !== undefined);
  const other = {
    ...metadata,
    'shardstep.tensors': metadata['shardstep.tensors'].replace(scale, 'AACAPw=='),
  };
  for (const changed of [model.metadata, other, { ...metadata, 'shardstep.tensors': 'x' }]) {
    const onnx = toOnnx(graph, { version: '0', metadata: changed });
    refusal(() => importFile(onnx, 'm.onnx', null), 1, /m\.onnx: .*keep the \.safetensors/);
  }
});

/** One line of a refusal. */
function refusal(act: () => unknown, code: number, message: RegExp): void {
  assert.throws(act, (error) => {
    assert.ok(error instanceof UserError, String(error));
    assert.match(error.message, message);
    assert.ok(!error.message.includes('\n') && error.message.length < 1500, error.message);
    assert.equal(error.exitCode, code);
    return true;
  });
}

// Two layers, 4 to 3 to 2, as PyTorch's exporters write them.
const w0 = tensorOf('w0', [3, 4], [1, -1, 2, 0, 0.5, 0.25, -1, 1, -2, 1, 0, 1]);
const b0 = tensorOf('b0', [3], [0.5, -0.25, 0]);
const w1 = tensorOf('w1', [2, 3], [1, 2, -1, 0.5, -2, 1]);
const b1 = tensorOf('b1', [2], [0.125, -0.5]);
const turned = tensorOf('w0', [4, 3], [1, 0.5, -2, -1, 0.25, 1, 2, -1, 0, 0, 1, 1]);

const gemm = (input: string, layer: number, output: string) =>
  ['Gemm', [input, `w${layer}`, `b${layer}`], output, { transB: 1 }] as const;

const plain: OnnxParts = {
  inputs: [['x', [null, 4]]],
  outputs: ['y'],
  tensors: [w0, b0, w1, b1],
  nodes: [gemm('x', 0, 'a'), ['Relu', ['a'], 'r'], gemm('r', 1, 'y')],
};

const x = Float64Array.of(10, 0, 255, 3);
const layer = (input: ArrayLike<number>, w: readonly number[], b: readonly number[]) =>
  b.map(
    (bias, o) => bias + Array.from(input).reduce((sum, value, i) => sum + w[o * input.length + i] * value, 0),
  );

/** By definition, of a function between the layers. */
function expectedOf(inputs: ArrayLike<number>, act: (x: number) => number): number[] {
  return layer(layer(inputs, w0.values, b0.values).map(act), w1.values, b1.values);
}

async function outputs(parts: OnnxParts, given: Partial<ImportSettings>) {
  const back = await imported(onnxFile(parts), 'm.onnx', settings(given));
  return { ...back, got: [...(await logitsOf(back.model, Uint8Array.from(x)))] };
}

function near(got: readonly number[], expected: readonly number[]): void {
  got.forEach((value, i) => {
    assert.ok(
      Math.abs(value - expected[i]) <= 1e-4 * Math.max(1, Math.abs(expected[i])),
      `${got} ${expected}`,
    );
  });
}

const relu = (value: number) => Math.max(0, value);
const gelu = (v: number) => 0.5 * v * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (v + 0.044715 * v ** 3)));
const light = x.map((value) => value / 255);
const one = (name: string, value: number) => tensorOf(name, [], [value]);

test('layers by Gemm, with relu, tanh and gelu in several spellings', async () => {
  const between = (nodes: OnnxParts['nodes'], tensors: OnnxParts['tensors'] = []): OnnxParts => ({
    ...plain,
    tensors: [...plain.tensors, ...tensors],
    nodes: [gemm('x', 0, 'a'), ...nodes, gemm('r', 1, 'y')],
  });
  const numbers = [
    one('half', 0.5),
    one('k', 0.044715),
    one('c', 0.7978846),
    one('one', 1),
    one('three', 3),
    one('zero', 0),
  ];
  const spelled: [string, OnnxParts, (v: number) => number, string][] = [
    ['relu', plain, relu, 'relu'],
    ['max', between([['Max', ['a', 'zero'], 'r']], numbers), relu, 'relu'],
    ['clip', between([['Clip', ['a', 'zero'], 'r']], numbers), relu, 'relu'],
    ['tanh', between([['Tanh', ['a'], 'r']]), Math.tanh, 'tanh'],
    ['sigmoid', between([['Sigmoid', ['a'], 'r']]), (v) => 1 / (1 + Math.exp(-v)), 'sigmoid'],
    ['gelu', between([['Gelu', ['a'], 'r', { approximate: 'tanh' }]]), gelu, 'gelu'],
    [
      'gelu in steps',
      between(
        [
          ['Pow', ['a', 'three'], 'p'],
          ['Mul', ['p', 'k'], 'q'],
          ['Add', ['a', 'q'], 's'],
          ['Mul', ['s', 'c'], 't'],
          ['Tanh', ['t'], 'u'],
          ['Add', ['u', 'one'], 'v'],
          ['Mul', ['a', 'half'], 'h'],
          ['Mul', ['h', 'v'], 'r'],
        ],
        numbers,
      ),
      gelu,
      'gelu',
    ],
  ];
  for (const [name, parts, act, found] of spelled) {
    const { got, metadata } = await outputs(parts, { normalise: 'none' });
    near(got, expectedOf(light, act));
    assert.equal(metadata['model.activation'], found, name);
  }
});

test('MatMul and Add, Flatten, Reshape by a computed size, Softmax, Identity, constants in nodes', async () => {
  const { got, model } = await outputs(
    {
      inputs: [['x', [null, 1, 2, 2]]],
      outputs: ['p'],
      tensors: [turned, b0, b1, tensorOf('end', [1], [-1], 'int64'), tensorOf('at', [], [0], 'int64')],
      nodes: [
        ['Constant', [], 'w1', { value: attribute(w1) }],
        ['Transpose', ['w1'], 'w1t', { perm: [1, 0] }],
        ['Shape', ['x'], 'sizes'],
        ['Gather', ['sizes', 'at'], 'n', { axis: 0 }],
        ['Unsqueeze', ['n', 'at'], 'n1'],
        ['Concat', ['n1', 'end'], 'flat', { axis: 0 }],
        ['Reshape', ['x', 'flat'], 'row'],
        ['MatMul', ['row', 'w0'], 'm'],
        ['Add', ['b0', 'm'], 'a'],
        ['Relu', ['a'], 'r'],
        ['MatMul', ['r', 'w1t'], 'n2'],
        ['Add', ['n2', 'b1'], 'z'],
        ['Softmax', ['z'], 'p', { axis: -1 }],
      ],
    },
    { normalise: 'none' },
  );
  near(got, expectedOf(light, relu));
  assert.deepEqual(model.pipeline.input, [2, 2, 1]);
});

test('a scaling of the input: one for all pixels, one for each, after a normalisation', async () => {
  const scaledBy = (nodes: OnnxParts['nodes'], tensors: OnnxParts['tensors']): OnnxParts => ({
    ...plain,
    tensors: [...plain.tensors, ...tensors],
    nodes: [...nodes, gemm('s', 0, 'a'), ['Relu', ['a'], 'r'], gemm('r', 1, 'y')],
  });
  const whole = scaledBy(
    [
      ['Cast', ['x'], 'f', { to: 1 }],
      ['Div', ['f', 'full'], 's'],
    ],
    [one('full', 255)],
  );
  const made = await outputs(whole, {});
  near(made.got, expectedOf(light, relu));
  assert.equal(made.metadata['data.normalise'], 'none');
  assert.match(made.notes.join(), /taken as pixels from 0 to 255/);
  const mnist: OnnxParts = scaledBy(
    [
      ['Div', ['x', 'full'], 'l'],
      ['Sub', ['l', 'mean'], 'd'],
      ['Div', ['d', 'deviation'], 's'],
    ],
    [one('full', 255), one('mean', 0.1307), one('deviation', 0.3081)],
  );
  const normal = light.map((value) => (value - 0.1307) / 0.3081);
  near((await outputs(mnist, {})).got, expectedOf(normal, relu));
  const each = scaledBy(
    [
      ['Mul', ['x', 'scales'], 'm'],
      ['Sub', ['m', 'shifts'], 's'],
    ],
    [tensorOf('scales', [4], [1, 0.5, 2, -1]), tensorOf('shifts', [1, 4], [0.1, 0.2, 0.3, 0.4])],
  );
  const [scales, shifts] = [
    [1, 0.5, 2, -1],
    [0.1, 0.2, 0.3, 0.4],
  ];
  for (const [given, from] of [
    [{}, x],
    [{ normalise: 'none' }, light],
  ] as const) {
    const { got, notes } = await outputs(each, given);
    near(
      got,
      expectedOf(
        from.map((value, p) => value * scales[p] - shifts[p]),
        relu,
      ),
    );
    assert.match(notes.join(), /different scales/);
  }
});

test('a network on real numbers: as given, or normalised by the file', async () => {
  const samples = Float32Array.of(-3.5, 1000, 0.25, 2, 1, 2, 3, 4);
  const real = async (parts: OnnxParts) => {
    const back = await imported(onnxFile(parts), 'm.onnx', settings({ real: true }));
    return { got: [...(await logitsOf(back.model, samples))], metadata: back.metadata };
  };
  const rows = (change: (value: number, p: number) => number) =>
    [0, 4].flatMap((at) =>
      expectedOf(
        samples.subarray(at, at + 4).map((value, p) => change(value, p)),
        relu,
      ),
    );
  const given = await real(plain);
  near(
    given.got,
    rows((value) => value),
  );
  assert.deepEqual([given.metadata.values, given.metadata['data.normalise']], ['float32', 'none']);
  const [means, weights] = [
    [1, 990, 0, 2],
    [0.5, 0.125, 4, 1],
  ];
  const normalised = await real({
    ...plain,
    tensors: [...plain.tensors, tensorOf('means', [4], means), tensorOf('weights', [4], weights)],
    nodes: [
      ['Sub', ['x', 'means'], 'd'],
      ['Mul', ['d', 'weights'], 's'],
      gemm('s', 0, 'a'),
      ...plain.nodes.slice(1),
    ],
  });
  near(
    normalised.got,
    rows((value, p) => (value - means[p]) * weights[p]),
  );
  refusal(
    () => importFile(onnxFile(plain), 'm.onnx', settings({ real: true, normalise: 'mnist' })),
    2,
    /--real: .* need pixels/,
  );
});

test('a PyTorch state_dict of any names, in the order of its sizes', async () => {
  const names = [
    ['fc1', 'fc2'],
    ['layers.0', 'layers.2'],
    ['net.9', 'net.10'],
    ['out', 'hidden'],
  ];
  for (const [first, second] of names) {
    const tensors = new Map(
      [w0, b0, w1, b1].map(({ name, shape, values }) => [
        `${name.endsWith('0') ? first : second}.${name.startsWith('w') ? 'weight' : 'bias'}`,
        { shape: [...shape], data: Float32Array.from(values) },
      ]),
    );
    const bytes = writeSafetensors(tensors);
    const back = await imported(
      bytes,
      'm.safetensors',
      settings({ activation: 'tanh', normalise: 'none', labels: ['no', 'yes'] }),
    );
    near([...(await logitsOf(back.model, Uint8Array.from(x)))], expectedOf(light, Math.tanh));
    assert.deepEqual(namesOf(back.model.target), ['no', 'yes']);
    refusal(
      () => importFile(bytes, 'm.safetensors', settings({ normalise: 'none' })),
      2,
      /model\.activation/,
    );
    refusal(() => importFile(bytes, 'm.safetensors', settings({ activation: 'relu' })), 2, /data\.normalise/);
  }
});

const refused: readonly [string, OnnxParts, RegExp, Partial<ImportSettings>?][] = [
  [
    'convolution',
    { ...plain, nodes: [['Conv', ['x', 'w0'], 'a'], ['Relu', ['a'], 'r'], gemm('r', 1, 'y')] },
    /"Conv" \(node "a"\)/,
  ],
  [
    'an absolute value between layers',
    { ...plain, nodes: [gemm('x', 0, 'a'), ['Abs', ['a'], 'r'], gemm('r', 1, 'y')] },
    /relu, tanh, gelu/,
  ],
  [
    'gelu by the error function',
    { ...plain, nodes: [gemm('x', 0, 'a'), ['Gelu', ['a'], 'r'], gemm('r', 1, 'y')] },
    /approximate=none/,
  ],
  ['no activation', { ...plain, nodes: [gemm('x', 0, 'a'), gemm('a', 1, 'y')] }, /no activation between/],
  [
    'an activation at the end',
    { ...plain, nodes: [...plain.nodes.slice(0, 2), gemm('r', 1, 'z'), ['Relu', ['z'], 'y']] },
    /after the last layer/,
  ],
  ['sizes that do not fit', { ...plain, nodes: [gemm('x', 1, 'y')] }, /3 inputs, a sample 4/],
  [
    'an unknown domain',
    { ...plain, nodes: [['Gemm', ['x', 'w0', 'b0'], 'y', { transB: 1 }, 'com.example']] },
    /com\.example/,
  ],
  ['a value that no node makes', { ...plain, nodes: [['Relu', ['nothing'], 'y']] }, /"nothing"/],
  ['an output that no node makes', { ...plain, outputs: ['z'] }, /"z" is made by no node/],
  [
    'two inputs',
    {
      ...plain,
      inputs: [
        ['x', [null, 4]],
        ['z', [null, 4]],
      ],
    },
    /one input, found 2/,
  ],
  ['no input', { ...plain, inputs: [] }, /one input, found 0/],
  [
    'NaN weights',
    { ...plain, tensors: [{ ...w0, values: w0.values.map(() => Number.NaN) }, b0, w1, b1] },
    /its weight has a value that is not finite/,
  ],
  [
    'infinite biases',
    { ...plain, tensors: [w0, b0, w1, { ...b1, values: [0, Number.POSITIVE_INFINITY] }] },
    /its bias has a value that is not finite/,
  ],
  [
    'data in another file',
    { ...plain, tensors: [{ ...w0, external: true }, b0, w1, b1] },
    /"w0": its data are in another file/,
  ],
  [
    'a type that is not read',
    { ...plain, tensors: [{ ...w0, type: 8 }, b0, w1, b1] },
    /"w0": expected one of .*string/,
  ],
  [
    'fewer data than sizes say',
    { ...plain, tensors: [{ ...w0, shape: [3, 5] }, b0, w1, b1] },
    /"w0": expected 60 bytes of data, got 48/,
  ],
  [
    'a billion elements',
    { ...plain, tensors: [{ ...w0, shape: [1_000_000, 1_000_000] }, b0, w1, b1] },
    /"w0": expected/,
  ],
  [
    'a scale of 0',
    {
      ...plain,
      tensors: [...plain.tensors, one('zero', 0)],
      nodes: [['Mul', ['x', 'zero'], 's'], gemm('s', 0, 'a'), ['Relu', ['a'], 'r'], gemm('r', 1, 'y')],
    },
    /scale of 0/,
  ],
  [
    'mixed activations',
    {
      ...plain,
      tensors: [...plain.tensors, tensorOf('w2', [3, 2], [1, 2, 3, 4, 5, 6]), tensorOf('b2', [3], [0, 0, 0])],
      nodes: [...plain.nodes.slice(0, 2), gemm('r', 1, 't'), ['Tanh', ['t'], 'u'], gemm('u', 2, 'y')],
    },
    /one activation between all layers/,
  ],
  ['a width that the words deny', plain, /4 inputs, a sample 9/, { shape: [3, 3, 1] }],
  ['another activation than the words', plain, /expected relu/, { activation: 'tanh', normalise: 'none' }],
  ['classes of the wrong number', plain, /--labels: expected 2/, { labels: ['a'], normalise: 'none' }],
  ['nothing on the input', plain, /data\.normalise=none for pixels/],
];

for (const [name, parts, message, given = {}] of refused)
  test(`refused: ${name}`, () => {
    const isUsage = /labels|normalise|expected relu/.test(message.source);
    const code = isUsage ? 2 : 1;
    refusal(() => importFile(onnxFile(parts), 'm.onnx', settings(given)), code, message);
  });

test('one tensor as the weights of thousands of layers is refused before it is copied as often', () => {
  const size = 500;
  const square = tensorOf('w', [size, size], new Array<number>(size * size).fill(0));
  const nodes = Array.from({ length: 9000 }, (_, i) => ['Gemm', ['x', 'w'], `y${i}`] as const);
  const parts = { inputs: [['x', [null, size]]], outputs: ['y8999'], tensors: [square], nodes } as const;
  refusal(() => importFile(onnxFile(parts), 'm.onnx', settings({ normalise: 'none' })), 1, /used many times/);
});

test('safetensors that are no chain are refused by the name of the tensor', () => {
  const file = (...tensors: [string, number[]][]) =>
    writeSafetensors(
      new Map(
        tensors.map(([name, shape]) => [
          name,
          { shape, data: new Float32Array(shape.reduce((a, b) => a * b, 1)) },
        ]),
      ),
    );
  const given = settings({ activation: 'relu', normalise: 'none' });
  for (const [bytes, message] of [
    [file(['conv.weight', [2, 1, 3, 3]], ['fc.weight', [2, 4]]), /"conv\.weight" \[2, 1, 3, 3\]/],
    [file(['a.weight', [3, 4]], ['b.weight', [2, 5]]), /no order .*"a\.weight" 4 to 3/],
    [
      file(['z.weight', [4, 2]], ['a.weight', [3, 3]], ['b.weight', [2, 3]], ['c.weight', [3, 4]]),
      /several orders|no order/,
    ],
    [file(['fc.weight', [2, 4]], ['fc.bias', [3]]), /"fc\.bias": expected the shape \[2\], got \[3\]/],
    [file(['fc.bias', [3]]), /no tensor with two sizes/],
    [file(['fc.weight', [0, 4]]), /"fc\.weight" has the shape \[0, 4\]/],
  ] as const)
    refusal(() => importFile(bytes, 'm.safetensors', given), 1, message);
  const nan = writeSafetensors(
    new Map([['fc.weight', { shape: [1, 2], data: Float32Array.of(1, Number.NaN) }]]),
  );
  refusal(() => importFile(nan, 'm.safetensors', given), 1, /"fc\.weight": expected finite values/);
});
