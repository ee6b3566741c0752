/** Columns of texts of a table before an encoder is fitted: sizes by the data, and what rows store. */
import type { RowSource } from '../../data/transforms/rows-on-demand.js';
import { grouped } from '../../numbers/words.js';
import type { TypedTable } from '../column-types.js';
import { encoderDefaults } from '../encoder-fit.js';
import { gramsOf, mostBuckets, mostSlots, storeGrams, type TextOptions } from '../text-entries.js';

const fewestBuckets = 2 ** 10;

export class RawTexts {
  readonly options: TextOptions;
  readonly names: readonly string[];
  /** Lines for people: what the texts are read as. */
  readonly notes: readonly string[];
  /** Of the words of the first table's columns. */
  readonly #known = new Map<readonly string[], readonly Uint32Array[]>();

  /** `names`: columns of texts that are inputs. */
  constructor(table: TypedTable, names: readonly string[]) {
    const { wordGrams, characters } = encoderDefaults;
    this.names = names;
    const made = names.map((name) => {
      const words = wordsOf(table, name);
      const grams = words.map((text) => gramsOf(text, { wordGrams, characters }, name, mostSlots));
      this.#known.set(words, grams);
      return grams;
    });
    const lengths = Uint32Array.from(made.flatMap((grams) => grams.slice(1).map(({ length }) => length)));
    lengths.sort();
    // By the most texts, not by the longest: every row has the room.
    const usual = lengths.at(Math.floor(lengths.length * 0.95)) ?? 1;
    const slots = Math.max(1, Math.min(lengths.at(-1) ?? 1, 2 * usual));
    const buckets = bucketsFor(made.flat());
    this.options = { buckets, wordGrams, characters, slots };
    const long = lengths.length - lengths.filter((length) => length <= slots).length;
    this.notes = names.length === 0 ? [] : [describe(names, this.options, long)];
  }

  /** Into the rows of `values`, f32 [rows][width], from number `from` on. */
  store(
    table: TypedTable,
    rows: Uint32Array,
    values: Float32Array,
    { width, from }: { width: number; from: number },
  ) {
    const { slots } = this.options;
    this.names.forEach((name, place) => {
      const column = table.columns[table.schema.columns.findIndex((each) => each.name === name)];
      const words = wordsOf(table, name);
      const known = this.#known.get(words);
      rows.forEach((row, i) => {
        const index = column?.kind === 'words' ? column.indices[row] : 0;
        const grams = known?.[index] ?? gramsOf(words[index] ?? '', this.options, name, slots);
        const at = i * width + from + place * slots;
        storeGrams(grams, this.options, values.subarray(at, at + slots));
      });
    });
  }
}

/** Rows whose fields are followed by their texts, f32 [fields + texts · slots]. */
export class RowsWithTexts implements RowSource {
  readonly origin: object;
  readonly #fields: RowSource;
  readonly #fieldCount: number;
  readonly #table: TypedTable;
  readonly #texts: RawTexts;

  constructor(fields: RowSource, fieldCount: number, table: TypedTable, texts: RawTexts) {
    this.origin = fields.origin;
    this.#fields = fields;
    this.#fieldCount = fieldCount;
    this.#table = table;
    this.#texts = texts;
  }

  get count(): number {
    return this.#fields.count;
  }

  write(places: Uint32Array, out: Float32Array): void {
    const from = this.#fieldCount;
    const width = out.length / Math.max(1, places.length);
    const own = new Float32Array(places.length * from);
    this.#fields.write(places, own);
    for (let row = 0; row < places.length; row++)
      out.set(own.subarray(row * from, (row + 1) * from), row * width);
    this.#texts.store(this.#table, places, out, { width, from });
  }

  column(field: number, places: Uint32Array): Float32Array {
    return this.#fields.column(field, places);
  }

  cut(count: number): void {
    this.#fields.cut(count);
  }
}

const noWords: readonly string[] = [];

function wordsOf({ schema, columns }: TypedTable, name: string): readonly string[] {
  const column = columns[schema.columns.findIndex((each) => each.name === name)];
  return column?.kind === 'words' ? column.words : noWords;
}

/** A power of two with room for the different words and pieces of the table, within limits. */
function bucketsFor(texts: readonly Uint32Array[]): number {
  const used = new Uint8Array(mostBuckets);
  let distinct = 0;
  for (const grams of texts)
    for (const gram of grams) {
      const bucket = gram & (mostBuckets - 1);
      distinct += 1 - used[bucket];
      used[bucket] = 1;
    }
  let buckets = fewestBuckets;
  while (buckets < Math.min(mostBuckets, distinct)) buckets *= 2;
  return buckets;
}

function describe(names: readonly string[], { buckets, characters, slots }: TextOptions, long: number) {
  const pieces = characters === null ? '' : ` and pieces of ${characters.join(' and ')} characters`;
  const cut = long === 0 ? '' : `; of ${grouped(long)} long texts the first ${grouped(slots)} of them`;
  return `texts of ${names.map((name) => JSON.stringify(name)).join(', ')}: words, pairs of words${pieces}, hashed into ${grouped(buckets)} inputs${cut}`;
}
