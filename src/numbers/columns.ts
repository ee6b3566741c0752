/** Tables by their columns: each has a heading, the side that its cells stand on, and what it shows of a row. */

export type Column<Row> = readonly [heading: string, side: 'l' | 'r', cell: (row: Row) => string];

export function tabulated<Row>(columns: readonly Column<Row>[], rows: readonly Row[]) {
  return {
    heading: columns.map(([heading]) => heading),
    align: columns.map(([, side]) => side),
    rows: rows.map((row) => columns.map(([, , cell]) => cell(row))),
  };
}
