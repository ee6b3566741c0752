/**
 * Images as comma-separated values, one a line: pixels, row-major, integers 0 to 255, and the label. The first lines decide
 * the meaning of the columns (`csv-layout.ts`); this file reads the rows.
 */
import { UserError } from '../user-error.js';
import { byteOf, isMissing, kindOf, realOf, trimmedCell } from './cells.js';
import { splitRows } from './csv-cells.js';
import { type CsvColumns, type CsvLayout, columnsOf, layoutOf } from './csv-layout.js';
import { type CsvText, csvText } from './csv-text.js';
import type { Samples } from './dataset.js';
import { throwIfInterrupted } from './interruption.js';

/** Size of the text given to the parser at a time: cells are separate strings, about 40 times their text. */
const blockBytes = 256 * 1024;
/** Far beyond any image; without this limit a binary file would become one huge string. */
const longestLineBytes = 64 * 1024 * 1024;
/** The number of lines that decide the layout. */
const layoutLines = 64;
const layoutBytes = 4 * 1024 * 1024;
const lineFeed = 0x0a;

type Values = Uint8Array | Float32Array;

export interface CsvPart<V extends Values = Uint8Array> extends Samples {
  readonly values: V;
  readonly targets: Uint32Array;
  readonly layout: CsvLayout;
  /** The words that the targets number, in the order of their appearance; null if labels are integers. */
  readonly words: readonly string[] | null;
}

export interface CsvOptions {
  /** Decides which column is the label; by default as without `data.label`. */
  readonly layout?: (columns: CsvColumns) => CsvLayout;
  readonly signal?: AbortSignal | undefined;
}

/** The values of a file. */
interface Cells<V extends Values> {
  readonly expected: string;
  /** NaN: refused. */
  readonly of: (cell: string) => number;
  readonly room: (count: number) => V;
}

const bytes: Cells<Uint8Array> = {
  expected: 'an integer 0 to 255',
  of: (cell) => {
    const value = byteOf(cell);
    return value < 0 ? Number.NaN : value;
  },
  room: (count) => new Uint8Array(count),
};

const reals: Cells<Float32Array> = {
  expected: 'a number within float32',
  of: realOf,
  room: (count) => new Float32Array(count),
};

/** A CSV file partly read. `images` is allocated at the first row. */
interface Reading<V extends Values = Values> {
  readonly cells: Cells<V>;
  readonly path: string;
  readonly contentBytes: number;
  readonly layout: CsvLayout;
  /** The columns of the pixels, in their order. */
  readonly features: Uint32Array;
  /** The number of each word that is a label; null if labels are integers. */
  readonly words: Map<string, number> | null;
  /** Number of the next line, counted from 1. */
  line: number;
  count: number;
  images: V;
  targets: Uint32Array;
  /** The first of the empty lines just before, 0 for none: allowed at the end of the file only. */
  emptyLine: number;
  /** Of a column of `layout.counters`: its first value. */
  readonly counts: Map<number, number>;
}

/** A column that seemed to count the rows does not. */
class NoCounter extends Error {
  readonly column: number;
  constructor(column: number) {
    super();
    this.column = column;
  }
}

/**
 * Reads the content of a CSV file. Images are square if the number of pixels is a square, else 1 x n.
 * @param path names the file in errors.
 * @throws UserError with file, line, column (both counted from 1) and value for a cell that is not an integer from 0 to
 * 255, or a label that is no word among words; with file and line for a row of another width; for a file without rows; for
 * a file that is not text; with exit code `interrupted` if the signal is aborted.
 */
export function parseCsv(content: Uint8Array, path: string, options: CsvOptions = {}): Promise<CsvPart> {
  return parse(content, path, options, bytes);
}

/** The same for real numbers. */
export function parseRealCsv(
  content: Uint8Array,
  path: string,
  options: CsvOptions,
): Promise<CsvPart<Float32Array>> {
  return parse(content, path, options, reals);
}

async function parse<V extends Values>(
  content: Uint8Array,
  path: string,
  options: CsvOptions,
  cells: Cells<V>,
): Promise<CsvPart<V>> {
  const { layout: layoutFor = (columns: CsvColumns) => layoutOf(columns, null), signal } = options;
  throwIfInterrupted(signal, `reading ${path}`);
  const text = csvText(content, path);
  const lines = text.bytes
    .toString(text.encoding, 0, firstLinesBytes(text.bytes))
    .split('\n')
    .slice(0, layoutLines);
  let layout = layoutFor(columnsOf(lines, path));
  for (;;) {
    try {
      return await readAll(layout, text, path, signal, cells);
    } catch (error) {
      if (!(error instanceof NoCounter)) throw error;
      const others = (columns: readonly number[]) => columns.filter((column) => column !== error.column);
      layout = { ...layout, leftOut: others(layout.leftOut), counters: others(layout.counters) };
    }
  }
}

/** The end of the first lines: two at least, and as many as the layout needs if they are short. */
function firstLinesBytes(bytes: Buffer): number {
  let end = 0;
  for (let line = 0; line < layoutLines && end < bytes.length; line += 1) {
    const newline = bytes.indexOf(lineFeed, end);
    const next = newline < 0 ? bytes.length : newline + 1;
    // The reading of the rows refuses such a line.
    if (next - end > longestLineBytes) return Math.max(end, blockBytes);
    if (line >= 2 && next > layoutBytes) break;
    end = next;
  }
  return end;
}

async function readAll<V extends Values>(
  layout: CsvLayout,
  { bytes, encoding }: CsvText,
  path: string,
  signal: AbortSignal | undefined,
  cells: Cells<V>,
): Promise<CsvPart<V>> {
  const { label, leftOut, width } = layout;
  const isFeature = (column: number) => column !== label && !leftOut.includes(column);
  const reading: Reading<V> = {
    ...{ cells, path, layout, contentBytes: bytes.length },
    features: Uint32Array.from({ length: width }, (_, column) => column).filter(isFeature),
    words: layout.hasWords ? new Map() : null,
    ...{ line: 1, count: 0, images: cells.room(0), targets: new Uint32Array(0), emptyLine: 0 },
    counts: new Map(),
  };
  let start = 0;
  while (start < bytes.length) {
    throwIfInterrupted(signal, `reading ${path}`);
    const newline = bytes.indexOf(lineFeed, start + blockBytes);
    const end = newline < 0 ? bytes.length : newline + 1;
    if (end - start > blockBytes + longestLineBytes) {
      const last = bytes.lastIndexOf(lineFeed, start + blockBytes);
      if (last > start) readBlock(bytes.toString(encoding, start, last + 1), reading);
      throw new UserError(`${path}: line ${reading.line} is longer than ${longestLineBytes} bytes`);
    }
    readBlock(bytes.toString(encoding, start, end), reading);
    start = end;
    // Yields to the event loop between blocks: signals, progress, the log.
    await new Promise((resolve) => setImmediate(resolve));
  }
  if (reading.count === 0) throw new UserError(`${path}: no rows, expected at least one`);
  const pixelCount = reading.features.length;
  const side = Math.round(Math.sqrt(pixelCount));
  const [rows, columns] = side * side === pixelCount ? [side, side] : [1, pixelCount];
  return {
    values: reading.images.subarray(0, reading.count * pixelCount) as V,
    targets: reading.targets.subarray(0, reading.count),
    count: reading.count,
    shape: [rows, columns, 1],
    full: 255,
    layout,
    words: reading.words && [...reading.words.keys()],
  };
}

/** Reads whole lines. */
function readBlock(block: string, reading: Reading): void {
  const { data, errors } = splitRows(block, reading.layout.separator);
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
    if (reading.line >= reading.layout.firstLine) readRow(cells, reading);
    reading.line += 1;
  }
}

function readRow(cells: readonly string[], reading: Reading): void {
  if (cells.length === 1 && (cells[0] ?? '').trim() === '') {
    reading.emptyLine ||= reading.line;
    return;
  }
  if (reading.emptyLine !== 0) {
    throw new UserError(`${reading.path}: line ${reading.emptyLine} is empty, expected a row`);
  }
  const { layout, features, count } = reading;
  if (count === 0) allocate(cells.length, reading);
  const expected = layout.width + (layout.isTrailing ? 1 : 0);
  if (cells.length !== expected) {
    const columns = cells.length === 1 ? '1 column' : `${cells.length} columns`;
    throw new UserError(`${reading.path}: line ${reading.line} has ${columns}, expected ${expected}`);
  }
  if (layout.isTrailing && kindOf(cells[layout.width]) !== 'empty')
    throw refused(cells, layout.width, reading, 'nothing, as in the first row');
  for (const column of layout.counters) {
    const value = Number(cells[column]);
    if (count === 0) reading.counts.set(column, value);
    if (value !== (reading.counts.get(column) ?? 0) + count) throw new NoCounter(column);
  }
  if (layout.label >= 0) reading.targets[count] = readLabel(cells, reading);
  const base = count * features.length;
  for (let feature = 0; feature < features.length; feature += 1) {
    const column = features[feature];
    const value = reading.cells.of(cells[column]);
    if (Number.isNaN(value)) throw refused(cells, column, reading, reading.cells.expected);
    reading.images[base + feature] = value;
  }
  reading.count += 1;
}

/** Room for as many rows as the file can hold: every cell needs a digit and a separator. */
function allocate(columns: number, reading: Reading): void {
  const pixelCount = reading.features.length;
  if (pixelCount < 1) {
    const has = columns === 1 ? '1 column' : `${columns} columns`;
    throw new UserError(
      `${reading.path}: line ${reading.line} has ${has}, expected a label and at least one pixel`,
    );
  }
  const mostRows = Math.ceil((reading.contentBytes + 1) / (2 * reading.layout.width));
  reading.images = reading.cells.room(mostRows * pixelCount);
  reading.targets = new Uint32Array(mostRows);
}

function readLabel(cells: readonly string[], reading: Reading): number {
  const { words, layout } = reading;
  const { label } = layout;
  if (words === null) {
    const value = byteOf(cells[label] ?? '');
    if (value < 0)
      throw refused(
        cells,
        label,
        reading,
        `an integer 0 to 255${kindOf(cells[label]) === 'number' ? ' (data.task=regression learns other numbers)' : ''}`,
      );
    return value;
  }
  const word = trimmedCell(cells[label]);
  if (isMissing(word) || kindOf(word) !== 'word')
    throw refused(cells, label, reading, 'a word as in the first row');
  const known = words.get(word);
  if (known !== undefined) return known;
  words.set(word, words.size);
  return words.size - 1;
}

function refused(
  cells: readonly string[],
  column: number,
  { path, line }: Reading,
  expected: string,
): UserError {
  const trimmed = (cells[column] ?? '').trim();
  const shown = JSON.stringify(trimmed.length > 40 ? `${trimmed.slice(0, 40)}…` : trimmed);
  return new UserError(`${path}: line ${line}, column ${column + 1}: expected ${expected}, got ${shown}`);
}
