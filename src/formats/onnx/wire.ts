/**
 * The wire format of protocol buffers (protobuf.dev/programming-guides/encoding), as far as ONNX needs it. Own code:
 * ONNX uses four of its kinds, a library for it is larger than all formats together, and a reader of files from anywhere
 * must refuse damage by its place and before it allocates.
 */

/** Kinds of fields. Groups (3 and 4) are obsolete and refused. */
export const Kind = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

/** Builds a message; nested messages share the list of chunks, so that large tensors are copied once. */
export class MessageWriter {
  readonly #chunks: Uint8Array[] = [];
  #length = 0;

  /** An int64 of at least 0. */
  varint(field: number, value: number): void {
    this.#add(varintBytes(field * 8 + Kind.varint));
    this.#add(varintBytes(value));
  }

  bytes(field: number, value: Uint8Array): void {
    this.#add(varintBytes(field * 8 + Kind.bytes));
    this.#add(varintBytes(value.length));
    this.#add(value);
  }

  text(field: number, value: string): void {
    this.bytes(field, new TextEncoder().encode(value));
  }

  message(field: number, fill: (inner: MessageWriter) => void): void {
    const inner = new MessageWriter();
    fill(inner);
    this.#add(varintBytes(field * 8 + Kind.bytes));
    this.#add(varintBytes(inner.#length));
    for (const chunk of inner.#chunks) this.#add(chunk);
  }

  finish(): Uint8Array {
    const out = new Uint8Array(this.#length);
    let at = 0;
    for (const chunk of this.#chunks) {
      out.set(chunk, at);
      at += chunk.length;
    }
    return out;
  }

  #add(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
  }
}

/** Seven bits a byte, the lowest first. */
function varintBytes(value: number): Uint8Array {
  if (!Number.isSafeInteger(value) || value < 0)
    throw new RangeError(`expected an integer from 0 up, got ${value}`);
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  bytes.push(rest);
  return Uint8Array.from(bytes);
}

/** A field of a message. */
export interface Field {
  readonly number: number;
  readonly kind: number;
  /** Of a varint: as int64. Of other kinds 0. */
  readonly value: bigint;
  /** Of other kinds: a view of the contents. */
  readonly bytes: Uint8Array;
}

/** What the bytes cannot be; `at`: the offset in the bytes that were given to the outermost reader. */
export class WireError extends Error {
  constructor(problem: string, at: number) {
    super(`${problem} at byte ${at}`);
  }
}

/** The fields of a message one by one, as views. @throws WireError. */
export function* fieldsOf(bytes: Uint8Array, origin: number = bytes.byteOffset): Generator<Field> {
  const place = (at: number) => bytes.byteOffset - origin + at;
  let at = 0;
  const varint = (): bigint => {
    const start = at;
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      if (at === bytes.length) throw new WireError('the file ends within a number', place(start));
      const byte = bytes[at++];
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return BigInt.asIntN(64, value);
    }
    throw new WireError('a number of more than 10 bytes', place(start));
  };
  const view = (length: bigint, start: number): Uint8Array => {
    if (length < 0n || length > BigInt(bytes.length - at))
      throw new WireError(
        `a field of ${BigInt.asUintN(64, length)} bytes, which do not follow,`,
        place(start),
      );
    const end = at + Number(length);
    const contents = bytes.subarray(at, end);
    at = end;
    return contents;
  };
  while (at < bytes.length) {
    const start = at;
    const key = varint();
    const [number, kind] = [Number(key >> 3n), Number(key & 7n)];
    if (number < 1 || number > 0x1fffffff) throw new WireError(`a field of number ${number}`, place(start));
    if (kind === Kind.varint) yield { number, kind, value: varint(), bytes: nothing };
    else if (kind === Kind.bytes) yield { number, kind, value: 0n, bytes: view(varint(), start) };
    else if (kind === Kind.fixed64) yield { number, kind, value: 0n, bytes: view(8n, start) };
    else if (kind === Kind.fixed32) yield { number, kind, value: 0n, bytes: view(4n, start) };
    else throw new WireError(`a field of the unknown kind ${kind}`, place(start));
  }
}

const nothing = new Uint8Array();
