/** The fitted encoder of a table in a model's file: JSON among the metadata, its tensors beside the weights. */
import type { Encoding, Values } from '../../data/transforms/transform.js';
import { isSound } from '../../kernels/expansion.js';
import type { Tensor } from '../../model/safetensors.js';
import { plural } from '../../numbers/words.js';
import { UserError } from '../../user-error.js';
import { Encoder, type EncoderJson } from '../encoder.js';
import type { TargetSchema } from '../targets.js';

/** As `data.encoding`, whose type would bring the schema's library into the public types. */
export interface AskedEncoding {
  readonly scaling: 'standard' | 'quantile' | 'none';
  readonly bins: number | 'auto';
  readonly periodic: number;
  readonly sigma: number;
  readonly rare: number | null;
}

/** How rows of a table are read for a network, and what it says of them. */
export interface TableModel {
  readonly encoder: Encoder;
  readonly target: TargetSchema;
  /** As asked when it was fitted; null in files that do not say it. */
  readonly encoding: AskedEncoding | null;
}

const prefix = 'encoder.';

/** `encode`: null if the rows are stored ones. */
export function encodingOf(
  { encoder, target, encoding }: TableModel,
  encode: Encoding['encode'] | null,
): Encoding {
  const tensors = new Map<string, Tensor>(
    [...encoder.tensors()].map(([name, data]) => [prefix + name, { shape: [data.length], data }]),
  );
  return {
    blocks: encoder.table,
    json: JSON.stringify({
      encoder: encoder.toJSON(),
      target,
      ...(encoding === null ? {} : { encoding }),
    }),
    tensors,
    keepsValues: encode === null,
    encode: encode ?? ((rows: Values) => rows),
  };
}

/**
 * `json`: as of `encodingOf`. `source` names the file.
 * @throws UserError if it makes no sense.
 */
export function tableModelOf(json: string, tensors: ReadonlyMap<string, Tensor>, source: string): TableModel {
  const damaged = (cause?: unknown) =>
    new UserError(`${source}: table: expected the encoder of a table's rows, got others`, undefined, {
      cause,
    });
  try {
    const {
      encoder,
      target,
      encoding = null,
    } = JSON.parse(json) as Partial<TableModel> & {
      encoder: EncoderJson;
      target: TargetSchema;
    };
    const own = [...tensors].flatMap(([name, { data }]): [string, Float32Array][] =>
      name.startsWith(prefix) ? [[name.slice(prefix.length), data]] : [],
    );
    const made = { encoder: Encoder.from(encoder, new Map(own)), target, encoding };
    if (isModel(made)) return made;
  } catch (error) {
    throw damaged(error);
  }
  throw damaged();
}

const isText = (value: unknown) => typeof value === 'string';

function isModel({ encoder, target }: TableModel): boolean {
  const { columns, targets, fields, blocks, categories, table } = encoder;
  return (
    columns.every(({ name, type }) => isText(name) && isText(type)) &&
    [targets, target.columns, target.names].every((list) => Array.isArray(list) && list.every(isText)) &&
    fields.every(({ column, part }) => isText(column) && isText(part)) &&
    Object.values(categories).every((words) => Array.isArray(words) && words.every(isText)) &&
    // A tensor that is missing leaves its name.
    blocks.every(({ op: _, ...parts }) => Object.values(parts).every((part) => !isText(part))) &&
    isSound(table)
  );
}

/** Rows with categories that training had not, or rarely. */
export const unknownNotes = (table: string, others: ReadonlyMap<string, number>): string[] =>
  [...others].map(
    ([column, count]) =>
      `${table}: column ${JSON.stringify(column)}: ${plural(count, 'row')} with categories that training had not, or rarely`,
  );
