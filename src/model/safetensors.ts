/**
 * The safetensors format (github.com/huggingface/safetensors): 8 bytes of header length (little-endian u64), a JSON
 * header, then the tensors' bytes without holes. Reads F32, F64, F16 and BF16 as float32; writes F32 and F64. Requires a
 * little-endian machine, like WebAssembly's memory.
 */
import { bfloat16ToFloat32, halfToNumber } from '../numbers/half-floats.js';
import { expectedGot, quoted, UserError } from '../user-error.js';

/** `data` is row-major (last axis fastest) and holds product(shape) values; shape [] is a scalar. */
export interface Tensor {
  shape: number[];
  data: Float32Array;
}

/** As a Tensor, of which values may be float64. */
export interface Values {
  readonly shape: readonly number[];
  readonly data: Float32Array | Float64Array;
}

interface Entry {
  name: string;
  dtype: string;
  shape: number[];
  begin: number;
  end: number;
}

const LENGTH_BYTES = 8;
/** The reference implementation's own limit on headers. */
const MAX_HEADER_BYTES = 100_000_000;
const METADATA = '__metadata__';

/** One entry a dtype: bytes of an element, and the copy of an element's bytes to float32. */
const DTYPES = new Map<string, { bytes: number; toFloat32: (bytes: ArrayBuffer) => Float32Array }>([
  ['F32', { bytes: 4, toFloat32: (bytes) => new Float32Array(bytes) }],
  ['F64', { bytes: 8, toFloat32: (bytes) => Float32Array.from(new Float64Array(bytes)) }],
  ['F16', { bytes: 2, toFloat32: (bytes) => Float32Array.from(new Uint16Array(bytes), halfToNumber) }],
  ['BF16', { bytes: 2, toFloat32: bfloat16ToFloat32 }],
]);

/**
 * Tensors by name, in the header's order, each a separate copy. `bytes` need not be aligned; `file` is for messages.
 * Throws UserError (exit 1) for anything that is not exactly a safetensors file.
 */
export function readSafetensors(bytes: Uint8Array, file: string): Map<string, Tensor> {
  return new Map(
    copies(bytes, file).map(({ name, dtype, shape, copy }) => {
      const data = DTYPES.get(dtype)?.toFloat32(copy) ?? new Float32Array();
      return [name, { shape, data }];
    }),
  );
}

/** As `readSafetensors`, but F64 stays float64. */
export function readValues(bytes: Uint8Array, file: string): Map<string, Values> {
  return new Map(
    copies(bytes, file).map(({ name, dtype, shape, copy }): [string, Values] => {
      if (dtype === 'F64') return [name, { shape, data: new Float64Array(copy) }];
      const data = DTYPES.get(dtype)?.toFloat32(copy) ?? new Float32Array();
      return [name, { shape, data }];
    }),
  );
}

/** Every tensor's bytes, each a copy: typed arrays need aligned starts, and `bytes` may be a pooled Buffer. */
function copies(bytes: Uint8Array, file: string): (Entry & { readonly copy: ArrayBuffer })[] {
  const { header, bodyStart } = parseHeader(bytes, file);
  const entries = Object.entries(header)
    .filter(([name]) => name !== METADATA)
    .map(([name, value]) => checkedEntry(name, value, file));
  checkContiguous(entries, bytes.length - bodyStart, file);
  return entries.map((entry) => {
    const copy = new Uint8Array(entry.end - entry.begin);
    copy.set(bytes.subarray(bodyStart + entry.begin, bodyStart + entry.end));
    return { ...entry, copy: copy.buffer };
  });
}

/** The `__metadata__` strings of a file, {} if it has none. Throws as `readSafetensors` does. */
export function readSafetensorsMetadata(bytes: Uint8Array, file: string): Record<string, string> {
  const metadata = parseHeader(bytes, file).header[METADATA] ?? {};
  return Object.fromEntries(Object.entries(metadata).map(([key, value]) => [key, String(value)]));
}

/** The bytes of a file with these tensors: `safetensorsPieces` in one. */
export function writeSafetensors(
  tensors: ReadonlyMap<string, Values>,
  metadata: Record<string, string> = {},
): Uint8Array {
  const pieces = safetensorsPieces(tensors, metadata);
  const out = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    out.set(piece, at);
    at += piece.length;
  }
  return out;
}

/**
 * A file with these tensors in the map's order, the body aligned to 8 bytes: its header, and the bytes of each tensor, which are
 * not copied. Throws RangeError if a shape and its data disagree: a bug, not the user's mistake.
 */
export function safetensorsPieces(
  tensors: ReadonlyMap<string, Values>,
  metadata: Record<string, string>,
): Uint8Array[] {
  const fields: [string, unknown][] = Object.keys(metadata).length > 0 ? [[METADATA, metadata]] : [];
  let end = 0;
  for (const [name, { shape, data }] of tensors) {
    if (name === METADATA || elementCount(shape) !== data.length) {
      throw new RangeError(`tensor "${name}": shape [${shape}] does not fit its ${data.length} values`);
    }
    const begin = end;
    end += data.byteLength;
    const dtype = data instanceof Float64Array ? 'F64' : 'F32';
    fields.push([name, { dtype, shape, data_offsets: [begin, end] }]);
  }
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(fields)));
  const headerBytes = Math.ceil(json.length / 8) * 8;
  const header = new Uint8Array(LENGTH_BYTES + headerBytes).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(headerBytes), true);
  header.set(json, LENGTH_BYTES);
  const bodies = Array.from(
    tensors.values(),
    ({ data }) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
  );
  return [header, ...bodies];
}

/** The header's object, with `__metadata__` checked, and the offset of the body in the file. */
function parseHeader(
  bytes: Uint8Array,
  file: string,
): { header: Record<string, unknown>; bodyStart: number } {
  if (bytes.length < LENGTH_BYTES) {
    throw damaged(file, expectedGot('at least 8 bytes of header length', bytes.length));
  }
  const stored = new DataView(bytes.buffer, bytes.byteOffset, LENGTH_BYTES).getBigUint64(0, true);
  const limit = Math.min(MAX_HEADER_BYTES, bytes.length - LENGTH_BYTES);
  if (stored > BigInt(limit)) {
    throw damaged(file, `expected a header of at most ${limit} bytes, got a header length of ${stored}`);
  }
  const bodyStart = LENGTH_BYTES + Number(stored);
  let header: unknown;
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
    header = JSON.parse(text.decode(bytes.subarray(LENGTH_BYTES, bodyStart)));
  } catch (error) {
    throw damaged(file, 'the header is not JSON', error);
  }
  if (!isObject(header)) throw damaged(file, `header: ${expectedGot('a JSON object', header)}`);
  const metadata = header[METADATA] ?? {};
  if (!isObject(metadata) || Object.values(metadata).some((value) => typeof value !== 'string')) {
    throw damaged(file, `${METADATA}: ${expectedGot('an object of strings', metadata)}`);
  }
  return { header, bodyStart };
}

function checkedEntry(name: string, value: unknown, file: string): Entry {
  const refuse = (what: string, expected: string, received: unknown) =>
    damaged(file, `tensor ${quoted(name)}: ${what}: ${expectedGot(expected, received)}`);
  if (!isObject(value)) throw refuse('entry', 'an object', value);
  const { dtype, shape, data_offsets: offsets } = value;
  const element = typeof dtype === 'string' ? DTYPES.get(dtype) : undefined;
  if (typeof dtype !== 'string' || element === undefined) {
    throw refuse('dtype', `one of ${[...DTYPES.keys()].join(', ')}`, dtype);
  }
  if (!isCounts(shape)) throw refuse('shape', 'an array of integers from 0 up', shape);
  if (!isCounts(offsets)) throw refuse('data_offsets', 'two integers from 0 up', offsets);
  const [begin, end] = offsets;
  if (offsets.length !== 2 || begin === undefined || end === undefined) {
    throw refuse('data_offsets', 'two integers from 0 up', offsets);
  }
  const sizeBytes = elementCount(shape) * element.bytes;
  if (end - begin !== sizeBytes) {
    throw refuse(
      'data_offsets',
      `${sizeBytes} bytes for ${dtype} [${shape.slice(0, 8)}${shape.length > 8 ? ' …' : ''}]`,
      end - begin,
    );
  }
  return { name, dtype, shape, begin, end };
}

/** Every byte of the body belongs to exactly one tensor: holes and overlaps could hide data. */
function checkContiguous(entries: readonly Entry[], bodyBytes: number, file: string): void {
  const inOrder = entries.toSorted((a, b) => a.begin - b.begin || a.end - b.end);
  let expected = 0;
  for (const { name, begin, end } of inOrder) {
    if (begin !== expected) {
      throw damaged(
        file,
        `tensor ${quoted(name)}: ${expectedGot(`data to begin at byte ${expected}`, begin)}`,
      );
    }
    if (end > bodyBytes) {
      throw damaged(
        file,
        `tensor ${quoted(name)}: ends at byte ${end}, but only ${bodyBytes} bytes of data follow`,
      );
    }
    expected = end;
  }
  if (expected !== bodyBytes) {
    throw damaged(file, `expected ${expected} bytes of tensor data, got ${bodyBytes}`);
  }
}

function damaged(file: string, problem: string, cause?: unknown): UserError {
  return new UserError(`${file}: not a valid safetensors file: ${problem}`, undefined, { cause });
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && item >= 0);
}

function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}
