/** Reads the fields of messages as values of the kinds that onnx.proto says, each bounded. */
import { UserError } from '../../user-error.js';
import { type Field, fieldsOf, Kind } from './wire.js';

/** Networks that we run have a few dozen of each. */
export const most = { items: 10_000, dimensions: 8, perNode: 256, text: 2 ** 20, chunks: 10_000 };

export class FieldReader {
  /** Names the file in messages. */
  readonly file: string;
  readonly #origin: number;

  constructor(file: string, bytes: Uint8Array) {
    this.file = file;
    this.#origin = bytes.byteOffset;
  }

  refusal(problem: string): UserError {
    return new UserError(`${this.file}: not a valid ONNX file: ${problem}`);
  }

  fields(bytes: Uint8Array): Generator<Field> {
    return fieldsOf(bytes, this.#origin);
  }

  bytes({ kind, bytes, number }: Field, expected: number = Kind.bytes): Uint8Array {
    if (kind !== expected) throw this.refusal(`field ${number} is of another kind than in onnx.proto`);
    return bytes;
  }

  text(field: Field): string {
    const bytes = this.bytes(field);
    this.limit(bytes.length, most.text, 'bytes of text');
    return new TextDecoder().decode(bytes);
  }

  integer({ kind, value, number }: Field): number {
    if (kind !== Kind.varint) throw this.refusal(`field ${number} is of another kind than in onnx.proto`);
    return Number(value);
  }

  /** Packed or single; `limit`: more of them are refused. */
  integers(field: Field, limit: number): number[] {
    if (field.kind === Kind.varint) return [Number(field.value)];
    const list: number[] = [];
    const bytes = this.bytes(field);
    for (let at = 0; at < bytes.length; ) {
      this.limit(list.length, limit, 'numbers');
      let value = 0n;
      let byte = 128;
      for (let shift = 0n; byte > 127; shift += 7n) {
        if (at === bytes.length || shift > 63n) throw this.refusal('a list of numbers that ends within one');
        byte = bytes[at++];
        value |= BigInt(byte & 127) << shift;
      }
      list.push(Number(BigInt.asIntN(64, value)));
    }
    return list;
  }

  floats({ kind, bytes }: Field): number[] {
    if ((kind !== Kind.bytes && kind !== Kind.fixed32) || bytes.length % 4 !== 0)
      throw this.refusal('a list of numbers that ends within one');
    this.limit(bytes.length / 4, most.items, 'numbers');
    return [...new Float32Array(copied(bytes))];
  }

  limit(count: number, limit: number, what: string): void {
    if (count > limit) throw this.refusal(`more than ${limit} ${what}`);
  }
}

/** Typed arrays need aligned starts. */
export function copied(bytes: Uint8Array): ArrayBuffer {
  const copy = new Uint8Array(bytes.length);
  copy.set(bytes);
  return copy.buffer;
}

export const floatOf = (bytes: Uint8Array): number => new Float32Array(copied(bytes))[0];
