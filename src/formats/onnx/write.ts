/**
 * The ONNX format (onnx.ai): a model from raw values to logits and probabilities, everything in between inside. Values
 * come as they are stored, `uint8` or `float32`: a uint8 input takes a decoded picture as it is, and a runtime refuses
 * pixels that were scaled from 0 to 1, which a float32 input would take silently.
 */
import { type Graph, type Op, shapeAfter } from '../../model/op.js';
import { sizeOf } from '../../numbers/size.js';
import { UserError } from '../../user-error.js';
import { type ElementType, ModelBuilder } from './builder.js';
import { drawDirections } from './directions.js';
import { Expressions, type Precision } from './lowering.js';
import { redraw } from './moments.js';
import { columnsKey } from './own.js';
import { Element } from './schema.js';
import { expandRows, exponential, pickFields } from './table.js';

export interface OnnxOptions {
  /** Version of this program. */
  readonly version: string;
  /** Name of the graph. */
  readonly name?: string;
  readonly metadata?: Readonly<Record<string, string>>;
}

/** Size of the first axis, which is known when the model is run. */
const batch = 'N';

/** Protocol buffers have lengths up to 2 GB. */
const mostBytes = 2 ** 31 - 1;

/** @throws UserError for a model of more than 2 GB. */
export function toOnnx(graph: Graph, { version, name = 'model', metadata = {} }: OnnxOptions): Uint8Array {
  const builder = new ModelBuilder();
  const { input, values, labels, ops } = graph;
  const element: ElementType = values === 'uint8' ? 'uint8' : 'float';
  let at: Place = {
    value: builder.input('input', element, [batch, ...input]),
    element,
    shape: input,
    isFlat: input.length === 1,
  };
  const lastRounding = ops.findLastIndex(({ op }) => rounding.includes(op));
  for (const [index, op] of ops.entries()) {
    // The last rounding operation itself may be followed by float32: what it gives are integers.
    const e = new Expressions(builder, index <= lastRounding ? 'double' : 'float');
    at = lower(e, at, op, index === lastRounding && op.op === 'lookup');
  }
  addOutputs(builder, graph, at);
  const { kind = 'class', columns } = graph;
  const entries = Object.entries({
    ...metadata,
    ...(kind === 'class' ? { labels: JSON.stringify(labels) } : {}),
    ...(columns === undefined ? {} : { [columnsKey]: JSON.stringify(columns) }),
  });
  const sorted = new Map(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
  const bytes = builder.finish(
    name,
    kind === 'value' ? 'Raw values in, values out.' : 'Raw values in, logits and probabilities out.',
    version,
    sorted,
  );
  if (bytes.length > mostBytes)
    throw new UserError(`onnx: expected a model of at most 2 GB, got ${bytes.length} bytes`);
  return bytes;
}

/** `values`, or `logits` and `probabilities`. */
function addOutputs(
  builder: ModelBuilder,
  { kind = 'class', labels, probabilities }: Graph,
  at: Place,
): void {
  const e = new Expressions(builder, 'float');
  const shape = [batch, labels.length];
  const last = builder.node('Identity', [flat(e, at)], {}, kind === 'value' ? 'values' : 'logits');
  builder.output(last, 'float', shape);
  if (kind === 'value') return;
  let shares: Place = { value: last, element: 'float', shape: [labels.length], isFlat: true };
  for (const op of probabilities) shares = lower(e, shares, op, false);
  builder.output(builder.node('Identity', [shares.value], {}, 'probabilities'), 'float', shape);
}

/** Operations whose result depends on the precision of those before. */
const rounding: readonly Op['op'][] = ['lookup', 'moments', 'fixedPoint'];

interface Place {
  readonly value: string;
  readonly element: ElementType;
  /** Of a sample. */
  readonly shape: readonly number[];
  /** [N, product of the shape] instead of [N, …shape]. */
  readonly isFlat: boolean;
}

function inPrecision(e: Expressions, { value, element }: Place): string {
  return element === e.precision ? value : e.cast(value, Element[e.precision]);
}

function flat(e: Expressions, at: Place): string {
  const value = inPrecision(e, at);
  return at.isFlat ? value : e.reshape(value, [sizeOf(at.shape)]);
}

/** [N, rows, columns] of a grey image. */
function image(e: Expressions, at: Place): string {
  return e.reshape(inPrecision(e, at), at.shape.slice(0, 2));
}

function lower(e: Expressions, at: Place, op: Op, isLastRounding: boolean): Place {
  const shape = shapeAfter(op, at.shape);
  const given = { element: e.precision, shape, isFlat: true };
  switch (op.op) {
    case 'lookup': {
      const element: Precision = isLastRounding ? 'float' : 'double';
      const table = new Expressions(e.builder, element).array('table', [256], op.table);
      const index = at.element === 'int64' ? at.value : e.cast(at.value, Element.int64);
      return { ...at, value: e.node('Gather', [table, index]), element };
    }
    case 'moments':
      return { ...given, value: redraw(e, flat(e, at), at.shape[0], at.shape[1]) };
    case 'crop':
      return { ...given, value: cropped(e, at, op.by, shape) };
    case 'sumPool':
      return { ...given, value: pooled(e, at, shape) };
    case 'affine':
      return { ...given, value: mapped(e, flat(e, at), op.scale, op.shift) };
    case 'fixedPoint': {
      const { step, bound } = op;
      const units = e.floor(e.add(e.div(e.add(flat(e, at), bound), step), 0.5));
      return { ...given, value: e.sub(e.mul(e.clip(units, 0, 65_535), step), bound) };
    }
    case 'directions':
      return { ...given, value: drawDirections(e, flat(e, at), op.drawing) };
    case 'products':
      return { ...given, value: multiplied(e, flat(e, at), op, sizeOf(at.shape)) };
    case 'dense':
      return { ...given, value: multiply(e, flat(e, at), op, 'layer') };
    case 'fields':
      return { ...given, value: pickFields(e, flat(e, at), op) };
    case 'expand':
      return { ...given, value: expandRows(e, flat(e, at), op) };
    case 'exp':
      return { ...given, value: exponential(e, flat(e, at), op) };
    default:
      return { ...given, value: activated(e, flat(e, at), op.op, sizeOf(shape)) };
  }
}

type OpOf<Name extends Op['op']> = Extract<Op, { readonly op: Name }>;

function cropped(e: Expressions, at: Place, by: number, [rows, columns]: readonly number[]): string {
  const int64 = (...list: number[]) => e.builder.constant('int64', list);
  const bounds = [int64(by, by), int64(by + rows, by + columns), int64(1, 2)];
  return e.reshape(e.node('Slice', [image(e, at), ...bounds]), [rows * columns]);
}

/** An odd last row or column is left out. */
function pooled(e: Expressions, at: Place, [rows, columns]: readonly number[]): string {
  const int64 = (...list: number[]) => e.builder.constant('int64', list);
  const isEven = at.shape[0] === 2 * rows && at.shape[1] === 2 * columns;
  const even = isEven
    ? image(e, at)
    : e.node('Slice', [image(e, at), int64(0, 0), int64(2 * rows, 2 * columns), int64(1, 2)]);
  const blocks = e.reshape(even, [rows, 2, columns, 2]);
  return e.reshape(e.sum(blocks, [2, 4], false), [rows * columns]);
}

function mapped(e: Expressions, value: string, scale: ArrayLike<number>, shift: ArrayLike<number>): string {
  const isOne = Array.prototype.every.call(scale, (each: number) => each === 1);
  const scaled = isOne ? value : e.mul(value, e.array('scale', [scale.length], scale));
  if (Array.prototype.every.call(shift, (each: number) => each === 0)) return scaled;
  return e.sub(scaled, e.array('shift', [shift.length], shift));
}

type Linear = Pick<OpOf<'dense'>, 'weight' | 'bias' | 'outputs' | 'inputs'>;

function multiply(
  e: Expressions,
  value: string,
  { inputs, outputs, weight, bias }: Linear,
  name: string,
): string {
  const matrix = e.array(`${name}_weight`, [outputs, inputs], weight);
  return e.node('Gemm', [value, matrix, e.array(`${name}_bias`, [outputs], bias)], { transB: 1 });
}

function multiplied(e: Expressions, value: string, op: OpOf<'products'>, inputs: number): string {
  const { components: K, weight, bias, mean } = op;
  const parts = multiply(e, value, { inputs, outputs: K, weight, bias }, 'components');
  const pairs = Array.from({ length: K }, (_, i) =>
    Array.from({ length: K - i }, (__, j) => [i, i + j]),
  ).flat();
  const chosen = (which: 0 | 1) =>
    e.node(
      'Gather',
      [
        parts,
        e.builder.constant(
          'int64',
          pairs.map((pair) => pair[which]),
        ),
      ],
      { axis: 1 },
    );
  const products = e.sub(e.mul(chosen(0), chosen(1)), e.array('products_mean', [mean.length], mean));
  return e.node('Concat', [value, products], { axis: 1 });
}

function activated(
  e: Expressions,
  x: string,
  kind: 'relu' | 'tanh' | 'gelu' | 'sigmoid' | 'softmax' | 'shares',
  width: number,
): string {
  switch (kind) {
    case 'relu':
      return e.node('Relu', [x]);
    case 'tanh':
      return e.node('Tanh', [x]);
    case 'sigmoid':
      return e.node('Sigmoid', [x]);
    case 'gelu': {
      const inner = e.mul(e.add(x, e.mul(e.mul(e.mul(x, x), x), 0.044_715)), Math.sqrt(2 / Math.PI));
      return e.mul(e.mul(x, 0.5), e.add(e.node('Tanh', [inner]), 1));
    }
    case 'softmax':
      return e.node('Softmax', [x], { axis: 1 });
    case 'shares': {
      const positive = e.node('Relu', [x]);
      const sum = e.sum(positive, [1], true);
      const isAny = e.node('Greater', [sum, 0]);
      return e.node('Where', [isAny, e.div(positive, e.node('Where', [isAny, sum, 1])), 1 / width]);
    }
  }
}
