/** C99 of a table's rows: the same float32 operations as runtime/expand.ts, and the names of columns and categories. */
import { blockTable } from '../../kernels/expansion.js';
import type { InputColumn, Op } from '../../model/op.js';
import type { CFunction } from './functions.js';
import { constantArray, stringLiteral } from './literals.js';

type Of<Name extends Op['op']> = Extract<Op, { readonly op: Name }>;

const listOf = (values: readonly (number | string)[], indent = 4) =>
  values.map((value) => `${' '.repeat(indent)}${value},`).join('\n');

/** Bytes of the tables in `fields`. */
export const fieldsBytes = ({ columns }: Of<'fields'>): number => 5 * columns.length;

/** A model has one such operation at most, so its tables are beside the function. */
export function fields(name: string, { columns, parts }: Of<'fields'>): CFunction {
  const kinds = ['value', 'year', 'week', 'day'] as const;
  const numbers = parts.map((part) => kinds.indexOf(part));
  return {
    name: `${name}_fields`,
    text: `static const int32_t ${name}_field_columns[${columns.length}] = {
${listOf(columns)}
};
${constantArray('uint8_t', `${name}_field_parts`, numbers)}
/* Parts of days since 2000-01-01: 1 the month and its share, 2 the weekday from Sunday, 3 the hour. */
static inline float ${name}_day_part(float value, int part)
{
    if (part == 0 || value != value)
        return value;
    const float whole = floorf(value);
    if (part == 3)
        return (value - whole) * 24.0f;
    const int32_t day = (int32_t)whole;
    if (part == 2)
        return (float)(((day + 6) % 7 + 7) % 7);
    /* Days since 0000-03-01 in eras of 400 years. */
    const int32_t in_era = ((day + 730425) % 146097 + 146097) % 146097;
    const int32_t year = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
    const int32_t in_year = in_era - (365 * year + year / 4 - year / 100), month = (5 * in_year + 2) / 153;
    return (float)((month + 2) % 12) + (float)(in_year - (153 * month + 2) / 5) / 31.0f;
}

static inline void ${name}_fields(const float *x, int count, float *y)
{
    for (int i = 0; i < count; i++)
        y[i] = ${name}_day_part(x[${name}_field_columns[i]], ${name}_field_parts[i]);
}
`,
  };
}

export const expandTable = ({ blocks, fields: count, width }: Of<'expand'>): Float32Array =>
  blockTable(blocks, count, width);

/** The table is that of kernels/expansion.ts: rows of eight numbers, then the tensors. */
export const expand = (name: string): CFunction => ({
  name: `${name}_expand`,
  text: `static inline float ${name}_share(float low, float high, float x)
{
    return (x - low) / (high - low);
}

/* The last place whose value is not above x; -1: none. */
static inline int ${name}_place(const float *sorted, int count, float x)
{
    int low = -1, high = count;
    while (high - low > 1) {
        const int middle = (low + high) / 2;
        if (sorted[middle] <= x)
            low = middle;
        else
            high = middle;
    }
    return low;
}

static inline void ${name}_circle(float turns, float *cosine, float *sine)
{
    const float angle = 6.2831853f * (turns - floorf(turns));
    *cosine = cosf(angle);
    *sine = sinf(angle);
}

/* z times a frequency, in turns: the rest of the product keeps the place on the circle if z is large. */
static inline void ${name}_turn(float z, float frequency, float *cosine, float *sine)
{
    const float turns = z * frequency, rest = fmaf(z, frequency, -turns);
    ${name}_circle(turns - floorf(turns) + rest, cosine, sine);
}

/* Blocks of inputs: scaled numbers, curves, ranges, circles, categories, flags of missing values. */
static inline void ${name}_expand(const float *x, const float *table, float *y)
{
    const int blocks = (int)table[0], width = (int)table[2];
    for (int i = 0; i < width; i++)
        y[i] = 0.0f;
    for (int b = 1; b <= blocks; b++) {
        const float *row = table + 8 * b, *of = table + (int)row[7];
        const float given = x[(int)row[1]];
        const int missing = given != given, count = (int)row[3];
        const float z = missing ? row[4] : given;
        float *out = y + (int)row[2];
        switch ((int)row[0]) {
        case 0:
            out[0] = (z - row[5]) * row[6];
            break;
        case 1: {
            const float *to = of + count;
            const int at = ${name}_place(of, count, z);
            if (at < 0)
                out[0] = to[0];
            else if (at == count - 1)
                out[0] = to[at];
            else
                out[0] = to[at] + (to[at + 1] - to[at]) * ${name}_share(of[at], of[at + 1], z);
            break;
        }
        case 2: {
            const int at = ${name}_place(of, count + 1, z);
            for (int i = 0; i < count; i++)
                out[i] = i < at ? 1.0f : i > at ? 0.0f : ${name}_share(of[i], of[i + 1], z);
            break;
        }
        case 3:
            ${name}_circle(z / row[5], out, out + 1);
            break;
        case 4:
            for (int i = 0; i < count; i++)
                ${name}_turn((z - row[5]) * row[6], of[i], out + i, out + count + i);
            break;
        case 5: {
            const int rare = row[5] > 0.0f ? count : -1;
            const int none = row[6] > 0.0f ? count + (rare >= 0 ? 1 : 0) : rare;
            const int at = missing ? none : z >= 1.0f && z <= row[3] ? (int)z - 1 : rare;
            if (at >= 0)
                out[at] = 1.0f;
            break;
        }
        default:
            out[0] = missing ? 1.0f : 0.0f;
        }
    }
}
`,
});

export const exponential = (name: string): CFunction => ({
  name: `${name}_exp`,
  text: `static inline void ${name}_exp(const float *x, const uint8_t *which, int count, float *y)
{
    for (int i = 0; i < count; i++)
        y[i] = which[i] ? expf(x[i]) : x[i];
}
`,
});

/** Names of columns and words of categories, and functions that find them. */
export function columnNames(name: string, columns: readonly InputColumn[]): string {
  const upper = name.toUpperCase();
  const wordsOf = ({ type, categories, words }: InputColumn): readonly string[] =>
    type === 'category' ? (categories ?? []) : type === 'yes/no' ? (words ?? []) : [];
  const words = columns.map(wordsOf);
  const all = words.flat();
  const starts = words.map((_, place) => words.slice(0, place).reduce((sum, each) => sum + each.length, 0));
  return `/* Columns of a row, in order: number; category: NAME_word; yes/no: 0 or 1; date: days since 2000-01-01. NAN: missing. */
static const char *const ${name}_columns[${upper}_INPUTS] = {
${columns.map((column) => `    ${stringLiteral(column.name)}, /* ${column.type} */`).join('\n')}
};

/* The words of all columns; those of column c are from ${name}_words_from[c] up to ${name}_words_from[c + 1]. */
static const char *const ${name}_words[${Math.max(1, all.length)}] = {
${all.length === 0 ? '    "",' : listOf(all.map(stringLiteral))}
};

static const int32_t ${name}_words_from[${upper}_INPUTS + 1] = {
${listOf([...starts, all.length])}
};

/* The value of column c from which its words count: 1 for categories, 0 for yes/no. */
${constantArray(
  'uint8_t',
  `${name}_first_word`,
  columns.map(({ type }) => (type === 'category' ? 1 : 0)),
)}
static inline int ${name}_same(const char *a, const char *b)
{
    while (*a != '\\0' && *a == *b) {
        a++;
        b++;
    }
    return *a == *b;
}

/* The place of a column in the input; -1: there is none of this name. */
static inline int ${name}_column(const char *name)
{
    for (int c = 0; c < ${upper}_INPUTS; c++)
        if (${name}_same(${name}_columns[c], name))
            return c;
    return -1;
}

/* The value of a word of column c: of a category from 1, 0 if it is rare or unknown; of yes/no 0 or 1, -1 if unknown. */
static inline float ${name}_word(int c, const char *word)
{
    for (int32_t i = ${name}_words_from[c]; i < ${name}_words_from[c + 1]; i++)
        if (${name}_same(${name}_words[i], word))
            return (float)(i - ${name}_words_from[c] + ${name}_first_word[c]);
    return (float)${name}_first_word[c] - 1.0f;
}

`;
}

/** Bytes of its tables, besides the names. */
export const columnBytes = (columns: readonly InputColumn[]): number =>
  columns.length * (8 + 4 + 1) +
  4 +
  columns.reduce((sum, { categories, words }) => sum + 8 * (categories?.length ?? words?.length ?? 0), 0);
