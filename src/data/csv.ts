/**
 * Images as comma-separated values, one a line: the label, then the pixels, row-major, integers 0 to 255. A first line
 * whose first cell is not a number is a header and is skipped.
 */
import Papa from 'papaparse';
import { UserError } from '../user-error.js';
import type { Samples } from './dataset.js';
import { throwIfInterrupted } from './interruption.js';

/** Size of the text given to the parser at a time: cells are separate strings, about 40 times their text. */
const blockBytes = 4 * 1024 * 1024;
/** Far beyond any image; without this limit a binary file would become one huge string. */
const longestLineBytes = 64 * 1024 * 1024;
const lineFeed = 0x0a;

/** A CSV file partly read. `columnCount` is 0 until the first row has set it. */
interface Reading {
  readonly path: string;
  readonly contentBytes: number;
  /** Number of the next line, counted from 1. */
  line: number;
  columnCount: number;
  count: number;
  images: Uint8Array;
  targets: Uint32Array;
  /** The first of the empty lines just before, 0 for none: allowed at the end of the file only. */
  emptyLine: number;
}

/**
 * Reads the content of a CSV file. Images are square if the number of pixels is a square, else 1 x n.
 * @param path names the file in errors.
 * @throws UserError with file, line, column (both counted from 1) and value for a cell that is not an integer from 0 to
 * 255; with file and line for a row of another width; for a file without rows; with exit code `interrupted` if the
 * signal is aborted.
 */
export async function parseCsv(content: Uint8Array, path: string, signal?: AbortSignal): Promise<Samples> {
  const reading: Reading = {
    path,
    contentBytes: content.length,
    line: 1,
    columnCount: 0,
    count: 0,
    images: new Uint8Array(0),
    targets: new Uint32Array(0),
    emptyLine: 0,
  };
  // latin1 is one byte a character for all bytes: only digits are read.
  const text = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
  const hasByteOrderMark = text.subarray(0, 3).equals(Buffer.from([0xef, 0xbb, 0xbf]));
  let start = hasByteOrderMark ? 3 : 0;
  while (start < text.length) {
    throwIfInterrupted(signal, `reading ${path}`);
    const newline = text.indexOf(lineFeed, start + blockBytes);
    const end = newline < 0 ? text.length : newline + 1;
    if (end - start > blockBytes + longestLineBytes) {
      const last = text.lastIndexOf(lineFeed, start + blockBytes);
      if (last > start) readBlock(text.toString('latin1', start, last + 1), reading);
      throw new UserError(`${path}: line ${reading.line} is longer than ${longestLineBytes} bytes`);
    }
    readBlock(text.toString('latin1', start, end), reading);
    start = end;
    // Yields to the event loop between blocks: signals, progress, the log.
    await new Promise((resolve) => setImmediate(resolve));
  }
  if (reading.count === 0) throw new UserError(`${path}: no rows, expected at least one`);
  const pixelCount = reading.columnCount - 1;
  const side = Math.round(Math.sqrt(pixelCount));
  const [rows, columns] = side * side === pixelCount ? [side, side] : [1, pixelCount];
  return {
    values: reading.images.subarray(0, reading.count * pixelCount),
    targets: reading.targets.subarray(0, reading.count),
    count: reading.count,
    shape: [rows, columns, 1],
    full: 255,
  };
}

/** Reads whole lines. Without quotes in them, Papa uses its fast mode: a plain split. */
function readBlock(block: string, reading: Reading): void {
  const { data, errors } = Papa.parse<string[]>(block, { delimiter: ',', newline: '\n' });
  // A stray quote would swallow the lines up to the next quote, or all of them.
  const quote = errors.find(({ type }) => type === 'Quotes');
  if (quote !== undefined) {
    throw new UserError(
      `${reading.path}: line ${reading.line + (quote.row ?? 0)}: a quote that is not closed`,
    );
  }
  // After the last newline Papa returns one more, empty row.
  if (block.endsWith('\n')) data.pop();
  for (const cells of data) {
    readRow(cells, reading);
    reading.line += 1;
  }
}

function readRow(cells: readonly string[], reading: Reading): void {
  const first = (cells[0] ?? '').trim();
  if (cells.length === 1 && first === '') {
    reading.emptyLine ||= reading.line;
    return;
  }
  if (reading.emptyLine !== 0) {
    throw new UserError(`${reading.path}: line ${reading.emptyLine} is empty, expected a row`);
  }
  if (reading.line === 1 && Number.isNaN(Number.parseFloat(first))) return;
  if (reading.columnCount === 0) allocate(cells.length, reading);
  if (cells.length !== reading.columnCount) {
    const columns = cells.length === 1 ? '1 column' : `${cells.length} columns`;
    throw new UserError(
      `${reading.path}: line ${reading.line} has ${columns}, expected ${reading.columnCount}`,
    );
  }
  const { images, targets, columnCount } = reading;
  targets[reading.count] = readCell(cells, 0, reading);
  const base = reading.count * (columnCount - 1) - 1;
  for (let column = 1; column < columnCount; column += 1) {
    images[base + column] = readCell(cells, column, reading);
  }
  reading.count += 1;
}

/** Room for as many rows as the file can hold: every cell needs a digit and a separator. */
function allocate(columnCount: number, reading: Reading): void {
  if (columnCount < 2) {
    throw new UserError(
      `${reading.path}: line ${reading.line} has 1 column, expected a label and at least one pixel`,
    );
  }
  const mostRows = Math.ceil((reading.contentBytes + 1) / (2 * columnCount));
  reading.columnCount = columnCount;
  reading.images = new Uint8Array(mostRows * (columnCount - 1));
  reading.targets = new Uint32Array(mostRows);
}

function readCell(cells: readonly string[], column: number, reading: Reading): number {
  const cell = cells[column] ?? '';
  const value = integerOf(cell);
  if (value >= 0 && value <= 255) return value;
  const trimmed = cell.trim();
  const trimmedValue = integerOf(trimmed);
  if (trimmedValue >= 0 && trimmedValue <= 255) return trimmedValue;
  const shown = JSON.stringify(trimmed.length > 40 ? `${trimmed.slice(0, 40)}…` : trimmed);
  throw new UserError(
    `${reading.path}: line ${reading.line}, column ${column + 1}: expected an integer 0 to 255, got ${shown}`,
  );
}

/**
 * The value of one to three digits, -1 for anything else. A loop, because a regular expression is too slow for millions
 * of cells.
 */
function integerOf(cell: string): number {
  if (cell.length === 0 || cell.length > 3) return -1;
  let value = 0;
  for (let index = 0; index < cell.length; index += 1) {
    const digit = cell.charCodeAt(index) - 48;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}
