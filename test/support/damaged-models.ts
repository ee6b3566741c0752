/**
 * Model files with damage, as many as wanted: small sound files in both formats, of this program and of others, then
 * bytes flipped, cut, moved, repeated, numbers and words of headers replaced. The same seed gives the same files.
 */

import type { NetworkChain } from '../../dist/formats/network-chain.js';
import { onnxMetadata } from '../../dist/formats/onnx/own.js';
import { toOnnx } from '../../dist/formats/onnx/write.js';
import { importFile } from '../../dist/inference/import-file.js';
import { type ImportSettings, importedModel } from '../../dist/inference/imported-model.js';
import { graphOf } from '../../dist/inference/model-graph.js';
import { savedModel } from '../../dist/inference/saved-model.js';
import { parseWeights } from '../../dist/inference/weights-file.js';
import { writeSafetensors } from '../../dist/model/safetensors.js';
import { Rng } from '../../dist/numbers/rng.js';
import { UserError } from '../../dist/user-error.js';
import { type Below, byteDamages, damageBytes, inserted, longNumber } from './byte-damage.ts';
import { onnxFile, tensorOf } from './onnx-files.ts';

export interface DamagedFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

const settings: ImportSettings = {
  ...{ shape: null, labels: null, activation: 'relu', normalise: 'none' },
  ...{ crop: 0, pool: 1, momentNormalise: false, set: 'idx', real: false },
};

/** Layers of these sizes with weights that are not all alike. */
function chain(...sizes: number[]): NetworkChain {
  const layers = sizes.slice(1).map((outputs, i) => ({
    ...{ name: `layer ${i}`, inputs: sizes[i], outputs },
    weight: Float32Array.from({ length: sizes[i] * outputs }, (_, k) => Math.sin(k + i)),
    bias: Float32Array.from({ length: outputs }, (_, k) => Math.cos(k + i)),
  }));
  return { layers, activation: 'relu', shape: null, scaling: null, notes: [] };
}

/** What damage begins with. */
export function soundFiles(): DamagedFile[] {
  const made = [
    importedModel(chain(16, 3, 2), { ...settings, shape: [4, 4, 1] }, 'x'),
    importedModel(
      chain(4, 3, 2),
      { ...settings, shape: [6, 6, 1], crop: 1, pool: 2, momentNormalise: true },
      'x',
    ),
    importedModel(
      { ...chain(4, 2), scaling: { scale: Float64Array.of(1, 1, 1, 1), shift: Float64Array.of(1, 2, 3, 4) } },
      { ...settings, normalise: null },
      'x',
    ),
  ];
  const ours = made.map(({ tensors, metadata }) => ({
    safetensors: writeSafetensors(tensors, metadata),
    onnx: toOnnx(graphOf(savedModel({ tensors, metadata }, 'x')), {
      version: '0',
      metadata: onnxMetadata(metadata, tensors),
    }),
  }));
  const [w0, b0, w1] = [
    tensorOf('w0', [3, 4], [1, -1, 2, 0, 0.5, 0.25, -1, 1, -2, 1, 0, 1]),
    tensorOf('b0', [3], [0.5, -0.25, 0]),
    tensorOf('w1', [3, 2], [1, 2, -1, 0.5, -2, 1]),
  ];
  const foreign = onnxFile({
    inputs: [['x', [null, 2, 2]]],
    outputs: ['p'],
    tensors: [w0, b0, w1],
    nodes: [
      ['Constant', [], 'full', { value: { tensor: tensorOf('', [], [255]) } }],
      ['Flatten', ['x'], 'f', { axis: 1 }],
      ['Div', ['f', 'full'], 's'],
      ['Gemm', ['s', 'w0', 'b0'], 'a', { transB: 1 }],
      ['Relu', ['a'], 'r'],
      ['MatMul', ['r', 'w1'], 'z'],
      ['Softmax', ['z'], 'p', { axis: 1 }],
    ],
  });
  const state = new Map(
    [w0, b0, w1].map(({ name, shape, values }) => [
      { w0: 'fc1.weight', b0: 'fc1.bias', w1: 'fc2.weight' }[name] ?? name,
      { shape: name === 'w1' ? [2, 3] : [...shape], data: Float32Array.from(values) },
    ]),
  );
  return [
    ...ours.flatMap(({ safetensors, onnx }) => [
      { name: 'own.safetensors', bytes: safetensors },
      { name: 'own.onnx', bytes: onnx },
    ]),
    { name: 'foreign.onnx', bytes: foreign },
    { name: 'foreign.safetensors', bytes: writeSafetensors(state) },
  ];
}

/** Numbers that lengths, sizes and offsets are replaced by. */
const numbers = [
  '0',
  '-1',
  '1',
  '2',
  '3.5',
  '255',
  '65536',
  '16777216',
  '4294967296',
  '9007199254740993',
  '1e308',
  'null',
  '"x"',
  '[[[[',
  '{}',
];

/** The names of tensors are not damaged as often as their bytes: words are replaced by those of other places. */
const words = /"?[A-Za-z][\w.-]*"?/g;

export function* damagedFiles(seed: number, count: number): Generator<DamagedFile> {
  const rng = new Rng(seed);
  const sound = soundFiles();
  const below = (n: number) => rng.below(n);
  for (let i = 0; i < count; i++) {
    const { name, bytes } = sound[below(sound.length)];
    let damaged: Uint8Array = bytes.slice();
    // One damage reaches deeper than several.
    const times = Math.max(1, below(6) - 2);
    for (let k = 0; k < times; k++) damaged = damage(damaged, name, below);
    yield { name, bytes: damaged };
  }
}

function damage(bytes: Uint8Array, name: string, below: Below): Uint8Array {
  const length = bytes.length;
  if (length === 0) return Uint8Array.of(below(256));
  const at = below(length);
  const some = Math.min(length - at, 1 + below(16));
  const kind = below(name.endsWith('.safetensors') ? 16 : 8);
  if (kind < byteDamages) return damageBytes(kind, bytes, at, some, below);
  switch (kind) {
    case 5:
      bytes.fill(255, at, at + some);
      return bytes;
    case 6:
      return inserted(bytes, at, longNumber(below));
    case 7: {
      // A number that is not finite.
      const view = new DataView(bytes.buffer, bytes.byteOffset, length);
      if (length >= 4)
        view.setUint32(Math.min(at, length - 4), below(2) === 0 ? 0x7fc00000 : 0x7f800000, true);
      return bytes;
    }
    default:
      return otherHeader(bytes, below);
  }
}

/** A safetensors header with a number or a word replaced, of the right length again. */
export function otherHeader(bytes: Uint8Array, below: Below): Uint8Array {
  if (bytes.length < 8) return bytes;
  const stored = Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true));
  const end = Math.min(bytes.length, 8 + stored);
  const header = Buffer.from(bytes.subarray(8, end)).toString('latin1');
  const places = [...header.matchAll(below(2) === 0 ? /\d+/g : words)];
  if (places.length === 0) return bytes;
  const place = places[below(places.length)];
  const by = below(2) === 0 ? numbers[below(numbers.length)] : places[below(places.length)][0];
  const text = header.slice(0, place.index) + by + header.slice(place.index + place[0].length);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Uint8Array.from(Buffer.concat([length, Buffer.from(text, 'latin1'), bytes.subarray(end)]));
}

/**
 * Opens a file as the commands do; null: it is sound, or the damage does not show. Any error other than a refusal in one
 * line goes through.
 */
export function openDamaged({ name, bytes }: DamagedFile): UserError | null {
  try {
    if (name.startsWith('own') && name.endsWith('.safetensors'))
      graphOf(savedModel(parseWeights(bytes, name), name));
    else {
      const isAsked = name.startsWith('foreign.safetensors');
      const { tensors, metadata } = importFile(bytes, name, isAsked ? settings : null);
      graphOf(savedModel({ tensors, metadata }, name));
    }
    return null;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    if (/[\r\n]/.test(error.message) || error.message.length > 2000)
      throw new Error(
        `expected one short line, got ${error.message.length} characters: ${error.message.slice(0, 300)}`,
      );
    return error;
  }
}
