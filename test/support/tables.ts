/** A small table with a column of each type, whose class follows from them. */
import { Rng } from '../../dist/numbers/rng.js';

export const tableColumns = ['row', 'size', 'weight', 'kind', 'when', 'sold', 'plant', 'class'] as const;

/** CSV: missing numbers and categories, a rare category, dates, a constant column, a column that counts the rows. */
export function tableText(rows: number, seed = 1, first = 0): string {
  const rng = new Rng(seed);
  const below = (count: number) => rng.next() % count;
  const lines = Array.from({ length: rows }, (_, i) => {
    const size = below(1000) / 10;
    const weight = below(50);
    const kind = ['oak', 'elm', 'ash'][below(3)];
    const day = 1 + below(28);
    const sold = below(2);
    const score = size / 50 + (kind === 'oak' ? 1 : 0) + (sold ? 0.5 : 0) + day / 28;
    const cells = [
      first + i,
      i % 17 === 3 ? '' : size,
      weight,
      i % 13 === 5 ? '' : i % 97 === 50 ? `rare${i}` : kind,
      `2024-0${1 + below(9)}-${String(day).padStart(2, '0')} ${String(below(24)).padStart(2, '0')}:30`,
      sold ? 'yes' : 'no',
      'north',
      score < 1.4 ? 'low' : score < 2.3 ? 'mid' : 'high',
    ];
    return cells.join(',');
  });
  return `${[tableColumns.join(','), ...lines].join('\n')}\n`;
}
