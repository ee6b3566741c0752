/** Reads a table: a file or bytes of any supported format, or rows of a program, to columns in memory. */
import { didYouMean } from '../config/nearest.js';
import { isMissing, missingWords } from '../data/cells.js';
import type { Separator } from '../data/csv-cells.js';
import { ExitCode, UserError } from '../user-error.js';
import { type ByteSource, byteSource } from './byte-sources.js';
import { OtherKind, type RawColumn } from './column-store.js';
import { delimitedReader } from './delimited.js';
import { jsonReader, objectReader, type Rows } from './json-rows.js';
import { isParquet, parquetReader } from './parquet.js';
import { type AskedColumn, askedColumn } from './schema.js';
import type { RowReader } from './table-builder.js';
import { TableBuilder, type Wanted, type WantedColumns } from './table-builder.js';
import { textBlocks } from './text-blocks.js';

/** A path, the bytes of a file, or rows. */
export type TableSource = string | Uint8Array | Rows;

export interface ReadTableOptions {
  /** In messages, for what is no file. */
  readonly name?: string;
  /** By default found: commas, semicolons, tabs, pipes or spaces. */
  readonly separator?: Separator;
  /** Whether the first line has the names of the columns; by default found. */
  readonly header?: boolean;
  /** Names, or numbers counted from 1, of columns that the table must have: a first line with one is the header. */
  readonly named?: readonly string[];
  /** Types of columns by name, such as `{ zip: 'category' }`; the others are found. */
  readonly columns?: Readonly<Record<string, string>>;
  /** How columns that `columns` does not name are stored; by default as their cells are. */
  readonly wanted?: WantedColumns;
  readonly signal?: AbortSignal | undefined;
}

/** Columns as they were read. Their types: `column-types.ts`. */
export interface Table {
  readonly name: string;
  readonly place: 'line' | 'row';
  readonly rowCount: number;
  readonly names: readonly string[];
  readonly columns: readonly RawColumn[];
  /** What the caller said of each column. */
  readonly asked: readonly (AskedColumn | null)[];
  readonly notes: readonly string[];
  /** Of the file as stored, hexadecimal; null: not known. */
  sha256(): string | null;
}

const [leastFirstText, mostFirstText, fewLines] = [64 * 1024, 8 * 1024 * 1024, 20];

/** The spellings of a missing value, for people. */
export const missingText = `missing values: empty, ${missingWords.filter((word) => word !== '').join(', ')} (in any case)`;

/**
 * @throws UserError with file, line and column for cells that cannot be read; for sources without rows, of other
 * formats or encodings, or larger than the memory; with exit code `interrupted` if the signal is aborted.
 */
export async function readTable(source: TableSource, options: ReadTableOptions = {}): Promise<Table> {
  const asked = new Map(
    Object.entries(options.columns ?? {}).map(([name, spec]) => [name, askedColumn(name, spec)]),
  );
  const reader = await readerOf(source, options);
  const asWords = new Set<string>();
  const wanted = (name: string): Wanted | null | undefined => {
    if (asWords.has(name)) return { by: 'words' };
    const own = asked.get(name);
    return own === undefined ? options.wanted?.(name) : { by: 'caller', asked: own };
  };
  for (;;) {
    const builder = new TableBuilder(reader, wanted);
    try {
      await reader.read(builder, options.signal);
      const { names, columns, rowCount } = builder.finish();
      for (const name of asked.keys())
        if (!names.includes(name)) throw unknownColumn(reader.name, name, names, 'the types of columns');
      return {
        ...{ name: reader.name, place: reader.place, rowCount, names, columns },
        asked: names.map((name) => asked.get(name) ?? null),
        notes: reader.notes,
        sha256: () => reader.sha256(),
      };
    } catch (error) {
      if (!(error instanceof OtherKind)) throw error;
      const name = builder.names[builder.filling];
      if (!reader.canRepeat) throw readOnce(reader, name, error);
      asWords.add(name);
    }
  }
}

/** `what`: where the name was given. */
export function unknownColumn(
  table: string,
  name: string,
  names: readonly string[],
  what: string,
): UserError {
  const shown = names.length > 8 ? [...names.slice(0, 7), '…', names.at(-1)] : names;
  const advice = didYouMean(name, names, `: its columns are ${shown.join(', ')}`);
  return new UserError(
    `${table} has no column ${JSON.stringify(name)}, named in ${what}${advice}`,
    ExitCode.usage,
  );
}

const readOnce = ({ name, place }: RowReader, column: string, { line, cell }: OtherKind) =>
  new UserError(
    `${name}: ${place} ${line}, column ${JSON.stringify(column)}: ${JSON.stringify(cell)} is not like the first values, ` +
      'and the rows come only once: say the type of the column, such as category',
  );

/** @throws UserError as readTable. */
export async function readerOf(source: TableSource, options: ReadTableOptions): Promise<RowReader> {
  if (typeof source !== 'string' && !(source instanceof Uint8Array))
    return objectReader(source, options.name ?? 'rows');
  const bytes = await byteSource(source, options.name);
  if (isParquet(bytes.start)) return parquetReader(bytes);
  const first = await firstText(bytes, options.signal);
  if (isMissing(first.trim())) throw new UserError(`${bytes.name}: no rows, expected at least one`);
  const begin = first.trimStart()[0];
  const isText = typeof source === 'string' && /\.(csv|tsv|txt)(\.gz)?$/i.test(source);
  if (!isText && (begin === '{' || begin === '[')) return jsonReader(bytes, begin === '[');
  const { separator, header, named = [], columns = {} } = options;
  return delimitedReader(bytes, first, { separator, header, named: [...named, ...Object.keys(columns)] });
}

/** The lines that decide the format: many, or some of a wide table. */
async function firstText(bytes: ByteSource, signal: AbortSignal | undefined): Promise<string> {
  let text = '';
  for await (const block of textBlocks(
    bytes.pieces(() => {}, signal),
    bytes.name,
    () => 1,
  )) {
    text += block;
    if (text.length >= mostFirstText) break;
    if (text.length >= leastFirstText && text.trimStart().split('\n', fewLines + 1).length > fewLines) break;
  }
  return text;
}
