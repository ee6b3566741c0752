/** What was found in a table, for people, before a training. */
import { grouped, plural } from '../../numbers/words.js';
import type { TypedTable } from '../column-types.js';
import { schemaTable, shortened } from '../schema.js';
import type { Targets } from '../targets.js';
import { rareLimit } from '../word-columns.js';

/** Rows of each part. */
export interface PartSizes {
  readonly train: number;
  readonly test: number;
}

/** Lines: columns with their types, the target with its classes, rare categories, rows. */
export function tableSummary(table: TypedTable, targets: Targets, { train, test }: PartSizes): string[] {
  const { schema, rows, values } = targets;
  const counts = new Uint32Array(schema.names.length);
  if (schema.task === 'classes') for (const value of values) counts[value] += 1;
  const classes = schema.names.map((name, place) =>
    schema.task === 'classes' ? `${name} (${grouped(counts[place])})` : name,
  );
  return [
    ...schemaTable(table.schema).split('\n'),
    ...rareCategories(table, rows, schema.columns),
    `target ${schema.columns.map((name) => JSON.stringify(name)).join(', ')}: ${shortened(classes.join(', '), 160)}`,
    `${grouped(train)} training rows, ${grouped(test)} test rows`,
  ];
}

/** Of all rows with a target: the limit is taken again of the training rows alone. */
function rareCategories(
  { schema, columns }: TypedTable,
  rows: Uint32Array,
  targets: readonly string[],
): string[] {
  const limit = rareLimit(rows.length);
  return schema.columns.flatMap(({ name, type }, place) => {
    const column = columns[place];
    if (type !== 'category' || column.kind !== 'words' || targets.includes(name)) return [];
    const counts = new Uint32Array(column.words.length);
    for (const row of rows) counts[column.indices[row]] += 1;
    const rare = counts.subarray(1).filter((count) => count > 0 && count < limit);
    if (rare.length === 0) return [];
    const inRows = rare.reduce((sum, count) => sum + count, 0);
    const noun = rare.length === 1 ? 'category' : 'categories';
    return `${JSON.stringify(name)}: ${grouped(rare.length)} rare ${noun} of fewer than ${limit} rows, ${plural(inRows, 'row')} in all, share an input`;
  });
}
