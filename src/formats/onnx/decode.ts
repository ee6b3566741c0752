/**
 * Reads ONNX files into plain data. Files come from anywhere: lengths and counts are checked before anything is
 * allocated, graphs within attributes (If, Loop) are not entered, and data in other files are refused.
 */
import { quoted, UserError } from '../../user-error.js';
import { type OnnxTensor, readTensor } from './decode-tensor.js';
import { FieldReader, floatOf, most } from './field-reader.js';
import { fields } from './schema.js';
import { type Field, Kind, WireError } from './wire.js';

export type { OnnxTensor } from './decode-tensor.js';

export interface OnnxNode {
  readonly name: string;
  readonly type: string;
  readonly domain: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, number | readonly number[] | string | OnnxTensor>;
}

export interface OnnxValue {
  readonly name: string;
  readonly type: number;
  /** Null for a size that is known when the model is run. Null: the rank is unknown. */
  readonly shape: readonly (number | null)[] | null;
}

export interface OnnxModel {
  readonly producer: string;
  readonly producerVersion: string;
  readonly metadata: ReadonlyMap<string, string>;
  readonly nodes: readonly OnnxNode[];
  readonly constants: ReadonlyMap<string, OnnxTensor>;
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
}

/** @throws UserError (exit 1) for anything that is not an ONNX model whose data are in the file. */
export function decodeOnnx(bytes: Uint8Array, file: string): OnnxModel {
  try {
    return new Decoder(new FieldReader(file, bytes)).model(bytes);
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    throw new UserError(`${file}: not a valid ONNX file: ${error.message}`, undefined, { cause: error });
  }
}

class Decoder {
  readonly #reader: FieldReader;

  constructor(reader: FieldReader) {
    this.#reader = reader;
  }

  model(bytes: Uint8Array): OnnxModel {
    const { model } = fields;
    let graph: Uint8Array | null = null;
    let [producer, producerVersion, isVersioned] = ['', '', false];
    const metadata = new Map<string, string>();
    for (const field of this.#reader.fields(bytes)) {
      if (field.number === model.irVersion) isVersioned = this.#reader.integer(field) > 0;
      else if (field.number === model.producer) producer = this.#reader.text(field);
      else if (field.number === model.producerVersion) producerVersion = this.#reader.text(field);
      else if (field.number === model.graph) graph = this.#reader.bytes(field);
      else if (field.number === model.metadata) {
        const [key, value] = this.#entry(field);
        metadata.set(key, value);
        this.#reader.limit(metadata.size, most.items, 'entries of metadata');
      }
    }
    if (graph === null || !isVersioned) throw this.#reader.refusal('no graph, or no ir_version');
    return { producer, producerVersion, metadata, ...this.#graph(graph) };
  }

  #graph(bytes: Uint8Array): Pick<OnnxModel, 'nodes' | 'constants' | 'inputs' | 'outputs'> {
    const { graph } = fields;
    const nodes: OnnxNode[] = [];
    const constants = new Map<string, OnnxTensor>();
    const [inputs, outputs]: OnnxValue[][] = [[], []];
    for (const field of this.#reader.fields(bytes)) {
      if (field.number === graph.node) nodes.push(this.#node(this.#reader.bytes(field)));
      else if (field.number === graph.initializer) {
        const tensor = readTensor(this.#reader, this.#reader.bytes(field));
        constants.set(tensor.name, tensor);
      } else if (field.number === graph.input) inputs.push(this.#value(this.#reader.bytes(field)));
      else if (field.number === graph.output) outputs.push(this.#value(this.#reader.bytes(field)));
      else if (field.number === graph.sparse) throw this.#reader.refusal('sparse tensors are not read');
      const largest = Math.max(nodes.length, constants.size, inputs.length, outputs.length);
      this.#reader.limit(largest, most.items, 'nodes, tensors, inputs or outputs');
    }
    return { nodes, constants, inputs, outputs };
  }

  #node(bytes: Uint8Array): OnnxNode {
    const { node } = fields;
    let [name, type, domain] = ['', '', ''];
    const [inputs, outputs]: string[][] = [[], []];
    const attributes: [string, number | readonly number[] | string | OnnxTensor][] = [];
    for (const field of this.#reader.fields(bytes)) {
      if (field.number === node.input) inputs.push(this.#reader.text(field));
      else if (field.number === node.output) outputs.push(this.#reader.text(field));
      else if (field.number === node.name) name = this.#reader.text(field);
      else if (field.number === node.type) type = this.#reader.text(field);
      else if (field.number === node.domain) domain = this.#reader.text(field);
      else if (field.number === node.attribute) attributes.push(this.#attribute(this.#reader.bytes(field)));
      const largest = Math.max(inputs.length, outputs.length, attributes.length);
      this.#reader.limit(largest, most.perNode, `inputs, outputs or attributes of node ${quoted(name)}`);
    }
    return { name, type, domain, inputs, outputs, attributes: new Map(attributes) };
  }

  /** A graph is given as the word "graph": its contents are not read. */
  #attribute(bytes: Uint8Array): [string, number | readonly number[] | string | OnnxTensor] {
    const { attribute } = fields;
    let name = '';
    let value: number | readonly number[] | string | OnnxTensor = '';
    const list: number[] = [];
    for (const field of this.#reader.fields(bytes)) {
      if (field.number === attribute.name) name = this.#reader.text(field);
      else if (field.number === attribute.int) value = this.#reader.integer(field);
      else if (field.number === attribute.float) value = floatOf(this.#reader.bytes(field, Kind.fixed32));
      else if (field.number === attribute.string) value = this.#reader.text(field);
      else if (field.number === attribute.tensor) value = readTensor(this.#reader, this.#reader.bytes(field));
      else if (field.number === attribute.graph || field.number === attribute.graphs) value = 'graph';
      else if (field.number === attribute.ints) list.push(...this.#reader.integers(field, most.items));
      else if (field.number === attribute.floats) list.push(...this.#reader.floats(field));
      this.#reader.limit(list.length, most.items, `numbers of attribute ${quoted(name)}`);
    }
    return [name, list.length > 0 ? list : value];
  }

  #value(bytes: Uint8Array): OnnxValue {
    let [name, type] = ['', 0];
    let shape: (number | null)[] | null = null;
    for (const field of this.#reader.fields(bytes)) {
      if (field.number === fields.value.name) name = this.#reader.text(field);
      if (field.number !== fields.value.type) continue;
      for (const kind of this.#reader.fields(this.#reader.bytes(field))) {
        if (kind.number !== fields.type.tensor) continue;
        for (const part of this.#reader.fields(this.#reader.bytes(kind))) {
          if (part.number === fields.tensorType.element) type = this.#reader.integer(part);
          if (part.number === fields.tensorType.shape) shape = this.#shape(this.#reader.bytes(part));
        }
      }
    }
    return { name, type, shape };
  }

  #shape(bytes: Uint8Array): (number | null)[] {
    const sizes: (number | null)[] = [];
    for (const field of this.#reader.fields(bytes)) {
      if (field.number !== fields.shape.dim) continue;
      let size: number | null = null;
      for (const part of this.#reader.fields(this.#reader.bytes(field)))
        if (part.number === fields.dim.value) size = this.#reader.integer(part);
      sizes.push(size !== null && size >= 1 ? size : null);
      this.#reader.limit(sizes.length, most.dimensions, 'dimensions');
    }
    return sizes;
  }

  #entry(field: Field): [string, string] {
    let [key, value] = ['', ''];
    for (const part of this.#reader.fields(this.#reader.bytes(field))) {
      if (part.number === fields.entry.key) key = this.#reader.text(part);
      if (part.number === fields.entry.value) value = this.#reader.text(part);
    }
    return [key, value];
  }
}
