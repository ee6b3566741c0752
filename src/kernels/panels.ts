/** Panels of 16 columns, [width / 16][rows][16], and the same numbers row by row, [rows][width]: for checks. */

export function fromPanels(panels: ArrayLike<number>, rows: number, width: number): Float64Array {
  return Float64Array.from({ length: rows * width }, (_, i) => panels[placeOf(i, rows, width)]);
}

export function toPanels(matrix: ArrayLike<number>, rows: number, width: number, out: Float32Array): void {
  for (let i = 0; i < rows * width; i++) out[placeOf(i, rows, width)] = matrix[i];
}

/** Of element `i` of the row-by-row matrix. */
function placeOf(i: number, rows: number, width: number): number {
  const column = i % width;
  const row = (i - column) / width;
  return (Math.floor(column / 16) * rows + row) * 16 + (column % 16);
}
