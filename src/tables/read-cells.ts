/** Some rows of a table as its file has them, where it is read again. */
import { type Cell, textOf } from './column-store.js';
import { type ReadTableOptions, readerOf } from './read-table.js';
import type { RowSink } from './table-builder.js';

export interface CellsOfRow {
  /** From 1, in files of text; in others the row, from 1. */
  readonly line: number;
  /** By column; '' if it is missing. */
  readonly cells: ReadonlyMap<string, string>;
}

export interface FoundRows {
  readonly place: 'line' | 'row';
  readonly rows: ReadonlyMap<number, CellsOfRow>;
}

/** `wanted`: rows from 0, the header not counted. @throws UserError as readTable. */
export async function readCells(
  path: string,
  wanted: ReadonlySet<number>,
  options: ReadTableOptions,
): Promise<FoundRows> {
  const reader = await readerOf(path, options);
  const rows = new Map<number, CellsOfRow & { readonly cells: Map<string, string> }>();
  let names: readonly string[] = [];
  let at = 0;
  const add = (row: number, line: number, column: string, cell: Cell) => {
    const known = rows.get(row) ?? { line, cells: new Map<string, string>() };
    rows.set(row, known);
    known.cells.set(column, textOf(cell));
  };
  const sink: RowSink = {
    columns(given) {
      names = given;
    },
    rows(given, lines) {
      for (const [i, cells] of given.entries())
        if (wanted.has(at + i))
          for (const [k, name] of names.entries()) add(at + i, lines[i], name, cells[k]);
      at += given.length;
    },
    column(place, cells, firstLine) {
      for (const row of wanted)
        if (row >= at && row < at + cells.length)
          add(row, firstLine + row - at, names[place], cells[row - at]);
      if (place === names.length - 1) at += cells.length;
    },
    progress() {},
  };
  await reader.read(sink, options.signal);
  return { place: reader.place, rows };
}
