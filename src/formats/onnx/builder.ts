/** Builds an ONNX model: nodes in order, constants, inputs and outputs. Names are made from the operators. */
import { AttributeType, Element, fields, irVersion, opset } from './schema.js';
import { MessageWriter } from './wire.js';

export type ElementType = 'float' | 'double' | 'uint8' | 'int64' | 'bool';

/** Integers and lists of integers; floats are not needed. */
export type Attributes = Readonly<Record<string, number | readonly number[]>>;

/** A size that is a word is known when the model is run. */
export type ValueShape = readonly (number | string)[];

type Numbers = Float32Array | Float64Array | Uint8Array | BigInt64Array;

export class ModelBuilder {
  readonly #nodes: ((graph: MessageWriter) => void)[] = [];
  readonly #constants = new Map<string, (graph: MessageWriter) => void>();
  readonly #inputs: ((graph: MessageWriter) => void)[] = [];
  readonly #outputs: ((graph: MessageWriter) => void)[] = [];
  #made = 0;

  input(name: string, element: ElementType, shape: ValueShape): string {
    this.#inputs.push((graph) => writeValue(graph, fields.graph.input, name, element, shape));
    return name;
  }

  output(name: string, element: ElementType, shape: ValueShape): void {
    this.#outputs.push((graph) => writeValue(graph, fields.graph.output, name, element, shape));
  }

  /** A node with one output, whose name is returned. */
  node(
    type: string,
    inputs: readonly string[],
    attributes: Attributes = {},
    output = this.#name(type),
  ): string {
    this.#nodes.push((graph) =>
      graph.message(fields.graph.node, (node) => {
        for (const input of inputs) node.text(fields.node.input, input);
        node.text(fields.node.output, output);
        node.text(fields.node.name, `make_${output}`);
        node.text(fields.node.type, type);
        for (const [name, value] of Object.entries(attributes)) writeAttribute(node, name, value);
      }),
    );
    return output;
  }

  /** A constant of the element type that its array has. */
  tensor(name: string, shape: readonly number[], data: Numbers): string {
    const unique = this.#constants.has(name) ? this.#name(name) : name;
    this.#constants.set(unique, (graph) => writeTensor(graph, unique, shape, data));
    return unique;
  }

  /** A number or a list of them; equal ones are one constant. */
  constant(element: 'float' | 'double' | 'int64', values: number | readonly number[]): string {
    const list = typeof values === 'number' ? [values] : values;
    const name = `${element}_${typeof values === 'number' ? '' : 'list_'}${list.join('_')}`;
    if (!this.#constants.has(name))
      this.tensor(name, typeof values === 'number' ? [] : [list.length], arrayOf(element, list));
    return name;
  }

  finish(
    name: string,
    doc: string,
    producerVersion: string,
    metadata: ReadonlyMap<string, string>,
  ): Uint8Array {
    const model = new MessageWriter();
    model.varint(fields.model.irVersion, irVersion);
    model.text(fields.model.producer, 'shardstep');
    model.text(fields.model.producerVersion, producerVersion);
    if (doc !== '') model.text(fields.model.doc, doc);
    model.message(fields.model.graph, (graph) => {
      for (const write of this.#nodes) write(graph);
      graph.text(fields.graph.name, name);
      for (const list of [this.#constants.values(), this.#inputs, this.#outputs])
        for (const write of list) write(graph);
    });
    model.message(fields.model.opset, (set) => {
      set.text(fields.opset.domain, '');
      set.varint(fields.opset.version, opset);
    });
    for (const [key, value] of metadata)
      model.message(fields.model.metadata, (entry) => {
        entry.text(fields.entry.key, key);
        entry.text(fields.entry.value, value);
      });
    return model.finish();
  }

  #name(stem: string): string {
    return `${stem.toLowerCase()}_${++this.#made}`;
  }
}

function arrayOf(element: 'float' | 'double' | 'int64', list: readonly number[]): Numbers {
  if (element === 'int64') return BigInt64Array.from(list, BigInt);
  return element === 'float' ? Float32Array.from(list) : Float64Array.from(list);
}

function elementOf(data: Numbers): ElementType {
  if (data instanceof Float32Array) return 'float';
  if (data instanceof Float64Array) return 'double';
  return data instanceof Uint8Array ? 'uint8' : 'int64';
}

/** Raw data are little-endian, as the memory of every machine that we run on. */
function writeTensor(graph: MessageWriter, name: string, shape: readonly number[], data: Numbers): void {
  graph.message(fields.graph.initializer, (tensor) => {
    for (const size of shape) tensor.varint(fields.tensor.dims, size);
    tensor.varint(fields.tensor.type, Element[elementOf(data)]);
    tensor.text(fields.tensor.name, name);
    tensor.bytes(fields.tensor.raw, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  });
}

function writeAttribute(node: MessageWriter, name: string, value: number | readonly number[]): void {
  node.message(fields.node.attribute, (attribute) => {
    attribute.text(fields.attribute.name, name);
    if (typeof value === 'number') attribute.varint(fields.attribute.int, value);
    else for (const each of value) attribute.varint(fields.attribute.ints, each);
    attribute.varint(
      fields.attribute.type,
      typeof value === 'number' ? AttributeType.int : AttributeType.ints,
    );
  });
}

function writeValue(
  graph: MessageWriter,
  field: number,
  name: string,
  element: ElementType,
  shape: ValueShape,
): void {
  graph.message(field, (value) => {
    value.text(fields.value.name, name);
    value.message(fields.value.type, (type) =>
      type.message(fields.type.tensor, (tensor) => {
        tensor.varint(fields.tensorType.element, Element[element]);
        tensor.message(fields.tensorType.shape, (sizes) => {
          for (const size of shape)
            sizes.message(fields.shape.dim, (dim) => {
              if (typeof size === 'number') dim.varint(fields.dim.value, size);
              else dim.text(fields.dim.name, size);
            });
        });
      }),
    );
  });
}
