/** Rows of text with separators: CSV, TSV, semicolons, pipes, spaces. The first lines decide the separator and the header. */
import { isMissing, kindOf, trimmedCell } from '../data/cells.js';
import { type Separator, splitWholeRows } from '../data/csv-cells.js';
import { UserError } from '../user-error.js';
import type { ByteSource } from './byte-sources.js';
import type { RowReader, RowSink } from './table-builder.js';
import { textBlocks } from './text-blocks.js';

export interface DelimitedOptions {
  readonly separator?: Separator | undefined;
  /** Whether the first line has the names of the columns; found by default. */
  readonly header?: boolean | undefined;
  /** Names, or numbers counted from 1, of columns that the table must have. */
  readonly named?: readonly string[] | undefined;
}

interface Layout {
  readonly separator: Separator;
  readonly names: readonly string[];
  readonly hasHeader: boolean;
  /** Lines of comments before the first row, and the header. */
  readonly skippedLines: number;
  readonly width: number;
  /** Each row ends with a separator. */
  readonly isTrailing: boolean;
}

/** Tables of measurements have up to some ten thousand. */
const mostColumns = 100_000;
/** The text and the rows that decide the layout. */
const layoutCharacters = 64 * 1024;
const layoutRows = 200;
/** A quoted cell that is longer has lost its quote. */
const longestCell = 4 * 1024 * 1024;

const separatorWords: Readonly<Record<Separator, string>> = {
  ',': 'commas',
  ';': 'semicolons',
  '\t': 'tabs',
  '|': 'pipes',
  ' ': 'spaces',
};

/** `text`: the first block of the file. @throws UserError for a header that makes no sense. */
export function delimitedReader(source: ByteSource, text: string, options: DelimitedOptions): RowReader {
  const { name } = source;
  const layout = layoutOf(text, name, options);
  const { separator, names, hasHeader, skippedLines, width } = layout;
  const columns = width === 1 ? 'one column' : `${width} columns separated by ${separatorWords[separator]}`;
  const header = hasHeader
    ? `line ${skippedLines} has their names`
    : 'no header was found, so they are named 1, 2, …';
  return {
    name,
    place: 'line',
    canRepeat: true,
    notes: [`${name}: ${columns}; ${header}`],
    sha256: source.sha256,
    async read(sink, signal) {
      sink.columns(names);
      const rows = new DelimitedRows(name, layout, sink);
      let storedBytes = 0;
      const read = (bytes: number) => {
        storedBytes = bytes;
      };
      for await (const block of textBlocks(source.pieces(read, signal), name, () => rows.line)) {
        sink.progress(storedBytes / source.sizeBytes);
        rows.add(block);
      }
      rows.end();
    },
  };
}

class DelimitedRows {
  /** Of the next row. */
  line = 1;
  readonly #name: string;
  readonly #layout: Layout;
  readonly #sink: RowSink;
  #rest = '';
  /** The first of the empty lines just before: allowed at the end of the file only. */
  #emptyLine = 0;

  constructor(name: string, layout: Layout, sink: RowSink) {
    this.#name = name;
    this.#layout = layout;
    this.#sink = sink;
  }

  /** Whole lines; the last may be within a quoted cell. */
  add(block: string): void {
    const text = this.#rest + block;
    const { rows, rest, hasQuotes, errorRow } = splitWholeRows(text, this.#layout.separator);
    this.#rest = rest;
    const lines = hasQuotes ? this.#linesOf(rows) : rows.map((_, row) => this.line + row);
    const after = hasQuotes ? (lines.pop() ?? this.line) : this.line + rows.length;
    if (errorRow !== null || rest.length > longestCell)
      throw new UserError(
        `${this.#name}: line ${lines[errorRow ?? rows.length] ?? after}: a quote that is not closed`,
      );
    this.line = after;
    this.#bring(rows, lines);
  }

  end(): void {
    if (this.#rest !== '') this.add('\n');
    if (this.#rest !== '')
      throw new UserError(`${this.#name}: line ${this.line}: a quote that is not closed`);
  }

  /** Of each row, and of what follows them. */
  #linesOf(rows: readonly (readonly string[])[]): number[] {
    let line = this.line;
    const lines = [line];
    for (const cells of rows) {
      line += 1;
      for (const cell of cells)
        for (let at = cell.indexOf('\n'); at >= 0; at = cell.indexOf('\n', at + 1)) line += 1;
      lines.push(line);
    }
    return lines;
  }

  #bring(rows: readonly (readonly string[])[], lines: readonly number[]): void {
    const { width, isTrailing, skippedLines } = this.#layout;
    const [kept, keptLines]: [(readonly string[])[], number[]] = [[], []];
    for (let row = 0; row < rows.length; row++) {
      const cells = rows[row];
      const line = lines[row];
      if (line <= skippedLines) continue;
      if (cells.length === 1 && cells[0].trim() === '') {
        this.#emptyLine ||= line;
        continue;
      }
      if (this.#emptyLine !== 0) {
        // In a table of one column an empty line is a missing value.
        if (width > 1) throw new UserError(`${this.#name}: line ${this.#emptyLine} is empty, expected a row`);
        for (let empty = this.#emptyLine; empty < line; empty++) {
          kept.push(['']);
          keptLines.push(empty);
        }
        this.#emptyLine = 0;
      }
      if (cells.length !== width && !(isTrailing && cells.length === width + 1 && cells[width].trim() === ''))
        throw this.#ragged(line, cells);
      kept.push(cells);
      keptLines.push(line);
    }
    this.#sink.rows(kept, keptLines);
  }

  #ragged(line: number, cells: readonly string[]): UserError {
    const { width, separator } = this.#layout;
    const has = cells.length === 1 ? '1 column' : `${cells.length} columns`;
    const first = JSON.stringify(cells.join(separator).slice(0, 40));
    return new UserError(
      `${this.#name}: line ${line} has ${has}, expected ${width}: it begins with ${first}`,
    );
  }
}

function layoutOf(
  text: string,
  name: string,
  { separator: asked, header, named = [] }: DelimitedOptions,
): Layout {
  const lines = text.slice(0, layoutCharacters).split('\n');
  // Of a wide table, as many lines as there are.
  const start = lines.length > 20 ? lines.slice(0, -1).join('\n') : text;
  const comments = Math.max(
    0,
    start.split('\n').findIndex((line) => !line.startsWith('#')),
  );
  const body = `${start.split('\n').slice(comments).join('\n').trimEnd()}\n`;
  refuseWidth(body.slice(0, body.indexOf('\n')), `${name}: line ${comments + 1}`);
  const separator = asked ?? separatorOf(body);
  const all = splitWholeRows(body, separator).rows.filter(
    (cells) => cells.length > 1 || cells[0].trim() !== '',
  );
  if (all.length === 0) throw new UserError(`${name}: no rows, expected at least one`);
  const [first, ...later] = all.slice(0, layoutRows);
  const hasHeader = header ?? (holdsName(first, named) || isHeader(first, later));
  const rows = hasHeader ? later : [first, ...later];
  const [row = first] = rows;
  const isTrailing =
    row.length > 1 &&
    row.length >= first.length &&
    rows.length > 1 &&
    rows.every((cells) => cells.at(-1)?.trim() === '') &&
    (!hasHeader || first.length === row.length - 1 || first.at(-1)?.trim() === '');
  const width = row.length - (isTrailing ? 1 : 0);
  const line = comments + 1;
  if (hasHeader && first.length !== width && !(isTrailing && first.length === width + 1))
    throw new UserError(
      `${name}: line ${line} names ${first.length} columns, the next has ${width}, expected as many`,
    );
  const names = hasHeader
    ? namesOf(first.slice(0, width), name, line)
    : first.map((_, column) => String(column + 1));
  return {
    ...{ separator, hasHeader, width, isTrailing },
    names: names.slice(0, width),
    skippedLines: comments + (hasHeader ? linesIn(first) : 0),
  };
}

/** Before the line is split in every way. */
function refuseWidth(line: string, where: string): void {
  const width = Math.max(...[',', ';', '\t', '|'].map((separator) => line.split(separator).length));
  if (width > mostColumns)
    throw new UserError(`${where} has ${width} columns, expected at most ${mostColumns}`);
}

const linesIn = (cells: readonly string[]) => 1 + cells.join('').split('\n').length - 1;

const nameIn = (cell: string): string => trimmedCell(cell).replace(/\s+/g, ' ');

/** Without a header the columns are named by their numbers, so that no other name could be found. */
function holdsName(first: readonly string[], named: readonly string[]): boolean {
  const cells = first.map(nameIn);
  return named.some((name) => {
    const isPlace = /^[1-9]\d*$/.test(name) && Number(name) <= first.length;
    return name !== '' && !isPlace && cells.includes(name);
  });
}

/** @throws UserError for two columns of one name. */
function namesOf(header: readonly string[], name: string, line: number): string[] {
  const places = new Map<string, number>();
  return header.map((cell, column) => {
    const given = nameIn(cell) || `column ${column + 1}`;
    const other = places.get(given);
    if (other !== undefined)
      throw new UserError(
        `${name}: line ${line}: columns ${other + 1} and ${column + 1} are both named ${JSON.stringify(given)}, expected different names`,
      );
    places.set(given, column);
    return given;
  });
}

/**
 * The separator that gives most rows the same number of cells, the header's included: decimal commas beside semicolons,
 * and lists of labels within a cell, are not in the header.
 */
function separatorOf(text: string): Separator {
  const consistent = (separator: Separator) => {
    const rows = splitWholeRows(text, separator).rows.slice(0, layoutRows);
    const width = rows[0]?.length ?? 1;
    return width < 2 ? 0 : rows.filter((cells) => cells.length === width).length / rows.length;
  };
  const shares = (['\t', ';', '|', ','] as const).map((separator) => ({
    separator,
    share: consistent(separator),
  }));
  const [best] = shares.sort((a, b) => b.share - a.share);
  if (best.share >= 0.5) return best.separator;
  return consistent(' ') === 1 ? ' ' : best.share > 0 ? best.separator : ',';
}

/** By each column: a word above numbers is a name, a number among numbers is none; else, whether it occurs below. */
function isHeader(first: readonly string[], later: readonly (readonly string[])[]): boolean {
  if (later.length === 0) return first.every((cell) => kindOf(cell) === 'word');
  if (isCount(first)) return true;
  let [names, values, likely] = [0, 0, 0];
  first.forEach((given, column) => {
    const cell = trimmedCell(given);
    const below = later.map((cells) => trimmedCell(cells[column])).filter((other) => !isMissing(other));
    if (isMissing(cell) || below.length === 0) return;
    const numbers = below.filter((other) => kindOf(other) === 'number').length;
    if (numbers >= 0.9 * below.length) {
      if (kindOf(cell) === 'word') names += 1;
      else values += 1;
    } else if (below.includes(cell)) values += 1;
    else if (kindOf(cell) === 'word' && new Set(below).size <= Math.max(1, below.length / 2)) likely += 1;
  });
  if (names + values === 0) return likely > 0 || likelyNames(first, later);
  return names > values || (names === values && likely > 0);
}

/** Numbers of the columns, which pandas writes for tables without names. */
function isCount(cells: readonly string[]): boolean {
  const first = Number(cells[0]);
  return (
    cells.length >= 8 &&
    (first === 0 || first === 1) &&
    cells.every((cell, i) => cell.trim() !== '' && Number(cell) === first + i)
  );
}

/** Names are short beside sentences, dates and other long cells, and hold no digits at their start. */
function likelyNames(first: readonly string[], later: readonly (readonly string[])[]): boolean {
  const short = first.every((cell) => /^[\p{L}_][\p{L}\p{N}_ .()/-]{0,40}$/u.test(cell.trim()));
  const longest = Math.max(...later.slice(0, 50).flatMap((cells) => cells.map((cell) => cell.length)));
  return (
    short &&
    first.every(
      (cell) => 2 * cell.trim().length <= longest || /^(label|text|target|class|date|id)$/i.test(cell.trim()),
    )
  );
}
