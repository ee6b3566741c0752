/** Rows of a Parquet file, by the optional package hyparquet: one column of a group of rows at a time. */
import * as zlib from 'node:zlib';
import type { Compressors, FileMetaData } from 'hyparquet';
import { throwIfInterrupted } from '../data/interruption.js';
import { UserError } from '../user-error.js';
import type { ByteSource } from './byte-sources.js';
import { cellOf } from './json-rows.js';
import type { RowReader } from './table-builder.js';

export const isParquet = (start: Buffer): boolean => start.toString('latin1', 0, 4) === 'PAR1';

/** @throws UserError with one line that says how to install the package, if it is absent; for a damaged file. */
export async function parquetReader(source: ByteSource): Promise<RowReader> {
  const { name, sizeBytes, slice } = source;
  const hyparquet = await loadHyparquet();
  const file = { byteLength: sizeBytes, slice };
  const orRefuse = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      if (error instanceof UserError) throw error;
      throw new UserError(`${name}: cannot be read as Parquet: ${firstLine(error)}`, undefined, {
        cause: error,
      });
    }
  };
  const metadata = await orRefuse(hyparquet.parquetMetadataAsync(file));
  const names = columnsOf(metadata, name);
  return {
    name,
    place: 'row',
    canRepeat: true,
    notes: [`${name}: Parquet, ${names.length} columns`],
    // Read by ranges.
    sha256: () => null,
    async read(sink, signal) {
      sink.columns(names);
      let rowStart = 0;
      for (const { num_rows } of metadata.row_groups) {
        const rowEnd = rowStart + Number(num_rows);
        for (const [place, column] of names.entries()) {
          throwIfInterrupted(signal, `reading ${name}`);
          const cells: unknown[] = [];
          const onComplete = (rows: unknown[][]) => {
            for (const [value] of rows) cells.push(value);
          };
          const range = { rowStart, rowEnd, columns: [column], onComplete };
          await orRefuse(hyparquet.parquetRead({ file, metadata, compressors: decompressors(), ...range }));
          sink.progress(rowEnd / Number(metadata.num_rows));
          const first = rowStart + 1;
          sink.column(
            place,
            cells.map((value, row) => cellOf(value, `${name}: row ${first + row}`, JSON.stringify(column))),
            first,
          );
        }
        rowStart = rowEnd;
      }
    },
  };
}

async function loadHyparquet() {
  try {
    return await import('hyparquet');
  } catch (cause) {
    const absent = (cause as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND';
    const reason = absent ? '' : ` (it cannot be loaded: ${firstLine(cause)})`;
    throw new UserError(
      `Parquet files need the package hyparquet: npm install hyparquet${reason}`,
      undefined,
      {
        cause,
      },
    );
  }
}

const firstLine = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split('\n')[0];

/** Snappy is hyparquet's own; Node has these, Zstandard from 22.15 on. Not before they are used: a program loads this file. */
function decompressors(): Compressors {
  const { zstdDecompressSync: zstandard } = zlib as {
    zstdDecompressSync?: (bytes: Uint8Array) => Uint8Array;
  };
  return {
    GZIP: (bytes) => zlib.gunzipSync(bytes),
    BROTLI: (bytes) => zlib.brotliDecompressSync(bytes),
    ...(zstandard === undefined ? {} : { ZSTD: (bytes: Uint8Array) => zstandard(bytes) }),
  };
}

/** @throws UserError for columns within columns. */
function columnsOf({ schema }: FileMetaData, name: string): string[] {
  const columns = schema.slice(1);
  const nested = columns.find(
    ({ num_children, repetition_type }) => (num_children ?? 0) > 0 || repetition_type === 'REPEATED',
  );
  if (nested !== undefined)
    throw new UserError(
      `${name}: column ${JSON.stringify(nested.name)} holds other columns or lists, expected plain values`,
    );
  return columns.map((column) => column.name);
}
