/** Tables defined by their columns: each has a heading, the side to which cells are aligned, and its text for a row. */
import { markdownTable } from 'markdown-table';

export type Column<Row> = readonly [heading: string, side: 'l' | 'r', cell: (row: Row) => string];

export function tabulated<Row>(columns: readonly Column<Row>[], rows: readonly Row[]) {
  return {
    heading: columns.map(([heading]) => heading),
    align: columns.map(([, side]) => side),
    rows: rows.map((row) => columns.map(([, , cell]) => cell(row))),
  };
}

/** As Markdown, the heading first. `sides`: l or r for each column; by default names, then figures. */
export function table(
  rows: readonly (readonly string[])[],
  sides = `l${'r'.repeat(rows[0].length - 1)}`,
): string {
  return markdownTable(
    rows.map((cells) => cells.map((cell) => cell.replaceAll('|', '\\|'))),
    { align: [...sides], alignDelimiters: false },
  );
}

/** For a terminal: columns aligned, characters counted as one place each. `sides`: as of `table`. */
export function aligned(
  rows: readonly (readonly string[])[],
  sides = `l${'r'.repeat(rows[0].length - 1)}`,
): string {
  return markdownTable(
    rows.map((cells) => [...cells]),
    { align: [...sides], stringLength: (cell) => [...cell].length },
  );
}
