/** ONNX files for tests, written field by field, whether they make sense or not. */
import { fields } from '../../dist/formats/onnx/schema.js';
import { MessageWriter } from '../../dist/formats/onnx/wire.js';
import { writeSafetensors } from '../../dist/model/safetensors.js';

export interface TensorParts {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: readonly number[];
  readonly element?: 'float' | 'int64';
  /** Another number of its type. */
  readonly type?: number;
  readonly external?: boolean;
}

export type AttributeParts = number | string | readonly number[] | { readonly tensor: TensorParts };

/** Type, inputs, output, attributes, domain. */
export type NodeParts = readonly [
  string,
  readonly string[],
  string,
  Readonly<Record<string, AttributeParts>>?,
  string?,
];

export interface OnnxParts {
  readonly inputs: readonly (readonly [string, readonly (number | null)[]])[];
  readonly outputs: readonly string[];
  readonly tensors: readonly TensorParts[];
  readonly nodes: readonly NodeParts[];
}

export const tensorOf = (
  name: string,
  shape: readonly number[],
  values: readonly number[],
  element: TensorParts['element'] = 'float',
): TensorParts => ({ name, shape, values, element });

export const attribute = (tensor: TensorParts): AttributeParts => ({ tensor });

export function onnxFile({ inputs, outputs, tensors, nodes }: OnnxParts): Uint8Array {
  const model = new MessageWriter();
  model.varint(fields.model.irVersion, 8);
  model.message(fields.model.graph, (graph) => {
    for (const node of nodes) graph.message(fields.graph.node, (message) => writeNode(message, node));
    for (const tensor of tensors)
      graph.message(fields.graph.initializer, (message) => writeTensor(message, tensor));
    for (const [name, shape] of inputs)
      graph.message(fields.graph.input, (value) => writeValue(value, name, shape));
    for (const name of outputs)
      graph.message(fields.graph.output, (value) => value.text(fields.value.name, name));
  });
  return model.finish();
}

function writeNode(message: MessageWriter, [type, inputs, output, attributes = {}, domain]: NodeParts): void {
  for (const input of inputs) message.text(fields.node.input, input);
  message.text(fields.node.output, output);
  message.text(fields.node.type, type);
  if (domain !== undefined) message.text(fields.node.domain, domain);
  for (const [name, value] of Object.entries(attributes))
    message.message(fields.node.attribute, (given) => {
      given.text(fields.attribute.name, name);
      if (typeof value === 'string') given.text(fields.attribute.string, value);
      else if (typeof value === 'number') given.varint(fields.attribute.int, Math.max(0, value));
      else if ('tensor' in value)
        given.message(fields.attribute.tensor, (inner) => writeTensor(inner, value.tensor));
      else for (const each of value) given.varint(fields.attribute.ints, each);
    });
}

function writeTensor(
  message: MessageWriter,
  { name, shape, values, element, type, external }: TensorParts,
): void {
  const isFloat = element !== 'int64';
  for (const size of shape) message.varint(fields.tensor.dims, size);
  message.varint(fields.tensor.type, type ?? (isFloat ? 1 : 7));
  message.text(fields.tensor.name, name);
  if (external === true) message.varint(fields.tensor.location, 1);
  const data = isFloat ? Float32Array.from(values) : BigInt64Array.from(values, BigInt);
  message.bytes(fields.tensor.raw, new Uint8Array(data.buffer));
}

function writeValue(message: MessageWriter, name: string, shape: readonly (number | null)[]): void {
  message.text(fields.value.name, name);
  message.message(fields.value.type, (type) =>
    type.message(fields.type.tensor, (tensor) => {
      tensor.varint(fields.tensorType.element, 1);
      tensor.message(fields.tensorType.shape, (sizes) => {
        for (const size of shape)
          sizes.message(fields.shape.dim, (dim) => {
            if (size === null) dim.text(fields.dim.name, 'N');
            else dim.varint(fields.dim.value, size);
          });
      });
    }),
  );
}

/** On pixels from 0 to 255. */
export const smallNetwork = (): Uint8Array =>
  onnxFile({
    inputs: [['x', [null, 2, 2]]],
    outputs: ['y'],
    tensors: [tensorOf('w', [4, 2], [1, 2, 3, 4, 5, 6, 7, 8]), tensorOf('full', [], [255])],
    nodes: [
      ['Div', ['x', 'full'], 's'],
      ['Flatten', ['s'], 'f'],
      ['MatMul', ['f', 'w'], 'y'],
    ],
  });

/** 784-5-10, all zeros. */
export function stateDict(): Uint8Array {
  const zeros = (...shape: number[]) => ({
    shape,
    data: new Float32Array(shape.reduce((product, size) => product * size, 1)),
  });
  return writeSafetensors(
    new Map([
      ['fc1.weight', zeros(5, 784)],
      ['fc1.bias', zeros(5)],
      ['fc2.weight', zeros(10, 5)],
      ['fc2.bias', zeros(10)],
    ]),
  );
}
