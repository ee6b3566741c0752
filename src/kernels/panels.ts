/** Panels of 16 columns, [width / 16][rows][16], and the same numbers row by row, [rows][width]: for checks. */

export function fromPanels(panels: ArrayLike<number>, rows: number, width: number): Float64Array {
  // A loop: the self-test runs in code that has not been optimised yet, where a function for each element is slow.
  const matrix = new Float64Array(rows * width);
  for (let row = 0, i = 0; row < rows; row++)
    for (let column = 0; column < width; column++, i++)
      matrix[i] = panels[((column >> 4) * rows + row) * 16 + (column & 15)];
  return matrix;
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
