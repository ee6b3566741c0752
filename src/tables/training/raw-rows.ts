/**
 * Rows of a table before an encoder is fitted on some of them: for each column its number, for a date its parts too, for a
 * category the place of its word in a list of all parts' words.
 */
import type { Config } from '../../config/schema.js';
import { type RowSource, RowsOnDemand, valuesOnDemand } from '../../data/transforms/rows-on-demand.js';
import type { TableRows, Values } from '../../data/transforms/transform.js';
import { UserError } from '../../user-error.js';
import type { TypedTable } from '../column-types.js';
import type { DatePart } from '../dates-in-cells.js';
import { Encoder } from '../encoder.js';
import { encoderDefaults, planningColumns } from '../encoder-fit.js';
import type { Field } from '../expand.js';
import type { ColumnSchema, TableSchema } from '../schema.js';
import type { TargetSchema } from '../targets.js';
import { type Cells, ColumnRows, NumberedRows, type Numbering } from './column-rows.js';
import { RawTexts, RowsWithTexts } from './raw-texts.js';
import { encodingOf } from './table-model.js';

type RawField = Pick<Field, 'column' | 'part'>;

/** Of all parts of a data set, whose lists of words it keeps. */
export class RawRows implements TableRows {
  readonly fields: readonly RawField[];
  readonly #schema: TableSchema;
  readonly #target: TargetSchema;
  /** By column: places of words, from 1. */
  readonly #words = new Map<string, Map<string, number>>();
  readonly #sources = new Map<TypedTable, RowSource>();

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

  /** [width], NaN: missing. Words that are new are added to the lists. */
  rowsOf(table: TypedTable, places: Uint32Array): RowsOnDemand {
    const source = this.#sources.get(table) ?? this.#sourceOf(table);
    this.#sources.set(table, source);
    return new RowsOnDemand(source, places, this.width);
  }

  #sourceOf(table: TypedTable): RowSource {
    const columns = new Map(table.schema.columns.map(({ name }, place) => [name, table.columns[place]]));
    const fields = this.fields.map(({ column: name, part }): Cells => {
      const column = columns.get(name);
      if (column?.kind === 'values') return { kind: 'numbers', values: column.values, part };
      if (column?.kind !== 'words') return { kind: 'none' };
      const words = Float32Array.from(this.#placesOf(name, column.words));
      return { kind: 'words', words, indices: column.indices };
    });
    const rows = new ColumnRows(fields, table);
    return this.#texts.names.length === 0 ? rows : new RowsWithTexts(rows, fields.length, table, this.#texts);
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
    const { rows } = train;
    if (rows === undefined) throw new Error('rows of a table come from its columns');
    const all = { ...encoderDefaults, ...options };
    const place = (column: string, part: DatePart) =>
      this.fields.findIndex((field) => field.column === column && field.part === part);
    const { plan, categories } = yield* planningColumns(
      this.#inputs,
      {
        part: (column, part) => rows.column(place(column, part)),
        words: (column) => this.#countsOf(column, rows.column(place(column, 'value'))),
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
    const encode = (given: Values) => renumbered(given, numbers);
    return encodingOf(
      { encoder, target: this.#target, encoding: options },
      numbers.size === 0 ? null : encode,
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

  /** By field of categories: the number of each word as the encoder has it. */
  #numbering({ categories }: Encoder): Numbering {
    const numbering = new Map<number, Float32Array>();
    for (const [field, { column }] of this.fields.entries()) {
      const known = this.#words.get(column);
      if (known === undefined) continue;
      const places = new Map((categories[column] ?? []).map((word, place) => [word, place + 1]));
      numbering.set(
        field,
        Float32Array.from(['', ...known.keys()], (word) => places.get(word) ?? 0),
      );
    }
    return numbering;
  }
}

/** Rows as stored. They are no longer rows to fit an encoder on. */
function renumbered({ rows }: Values, numbering: Numbering): Values {
  if (rows === undefined) throw new Error('rows of a table come from its columns');
  const source = new NumberedRows(rows.source, numbering, rows.width);
  return valuesOnDemand(new RowsOnDemand(source, rows.places, rows.width), {});
}
