/**
 * Rows of a table before an encoder is fitted on some of them: for each column its number, for a date its parts too, for a
 * category the place of its word in a list of all parts' words.
 */
import type { Config } from '../../config/schema.js';
import type { TableRows, Values } from '../../data/transforms/transform.js';
import type { Steps } from '../../numbers/steps.js';
import { UserError } from '../../user-error.js';
import type { TypedTable } from '../column-types.js';
import { type DatePart, partOf } from '../dates-in-cells.js';
import { Encoder } from '../encoder.js';
import { encoderDefaults, planningColumns } from '../encoder-fit.js';
import type { Field } from '../expand.js';
import type { ColumnSchema, TableSchema } from '../schema.js';
import type { TargetSchema } from '../targets.js';
import { RawTexts } from './raw-texts.js';
import { encodingOf } from './table-model.js';

type RawField = Pick<Field, 'column' | 'part'>;

/** Of all parts of a data set, whose lists of words it keeps. */
export class RawRows implements TableRows {
  readonly fields: readonly RawField[];
  readonly #schema: TableSchema;
  readonly #target: TargetSchema;
  /** By column: places of words, from 1. */
  readonly #words = new Map<string, Map<string, number>>();

  readonly #texts: RawTexts;
  /** Numbers of a row. */
  readonly width: number;

  /** `table`: with the training rows, whose texts decide their sizes. @throws UserError if no column is left. */
  constructor(table: TypedTable, target: TargetSchema) {
    this.#schema = table.schema;
    this.#target = target;
    this.fields = this.#inputs.flatMap(({ name, type }) => {
      if (type === 'text') return [];
      if (type === 'category') this.#words.set(name, new Map());
      const parts: readonly DatePart[] = type === 'date' ? ['value', 'year', 'week', 'day'] : ['value'];
      return parts.map((part) => ({ column: name, part }));
    });
    const texts = this.#inputs.flatMap(({ name, type }) => (type === 'text' ? [name] : []));
    this.#texts = new RawTexts(table, texts);
    this.width = this.fields.length + texts.length * this.#texts.options.slots;
    if (this.width === 0)
      throw new UserError(`${table.name}: every column but the target is ignored, expected inputs`);
  }

  /** Lines for people. */
  get notes(): readonly string[] {
    return this.#texts.notes;
  }

  get #inputs(): readonly ColumnSchema[] {
    return this.#schema.columns.filter(
      ({ name, type }) => type !== 'ignore' && !this.#target.columns.includes(name),
    );
  }

  /** f32 [rows][width], NaN: missing. In steps. */
  *reading(table: TypedTable, rows: Uint32Array): Steps<Float32Array> {
    const { width } = this;
    const values = new Float32Array(rows.length * width);
    const columns = new Map(table.schema.columns.map(({ name }, place) => [name, table.columns[place]]));
    for (const [field, { column: name, part }] of this.fields.entries()) {
      const column = columns.get(name);
      if (column?.kind === 'values')
        for (let i = 0; i < rows.length; i++)
          values[i * width + field] = partOf(column.values[rows[i]], part);
      else if (column?.kind === 'words') {
        const places = this.#placesOf(name, column.words);
        for (let i = 0; i < rows.length; i++) values[i * width + field] = places[column.indices[rows[i]]];
      } else for (let i = 0; i < rows.length; i++) values[i * width + field] = Number.NaN;
      yield { doing: `storing ${table.name}`, share: field / width };
    }
    this.#texts.store(table, rows, values, { width, from: this.fields.length });
    return values;
  }

  /** Of words of a column, whose first is a missing one; new ones are added. */
  #placesOf(name: string, words: readonly string[]): number[] {
    const known = this.#words.get(name) ?? new Map<string, number>();
    this.#words.set(name, known);
    return words.map((word, index) => {
      if (index === 0) return Number.NaN;
      const place = known.get(word) ?? known.size + 1;
      known.set(word, place);
      return place;
    });
  }

  *fit(train: Values, options: Config['data']['encoding']): ReturnType<TableRows['fit']> {
    const all = { ...encoderDefaults, ...options };
    const place = (column: string, part: DatePart) =>
      this.fields.findIndex((field) => field.column === column && field.part === part);
    const { plan, categories } = yield* planningColumns(
      this.#inputs,
      {
        part: (column, part) => columnOf(train, place(column, part)),
        words: (column) => this.#countsOf(column, columnOf(train, place(column, 'value'))),
      },
      all,
    );
    // The fields of a stored row are those of a row as read, also those without a block.
    const fields = this.fields.map((field): Field => {
      const planned = plan.fields.find(({ column, part }) => column === field.column && part === field.part);
      return { ...field, fill: planned?.fill ?? 0 };
    });
    const blocks = plan.blocks.map((block) => {
      const { column, part } = plan.fields[block.field];
      return { ...block, field: place(column, part) };
    });
    if (blocks.length === 0 && this.#texts.names.length === 0)
      throw new UserError('every column is the same in all training rows, expected inputs that differ');
    const encoder = new Encoder({
      ...{ columns: this.#schema.columns, targets: this.#target.columns, fields, blocks, categories },
      text: this.#texts.options,
    });
    const numbers = this.#numbering(encoder);
    const encode = (rows: Values, out: Values['values'] | null) => renumbered(rows, numbers, out);
    return encodingOf(
      { encoder, target: this.#target, encoding: options },
      numbers.length === 0 ? null : encode,
    );
  }

  #countsOf(column: string, places: Float32Array): Map<string, number> {
    const words = ['', ...(this.#words.get(column)?.keys() ?? [])];
    const counts = new Map<string, number>();
    for (const place of places) {
      const word = words[Number.isNaN(place) ? 0 : place];
      counts.set(word, (counts.get(word) ?? 0) + 1);
    }
    return counts;
  }

  /** For each field of categories: the number of each word as the encoder has it. */
  #numbering({ categories }: Encoder): Numbering[] {
    return this.fields.flatMap(({ column }, field) => {
      const known = this.#words.get(column);
      if (known === undefined) return [];
      const places = new Map((categories[column] ?? []).map((word, place) => [word, place + 1]));
      return { field, numbers: Float32Array.from(['', ...known.keys()], (word) => places.get(word) ?? 0) };
    });
  }
}

interface Numbering {
  readonly field: number;
  readonly numbers: Float32Array;
}

function columnOf({ values, count }: Values, field: number): Float32Array {
  const width = values.length / count;
  const column = new Float32Array(count);
  for (let row = 0; row < count; row++) column[row] = values[row * width + field];
  return column;
}

/** Rows as stored. They are no longer rows to fit an encoder on. */
function renumbered(
  { values, count, shape, full }: Values,
  numbering: readonly Numbering[],
  out: Values['values'] | null,
): Values {
  const written = out ?? new Float32Array(values.length);
  written.set(values);
  for (const { field, numbers } of numbering)
    for (let at = field; at < values.length; at += shape[0])
      if (!Number.isNaN(values[at])) written[at] = numbers[values[at]];
  return { values: written, count, shape, full };
}
