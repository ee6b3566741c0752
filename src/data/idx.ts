/**
 * The IDX format of MNIST: a big-endian header, then unsigned bytes. Works on bytes in memory; `content.ts` reads and
 * inflates them.
 *
 *   offset 0  0x00 0x00
 *          2  element type (0x08 = unsigned byte, the only one read here)
 *          3  number of dimensions
 *          4  one uint32 for each dimension, then the elements, row-major
 */
import { UserError } from '../user-error.js';
import type { PartPaths, PixelSamples } from './dataset.js';
import type { Announced } from './inflate.js';

const unsignedByte = 0x08;
const otherElementTypes: Readonly<Record<number, string>> = {
  9: 'signed bytes',
  11: '16-bit integers',
  12: '32-bit integers',
  13: '32-bit floats',
  14: '64-bit floats',
};
const dimensionNames = {
  1: ['labels'],
  3: ['images', 'rows', 'columns'],
} as const;

export interface IdxArray {
  readonly dimensions: readonly number[];
  /** The elements, row-major: a view of the given bytes, not a copy. */
  readonly elements: Uint8Array;
}

/**
 * Reads an IDX array of unsigned bytes with one dimension (labels) or three (images).
 * @param path names the file in errors.
 * @throws UserError for a wrong magic number, element type or number of dimensions, for a dimension of 0, and for a
 * length that differs from the header's.
 */
export function parseIdx(bytes: Uint8Array, dimensionCount: 1 | 3, path: string): IdxArray {
  const headerBytes = 4 + 4 * dimensionCount;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // The magic number is checked before the length: it explains more about a file of another kind.
  if (bytes.length >= 4) checkMagic(view.getUint32(0), dimensionCount, path);
  if (bytes.length < headerBytes) {
    throw new UserError(`${path}: ${bytes.length} bytes, expected at least ${headerBytes} (the IDX header)`);
  }
  const dimensions = dimensionNames[dimensionCount].map((name, index) => {
    const size = view.getUint32(4 + 4 * index);
    if (size === 0) throw new UserError(`${path}: the header says 0 ${name}, expected 1 or more`);
    return size;
  });
  const expectedBytes = headerBytes + dimensions.reduce((product, size) => product * size, 1);
  if (bytes.length !== expectedBytes) {
    const difference =
      bytes.length < expectedBytes
        ? `truncated, ${expectedBytes - bytes.length} bytes are missing`
        : `${bytes.length - expectedBytes} trailing bytes`;
    const shape = dimensions.join('x');
    throw new UserError(
      `${path}: ${bytes.length} bytes, expected ${expectedBytes} for ${shape} (${difference})`,
    );
  }
  return { dimensions, elements: bytes.subarray(headerBytes) };
}

/**
 * The length that the header of a compressed file names, from its first bytes; null if they are too few.
 * @throws UserError for a wrong magic number.
 */
export function announcedIdx(start: Uint8Array, kind: 'images' | 'labels', path: string): Announced | null {
  const view = new DataView(start.buffer, start.byteOffset, start.byteLength);
  const isWide = kind === 'labels' && start.length >= 4 && view.getUint32(0) === wideLabels;
  const dimensionCount = kind === 'images' ? 3 : 1;
  if (start.length >= 4 && !isWide) checkMagic(view.getUint32(0), dimensionCount, path);
  const sizes = isWide ? 2 : dimensionCount;
  const headerBytes = 4 + 4 * sizes;
  if (start.length < headerBytes) return null;
  const dimensions = Array.from({ length: sizes }, (_, index) => view.getUint32(4 + 4 * index));
  const bytes = headerBytes + dimensions.reduce((product, size) => product * size, isWide ? 4 : 1);
  const text = `${path}: inflates to more than the ${bytes} bytes that its header names for ${dimensions.join('x')}`;
  return { bytes, tooMany: new UserError(text) };
}

function checkMagic(magic: number, dimensionCount: 1 | 3, path: string): void {
  const expected = (unsignedByte << 8) | dimensionCount;
  if (magic === expected) return;
  const hex = (value: number) => `0x${value.toString(16).padStart(8, '0')}`;
  const elements = magic >>> 16 === 0 ? otherElementTypes[magic >>> 8] : undefined;
  throw new UserError(
    `${path}: the magic number is ${hex(magic)}, expected ${hex(expected)} ` +
      `(unsigned bytes, ${dimensionCount} dimension${dimensionCount === 1 ? '' : 's'})` +
      `${elements === undefined ? '' : `; files of ${elements} are not read`}`,
  );
}

const wideLabels = 0x0c02;

/**
 * Labels [count]; also those of QMNIST (Yadav & Bottou 2019), 32-bit integers [count][8] of which the first is the class.
 * @throws UserError as `parseIdx`, and for a class above 255.
 */
function parseLabels(bytes: Uint8Array, path: string): Uint32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 12 || view.getUint32(0) !== wideLabels)
    return new Uint32Array(parseIdx(bytes, 1, path).elements);
  const [count, columns] = [view.getUint32(4), view.getUint32(8)];
  const expectedBytes = 12 + 4 * count * columns;
  if (bytes.length !== expectedBytes || count * columns === 0)
    throw new UserError(
      `${path}: ${bytes.length} bytes, expected ${expectedBytes} for ${count}x${columns} integers`,
    );
  return Uint32Array.from({ length: count }, (_, index) => {
    const label = view.getInt32(12 + 4 * columns * index);
    if (label >= 0 && label <= 255) return label;
    throw new UserError(`${path}: label ${label} at index ${index}, expected 0 to 255`);
  });
}

/**
 * Joins images [count][rows][columns] and labels [count] to a part of a data set; the images stay a view.
 * @throws UserError like `parseIdx`, and if the two counts differ.
 */
export function parseIdxPart(images: Uint8Array, labels: Uint8Array, paths: PartPaths): PixelSamples {
  const imageArray = parseIdx(images, 3, paths.images);
  const targets = parseLabels(labels, paths.labels);
  const [count = 0, rows = 0, columns = 0] = imageArray.dimensions;
  const labelCount = targets.length;
  if (labelCount !== count) {
    throw new UserError(
      `${paths.labels}: ${labelCount} labels, expected ${count}, one for each image in ${paths.images}`,
    );
  }
  return {
    values: imageArray.elements,
    targets,
    count,
    shape: [rows, columns, 1],
    full: 255,
  };
}
