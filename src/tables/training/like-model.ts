/** Rows that a model has the encoder of are read as it has them: settings that say otherwise are refused, not ignored. */

import type { Config } from '../../config/schema.js';
import { tableKeys } from '../../config/schema-table.js';
import { ExitCode, expectedGot, UserError } from '../../user-error.js';
import { askedColumn, type ColumnSchema } from '../schema.js';
import { targetColumns } from '../targets.js';
import type { TableModel } from './table-model.js';

export type ReadingSettings = Pick<Config['data'], 'target' | 'columns'> &
  Partial<Pick<Config['data'], 'encoding'>>;

/**
 * Defaults count as not set.
 * @param names of the table's columns.
 * @throws UserError (usage) naming the first key that differs, with both values.
 */
export function refuseOtherReading(
  { target, columns, encoding }: ReadingSettings,
  table: string,
  names: readonly string[],
  model: TableModel,
): void {
  const differs = (key: string, wanted: unknown, got: unknown) =>
    new UserError(
      `${key}: ${expectedGot(`${JSON.stringify(wanted)}, as the model was trained on, or none`, got)}`,
      ExitCode.usage,
    );
  if (target !== null) {
    const asked = targetColumns(table, names, target).columns;
    const own = model.target.columns;
    if (asked.length !== own.length || asked.some((name) => !own.includes(name)))
      throw differs('data.target', own.length === 1 ? own[0] : own, target);
  }
  for (const [name, spec] of Object.entries(columns)) {
    const own = model.encoder.columns.find((column) => column.name === name);
    const type = own === undefined ? 'ignore' : specOf(own);
    if (!isAsAsked(name, spec, own)) throw differs(`data.columns.${name}`, type, spec);
  }
  if (encoding === undefined || model.encoding === null) return;
  const usual = new Map(Object.entries(tableKeys.encoding.parse(undefined)));
  const own = new Map(Object.entries(model.encoding));
  for (const [key, value] of Object.entries(encoding))
    if (value !== usual.get(key) && value !== own.get(key))
      throw differs(`data.encoding.${key}`, own.get(key) ?? null, value);
}

function isAsAsked(name: string, spec: string, own: ColumnSchema | undefined): boolean {
  const { type, number, date } = askedColumn(name, spec);
  return (
    type === (own?.type ?? 'ignore') &&
    (number === undefined || number.decimal === own?.number?.decimal) &&
    (date === undefined || date === own?.date)
  );
}

function specOf({ type, number, date }: ColumnSchema): string {
  if (type === 'number' && number?.decimal === ',') return 'number:comma';
  return type === 'date' && date !== undefined ? `date:${date}` : type;
}
