/** The rows whose predictions are furthest from the truth, where the file has them. */
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Setup } from '../coordinator/setup.js';
import type { PartName } from '../data/dataset.js';
import { namesOf } from '../data/target.js';
import { sigmoid } from '../loss/probabilities.js';
import type { Judged } from '../metrics/judged.js';
import { rowLosses, worstOf } from '../metrics/row-losses.js';
import { usedNames } from '../tables/column-types.js';
import type { EncoderJson } from '../tables/encoder.js';
import { type FoundRows, readCells } from '../tables/read-cells.js';
import type { Explanation, WorstRow } from './parts.js';

const most = 50;
/** A larger file is not read again for the lines of its rows. */
const mostBytes = 32 * 1024 * 1024;

export async function worstRows(
  { config, dataset, data, signal }: Setup,
  part: PartName,
  judged: Judged,
  encoder: EncoderJson,
): Promise<Explanation['worst']> {
  const { testFile, target, columns } = config.data;
  const isOther = part === 'test' && testFile !== null;
  const file = isOther ? testFile : dataset.source;
  const places =
    data.parts[part].values.rows?.places ?? (part === 'test' ? dataset.test.fileRows : undefined);
  // Of rows that a model has the encoder of, those for validation are not known any more.
  if (places === undefined) return { place: 'row', file: basename(file), rows: [] };
  const losses = rowLosses(judged);
  const worst = worstOf(losses, most);
  const names = namesOf(dataset.target);
  const rows = new Map(worst.map((at) => [at, places[at]]));
  // As it was read before: by the names that its header must have.
  const named = isOther ? usedNames(encoder) : [target ?? []].flat().map(String);
  const isSmall = file !== 'memory' && (await stat(file)).size <= mostBytes;
  const found: FoundRows | null = isSmall
    ? await readCells(file, new Set(rows.values()), { named, ...(isOther ? {} : { columns }), signal })
    : null;
  return {
    ...{ place: found?.place ?? 'row', file: basename(file) },
    rows: worst.map((at): WorstRow => {
      const row = rows.get(at) ?? at;
      const own = found?.rows.get(row);
      return {
        ...{ place: own?.line ?? row + 1, loss: losses[at], cells: own?.cells ?? null },
        ...predictionOf(judged, at, names),
      };
    }),
  };
}

function predictionOf(
  judged: Judged,
  at: number,
  names: readonly string[],
): Pick<WorstRow, 'targets' | 'predicted' | 'probability'> {
  if (judged.kind === 'class') {
    const { classes, probabilities, chosen, targets } = judged;
    const probability = chosen[at] < classes ? probabilities[at * classes + chosen[at]] : Number.NaN;
    return { targets: [names[targets[at]]], predicted: [names[chosen[at]] ?? ''], probability };
  }
  const { width, targets } = judged;
  const places = Array.from({ length: width }, (_, k) => at * width + k);
  return {
    // A float32 as people write it.
    targets: places.map((place) => Number(targets[place].toPrecision(7))),
    predicted: places.map((place) =>
      judged.kind === 'labels' ? sigmoid(judged.outputs[place]) : judged.predicted[place],
    ),
    probability: null,
  };
}
