/** Rows to be predicted: objects of a program, as a model stores them. */
import type { Steps } from '../../numbers/steps.js';
import { plural } from '../../numbers/words.js';
import { UserError } from '../../user-error.js';
import type { TableModel } from './table-model.js';

export type TableRow = Readonly<Record<string, unknown>>;

const isRow = (value: unknown): value is TableRow =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value);

/** The stored row of an object; columns that it has not are missing. @throws UserError (usage) */
export function tableRow({ encoder }: TableModel, given: unknown, name: string): Float32Array {
  if (!isRow(given)) throw UserError.refusal(name, 'an object with the columns of the table', given);
  return encoder.object(given).values;
}

/** f32 [rows][fields]. @throws UserError (usage) naming the row. */
export function* tableRows(model: TableModel, given: unknown, name: string): Steps<Float32Array> {
  const width = model.encoder.storedWidth;
  if (given instanceof Float32Array && given.length % width === 0) return given;
  if (!Array.isArray(given))
    throw UserError.refusal(name, `an array of objects, or stored rows of ${plural(width, 'number')}`, given);
  const values = new Float32Array(given.length * width);
  for (const [row, one] of given.entries()) {
    values.set(tableRow(model, one, `${name}[${row}]`), row * width);
    if (row % 64 === 63) yield { doing: 'encoding rows', share: row / given.length };
  }
  return values;
}
