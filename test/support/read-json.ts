/** Reads a graph from JSON. It never evaluates code, and checks everything. */
import * as z from 'zod';
import { checkGraph, mostOps } from '../../dist/formats/check-graph.js';
import { graphFormat, graphVersion } from '../../dist/formats/json.js';
import { decodeNumbers } from '../../dist/formats/numbers-text.js';
import type { Graph, Op } from '../../dist/model/op.js';
import { ExitCode, UserError } from '../../dist/user-error.js';

/** Texts above it are refused unread. */
const mostCharacters = 2 ** 28;

const numbers = z
  .union([
    z.array(z.number()),
    z.strictObject({ type: z.enum(['uint8', 'float32', 'float64']), base64: z.string() }),
  ])
  .transform((given, context) => {
    if (Array.isArray(given)) return Float64Array.from(given);
    const { type, base64 } = given;
    const size = { uint8: 1, float32: 4, float64: 8 }[type];
    try {
      const bytes = decodeNumbers('uint8', base64);
      if (bytes.length % size === 0) return decodeNumbers(type, base64);
      context.addIssue(`expected whole ${type} values, got ${bytes.length} bytes`);
    } catch {
      context.addIssue('expected base64');
    }
    return z.NEVER;
  });

/** As float32 if they are; lists and float64 stay float64. */
const floats = numbers.transform((values) =>
  values instanceof Uint8Array ? Float32Array.from(values) : values,
);

const bytes = numbers.transform((values, context) => {
  if (values.every((value) => Number.isInteger(value) && value >= 0 && value <= 255))
    return Uint8Array.from(values);
  context.addIssue('expected integers from 0 to 255');
  return z.NEVER;
});

const drawing = z.strictObject({
  grid: z.number(),
  pool: z.number(),
  size: z.number(),
  aspect: z.boolean(),
  allRows: z.boolean(),
  sobel: z.boolean(),
});

const part = z.enum(['value', 'year', 'week', 'day']);

const block = z.strictObject({
  op: z.enum(['linear', 'curve', 'bins', 'cycle', 'periodic', 'one-hot', 'missing']),
  ...{ field: z.number(), at: z.number(), count: z.number(), fill: z.number() },
  ...{ parameters: z.tuple([z.number(), z.number()]), tensors: z.array(floats) },
});

const column = z.strictObject({
  name: z.string(),
  type: z.enum(['number', 'category', 'yes/no', 'date']),
  categories: z.array(z.string()).optional(),
  words: z.tuple([z.string(), z.string()]).optional(),
  number: z
    .strictObject({
      decimal: z.enum(['.', ',']),
      thousands: z.enum(['', ',', '.', ' ', "'"]),
      unit: z.string(),
    })
    .optional(),
  date: z.string().optional(),
});

const linear = { weight: floats, bias: floats };

const anyOp = z.discriminatedUnion('op', [
  z.strictObject({ op: z.literal('lookup'), table: bytes }),
  z.strictObject({ op: z.literal('crop'), by: z.number() }),
  z.strictObject({ op: z.literal('affine'), scale: floats, shift: floats }),
  z.strictObject({ op: z.literal('fixedPoint'), step: z.number(), bound: z.number() }),
  z.strictObject({ op: z.literal('directions'), drawing }),
  z.strictObject({ op: z.literal('products'), components: z.number(), ...linear, mean: floats }),
  z.strictObject({ op: z.literal('dense'), inputs: z.number(), outputs: z.number(), ...linear }),
  z.strictObject({ op: z.literal('fields'), columns: z.array(z.number()), parts: z.array(part) }),
  z.strictObject({
    ...{ op: z.literal('expand'), fields: z.number(), width: z.number() },
    blocks: z.array(block),
  }),
  z.strictObject({ op: z.literal('exp'), which: bytes }),
  z.strictObject({
    op: z.enum(['moments', 'sumPool', 'relu', 'tanh', 'gelu', 'sigmoid', 'softmax', 'shares']),
  }),
]);

const ops = z.array(anyOp).max(mostOps);

const file = z.strictObject({
  format: z.literal(graphFormat),
  version: z.literal(graphVersion),
  kind: z.enum(['value', 'labels']).optional(),
  columns: z.array(column).optional(),
  otherColumns: z.array(z.string()).optional(),
  input: z.array(z.number()).max(16),
  values: z.enum(['uint8', 'float32']),
  labels: z.array(z.string()),
  ops,
  probabilities: ops,
});

/** @throws UserError (exit 1) for anything but a graph that makes sense. `source` names the text in messages. */
export function fromJson(text: string, source = 'JSON'): Graph {
  if (text.length > mostCharacters)
    throw new UserError(`${source}: expected at most ${mostCharacters} characters, got ${text.length}`);
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch (cause) {
    throw new UserError(`${source}: expected JSON: ${messageOf(cause)}`, ExitCode.failure, { cause });
  }
  const newer = Object(given).version;
  if (Object(given).format === graphFormat && typeof newer === 'number' && newer > graphVersion)
    throw new UserError(`${source}: version: expected a number up to ${graphVersion}, got ${newer}`);
  const parsed = file.safeParse(given, { reportInput: false });
  if (!parsed.success) {
    const [{ path, message }] = parsed.error.issues;
    throw new UserError(`${source}: ${path.map(String).join('.') || 'the file'}: ${oneLine(message)}`);
  }
  const { kind, columns, otherColumns, input, values, labels, ops, probabilities } = parsed.data;
  const table = columns === undefined ? {} : { columns, otherColumns: otherColumns ?? [] };
  const own = { ...(kind === undefined ? {} : { kind }), ...table };
  const graph: Graph = {
    ...(own as Partial<Graph>),
    input,
    values,
    labels,
    ops: ops as Op[],
    probabilities: probabilities as Op[],
  };
  checkGraph(graph, source);
  return graph;
}

const messageOf = (cause: unknown) => oneLine(cause instanceof Error ? cause.message : String(cause));

/** Messages quote the text, which may be long. */
const oneLine = (text: string) => text.replace(/\s+/g, ' ').slice(0, 200);
