/** The part of ONNX's messages (onnx.proto) that our networks need: field numbers, types of elements. */

/** Field numbers of each message. */
export const fields = {
  model: { irVersion: 1, producer: 2, producerVersion: 3, doc: 6, graph: 7, opset: 8, metadata: 14 },
  opset: { domain: 1, version: 2 },
  entry: { key: 1, value: 2 },
  graph: { node: 1, name: 2, initializer: 5, input: 11, output: 12, sparse: 15 },
  node: { input: 1, output: 2, name: 3, type: 4, attribute: 5, domain: 7 },
  attribute: {
    name: 1,
    float: 2,
    int: 3,
    string: 4,
    tensor: 5,
    graph: 6,
    floats: 7,
    ints: 8,
    graphs: 11,
    type: 20,
  },
  tensor: {
    ...{ dims: 1, type: 2, segment: 3, floats: 4, ints32: 5, ints64: 7, name: 8, raw: 9, doubles: 10 },
    ...{ external: 13, location: 14 },
  },
  value: { name: 1, type: 2 },
  type: { tensor: 1 },
  tensorType: { element: 1, shape: 2 },
  shape: { dim: 1 },
  dim: { value: 1, name: 2 },
} as const;

/** TensorProto.DataType. */
export const Element = {
  ...{ float: 1, uint8: 2, int8: 3, uint16: 4, int16: 5, int32: 6, int64: 7, string: 8, bool: 9, half: 10 },
  ...{ double: 11, bfloat16: 16 },
} as const;

/** Name of a type of elements, for messages. */
export const elementName = (type: number): string =>
  Object.entries(Element).find(([, number]) => number === type)?.[0] ?? `type ${type}`;

/** AttributeProto.AttributeType. */
export const AttributeType = {
  float: 1,
  int: 2,
  string: 3,
  tensor: 4,
  graph: 5,
  floats: 6,
  ints: 7,
} as const;

/** Opset 17 (onnx 1.12, 2022) has every operator used; later runtimes read it. IR version 8 belongs to it. */
export const opset = 17;
export const irVersion = 8;
