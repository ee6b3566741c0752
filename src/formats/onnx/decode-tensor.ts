/** A tensor of an ONNX file: its data are in the file, and as many as its shape has. */
import { bfloat16ToFloat32, halfToNumber } from '../../numbers/half-floats.js';
import { sizeOf } from '../../numbers/size.js';
import { expectedGot, quoted, UserError } from '../../user-error.js';
import { copied, type FieldReader, most } from './field-reader.js';
import { Element, elementName, fields } from './schema.js';
import type { Field } from './wire.js';

export interface OnnxTensor {
  readonly name: string;
  readonly shape: readonly number[];
  /** TensorProto.DataType. */
  readonly type: number;
  /** float32 as it is, other types as float64; as many as the shape has. */
  readonly data: Float32Array | Float64Array;
}

/** @throws UserError naming the tensor. */
export function readTensor(reader: FieldReader, bytes: Uint8Array): OnnxTensor {
  const { tensor } = fields;
  let [name, type] = ['', 0];
  const shape: number[] = [];
  let raw: Uint8Array | null = null;
  const chunks: Field[] = [];
  let isExternal = false;
  for (const field of reader.fields(bytes)) {
    if (field.number === tensor.dims) {
      shape.push(...reader.integers(field, most.dimensions));
      reader.limit(shape.length, most.dimensions, 'dimensions');
    } else if (field.number === tensor.type) type = reader.integer(field);
    else if (field.number === tensor.name) name = reader.text(field);
    else if (field.number === tensor.raw) raw = reader.bytes(field);
    else if (field.number === tensor.external) isExternal = true;
    else if (field.number === tensor.location) isExternal ||= reader.integer(field) === 1;
    else if (field.number === tensor.segment) throw reader.refusal('tensors in segments are not read');
    else if (typedFields.includes(field.number)) chunks.push(field);
    reader.limit(chunks.length, most.chunks, 'parts of a tensor');
  }
  const named = `tensor ${quoted(name)}`;
  if (isExternal)
    throw new UserError(`${reader.file}: ${named}: its data are in another file; save the model as one file`);
  const count = sizeOf(shape);
  if (!Number.isSafeInteger(count) || shape.some((size) => size < 0))
    throw reader.refusal(`${named}: shape [${shape.join(', ')}]`);
  const read = elements.get(type);
  if (read === undefined)
    throw new UserError(
      `${reader.file}: ${named}: ${expectedGot(`one of ${[...elements.keys()].map(elementName).join(', ')}`, elementName(type))}`,
    );
  if (raw !== null) {
    if (raw.length !== count * read.bytes)
      throw reader.refusal(`${named}: expected ${count * read.bytes} bytes of data, got ${raw.length}`);
    return { name, shape, type, data: read.of(copied(raw)) };
  }
  return { name, shape, type, data: typed(reader, named, type, count, chunks) };
}

/** Data in a field of their type. */
function typed(
  reader: FieldReader,
  named: string,
  type: number,
  count: number,
  chunks: readonly Field[],
): OnnxTensor['data'] {
  const { floats, doubles } = fields.tensor;
  const isWide = chunks[0]?.number === doubles;
  if (chunks.length > 0 && (chunks[0].number === floats || isWide)) {
    const bytes = chunks.reduce((sum, chunk) => sum + chunk.bytes.length, 0);
    if (bytes !== count * (isWide ? 8 : 4))
      throw reader.refusal(`${named}: expected ${count} numbers, got ${bytes} bytes of them`);
    const all = new Uint8Array(bytes);
    let at = 0;
    for (const chunk of chunks) {
      all.set(chunk.bytes, at);
      at += chunk.bytes.length;
    }
    return isWide ? new Float64Array(all.buffer) : new Float32Array(all.buffer);
  }
  const list: number[] = [];
  // A number takes a byte or more, so that the list cannot be longer than the file.
  for (const chunk of chunks)
    for (const value of reader.integers(chunk, count - list.length)) list.push(value);
  if (list.length !== count) throw reader.refusal(`${named}: expected ${count} numbers, got ${list.length}`);
  const isHalf = type === Element.half || type === Element.bfloat16;
  if (!isHalf) return Float64Array.from(list);
  return elements.get(type)?.of(Uint16Array.from(list).buffer) ?? new Float64Array();
}

const { floats, doubles, ints32, ints64 } = fields.tensor;
const typedFields: readonly number[] = [floats, doubles, ints32, ints64];

/** Of little-endian bytes. */
const elements: ReadonlyMap<number, { bytes: number; of: (bytes: ArrayBuffer) => OnnxTensor['data'] }> =
  new Map([
    [Element.float, { bytes: 4, of: (bytes) => new Float32Array(bytes) }],
    [Element.double, { bytes: 8, of: (bytes) => new Float64Array(bytes) }],
    [Element.half, { bytes: 2, of: (bytes) => Float32Array.from(new Uint16Array(bytes), halfToNumber) }],
    [Element.bfloat16, { bytes: 2, of: bfloat16ToFloat32 }],
    [Element.int64, { bytes: 8, of: (bytes) => Float64Array.from(new BigInt64Array(bytes), Number) }],
    [Element.int32, { bytes: 4, of: (bytes) => Float64Array.from(new Int32Array(bytes)) }],
    [Element.uint8, { bytes: 1, of: (bytes) => Float64Array.from(new Uint8Array(bytes)) }],
    [Element.int8, { bytes: 1, of: (bytes) => Float64Array.from(new Int8Array(bytes)) }],
    [Element.bool, { bytes: 1, of: (bytes) => Float64Array.from(new Uint8Array(bytes)) }],
  ]);
