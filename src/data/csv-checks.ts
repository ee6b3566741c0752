/** Warnings about columns of a CSV file whose use is probably wrong. */
import type { Warn } from '../warnings.js';
import type { CsvPart } from './csv.js';
import { columnText } from './csv-layout.js';

/** Two columns are no sign: any flag and its opposite sum to 1. */
const fewestColumns = 3;
const sampledRows = 1000;

/** Warns of a label that was guessed, of columns left out and of labels that look one-hot. */
export function warnOfColumns(part: CsvPart, warn: Warn): void {
  const { layout } = part;
  const { path, label, labelBy, leftOut, counters, names } = layout;
  if (labelBy === 'guessed')
    warn(
      'label-guessed',
      `${path}: the header does not name the column of the labels; ${columnText(layout, label)} is used; data.label names another`,
    );
  for (const column of leftOut) {
    const why = counters.includes(column) ? 'counts the rows' : 'names the rows';
    warn('column-left-out', `${path}: ${columnText({ names }, column)} ${why} and is left out`);
  }
  const oneHot = oneHotColumns(part);
  if (oneHot === null) return;
  const [first, last] = oneHot;
  const used =
    label >= first && label <= last
      ? `only ${columnText(layout, label)} is used as label`
      : 'they are used as pixels';
  warn(
    'label-one-hot',
    `${path}: columns ${first + 1} to ${last + 1} look like one-hot labels, and ${used}; write the class in one column`,
  );
}

/** Neighbouring columns of 0 and 1 whose sum is 1 in every row, at an end of a run of such columns; null if there are none. */
function oneHotColumns({ values, targets, count, layout, words }: CsvPart): readonly [number, number] | null {
  const { width, label, leftOut } = layout;
  const columns = Array.from({ length: width }, (_, column) => column);
  const features = columns.filter((column) => column !== label && !leftOut.includes(column));
  const placeOf = new Map(features.map((column, place) => [column, place]));
  const value = (row: number, column: number) => {
    const place = placeOf.get(column);
    return place === undefined ? targets[row] : values[row * features.length + place];
  };
  // The first rows show for which columns all rows have to be checked.
  const sampled = Math.min(count, sampledRows);
  const ones = columns.map((column) => {
    if (leftOut.includes(column) || (column === label && words !== null)) return null;
    let sum = 0;
    for (let row = 0; row < sampled; row += 1) {
      if (value(row, column) > 1) return null;
      sum += value(row, column);
    }
    return sum;
  });
  const isOneHot = (group: readonly number[]) => {
    for (let row = 0; row < count; row += 1) {
      let sum = 0;
      for (const column of group) sum += value(row, column) === 0 ? 0 : value(row, column) === 1 ? 1 : 2;
      if (sum !== 1) return false;
    }
    return true;
  };
  for (const run of runsOf(ones)) {
    for (const side of [run, [...run].reverse()]) {
      let sum = 0;
      const end = side.findIndex((column) => {
        sum += ones[column] ?? 0;
        return sum >= sampled;
      });
      const group = side.slice(0, end + 1).filter((column) => (ones[column] ?? 0) > 0);
      if (sum === sampled && group.length >= fewestColumns && isOneHot(group))
        return [Math.min(...group), Math.max(...group)];
    }
  }
  return null;
}

/** The longest runs of neighbours that are not null. */
function runsOf(columns: readonly (number | null)[]): number[][] {
  const runs: number[][] = [];
  columns.forEach((value, column) => {
    if (value === null) return;
    const last = runs.at(-1);
    if (last?.at(-1) === column - 1) last.push(column);
    else runs.push([column]);
  });
  return runs;
}
