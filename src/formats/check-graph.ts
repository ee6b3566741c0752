/** Whether a graph makes sense: each operation fits the values that reach it, and every number is finite. */
import { type BlockOp, blockTable, isSound } from '../kernels/expansion.js';
import { type Graph, type Op, type OutputKind, shapeAfter } from '../model/op.js';
import { sizeOf } from '../numbers/size.js';
import { expectedGot, UserError } from '../user-error.js';

/** The most values of a sample, or of the result of an operation. */
const mostValues = 2 ** 24;
export const mostOps = 256;

/** What the kernels support, and so the operation. */
const grids = [12, 16, 20];
const pools = [4, 5];
const directionsSide = 28;

/** @throws UserError naming the operation; `source` names the graph in messages. */
export function checkGraph(graph: Graph, source: string): void {
  const { input, values, labels, ops, probabilities, kind = 'class', columns } = graph;
  const demand = (holds: boolean, what: string, expected: string, got: unknown) => {
    if (!holds) throw new UserError(`${source}: ${what}: ${expectedGot(expected, got)}`);
  };
  demand(
    input.length > 0 && input.every(isCount) && sizeOf(input) <= mostValues,
    'input',
    `sizes of 1 to ${mostValues} values`,
    [...input],
  );
  demand(labels.length > 0, 'labels', 'at least one class', 0);
  if (columns !== undefined)
    demand(input.join() === String(columns.length), 'columns', `${sizeOf(input)} columns`, columns.length);
  demand(ops.length + probabilities.length <= mostOps, 'ops', `at most ${mostOps} operations`, ops.length);
  let site: Site = { shape: input, isBytes: values === 'uint8' };
  for (const [n, op] of ops.entries()) {
    const what = `ops[${n}] (${op.op})`;
    demand(!endings.has(op.op), what, 'an operation before probabilities', op.op);
    const refusal = refusalOf(op, site);
    if (refusal !== null) demand(false, what, refusal.expected, refusal.got);
    site = { shape: shapeAfter(op, site.shape), isBytes: site.isBytes && keepsBytes.has(op.op) };
    demand(sizeOf(site.shape) <= mostValues, what, `at most ${mostValues} results`, sizeOf(site.shape));
  }
  const outputs = sizeOf(site.shape);
  demand(outputs === labels.length, 'labels', `${outputs}, one for each output`, labels.length);
  const ends = probabilities.map(({ op }) => op);
  const expected = endingsOf[kind];
  const fits = expected.length === 0 ? ends.length === 0 : ends.length === 1 && expected.includes(ends[0]);
  const words = expected.length === 0 ? 'no operation' : `${expected.join(' or ')}, one operation`;
  demand(fits, 'probabilities', words, ends);
}

interface Site {
  readonly shape: readonly number[];
  /** Integers from 0 to 255. */
  readonly isBytes: boolean;
}

interface Refusal {
  readonly expected: string;
  readonly got: unknown;
}

const endingsOf: Readonly<Record<OutputKind, readonly Op['op'][]>> = {
  class: ['softmax', 'shares'],
  labels: ['sigmoid'],
  value: [],
};
const endings: ReadonlySet<Op['op']> = new Set(['softmax', 'shares']);
const keepsBytes: ReadonlySet<Op['op']> = new Set(['lookup', 'moments', 'crop']);

const isCount = (value: number) => Number.isInteger(value) && value >= 1 && value <= mostValues;
const isGrey = ({ shape }: Site) => shape.length === 3 && shape[2] === 1;

/** Null if the operation fits. */
function refusalOf(op: Op, site: Site): Refusal | null {
  const width = sizeOf(site.shape);
  const kind = site.isBytes ? 'bytes' : 'numbers';
  switch (op.op) {
    case 'lookup':
      if (!site.isBytes) return { expected: 'integers from 0 to 255', got: kind };
      return wrongLength('table', op.table, 256);
    case 'moments':
      if (!isGrey(site)) return { expected: 'a grey image', got: site.shape };
      return site.isBytes ? null : { expected: 'integers from 0 to 255', got: kind };
    case 'crop': {
      const least = Math.min(site.shape[0], site.shape[1]) - 2 * op.by;
      if (!isGrey(site)) return { expected: 'a grey image', got: site.shape };
      return isCount(op.by) && least >= 1 ? null : { expected: 'a margin within the image', got: op.by };
    }
    case 'sumPool':
      return isGrey(site) && Math.min(site.shape[0], site.shape[1]) >= 2
        ? null
        : { expected: 'a grey image of at least 2×2', got: site.shape };
    case 'affine':
      return (
        (op.scale.length === 1 ? null : wrongLength('scale', op.scale, width)) ??
        wrongLength('shift', op.shift, width) ??
        notFinite('scale', op.scale) ??
        notFinite('shift', op.shift)
      );
    case 'fixedPoint':
      if (!(op.step > 0 && op.step < Number.POSITIVE_INFINITY))
        return { expected: 'a step above 0', got: op.step };
      return Number.isFinite(op.bound) ? null : { expected: 'a finite bound', got: op.bound };
    case 'fields':
      return op.columns.every((at) => Number.isInteger(at) && at >= 0 && at < width)
        ? wrongLength('parts', op.parts, op.columns.length)
        : { expected: `places of ${width} columns`, got: op.columns };
    case 'expand':
      return expandRefusal(op, width);
    case 'exp':
      return wrongLength('which', op.which, width);
    case 'directions':
      return directionsRefusal(op.drawing, site);
    case 'products':
      if (!(isCount(op.components) && op.components <= 4096))
        return { expected: '1 to 4096 components', got: op.components };
      return (
        wrongLength('mean', op.mean, (op.components * (op.components + 1)) / 2) ??
        notFinite('mean', op.mean) ??
        matrixRefusal(op, op.components, width)
      );
    case 'dense':
      if (op.inputs !== width) return { expected: `${width} inputs`, got: op.inputs };
      if (!isCount(op.outputs)) return { expected: `1 to ${mostValues} outputs`, got: op.outputs };
      return matrixRefusal(op, op.outputs, width);
    default:
      return null;
  }
}

type Linear = Extract<Op, { readonly op: 'dense' | 'products' }>;

const matrixRefusal = ({ weight, bias }: Linear, outputs: number, inputs: number) =>
  wrongLength('weight', weight, outputs * inputs) ??
  wrongLength('bias', bias, outputs) ??
  notFinite('weight', weight) ??
  notFinite('bias', bias);

function expandRefusal(
  { fields, width, blocks }: Extract<Op, { op: 'expand' }>,
  given: number,
): Refusal | null {
  if (fields !== given) return { expected: `${given} fields`, got: fields };
  if (!isCount(width)) return { expected: `1 to ${mostValues} inputs`, got: width };
  const floats = blocks.map(({ op, tensors, count }) => ({ op, count, of: tensors.map((t) => t.length) }));
  const isWhole = floats.every(({ op, count, of }) => of.join() === tensorSizes(op, count).join());
  return isWhole && isSound(blockTable(blocks, fields, width))
    ? null
    : { expected: `blocks from ${fields} fields to ${width} inputs`, got: floats };
}

function tensorSizes(op: BlockOp, count: number): number[] {
  if (op === 'curve') return [count, count];
  if (op === 'bins') return [count + 1];
  return op === 'periodic' ? [count] : [];
}

function directionsRefusal(
  { grid, pool, size }: Extract<Op, { op: 'directions' }>['drawing'],
  { shape, isBytes }: Site,
): Refusal | null {
  const side = directionsSide;
  if (shape.join() !== `${side},${side},1` || !isBytes)
    return { expected: `a grey image of ${side}×${side} integers from 0 to 255`, got: shape };
  if (!grids.includes(grid)) return { expected: `a grid of ${grids.join(', ')}`, got: grid };
  if (!pools.includes(pool)) return { expected: `a pool of ${pools.join(', ')}`, got: pool };
  return size >= 0.01 && size <= 1 ? null : { expected: 'a size from 0.01 to 1', got: size };
}

const wrongLength = (name: string, values: { readonly length: number }, length: number): Refusal | null =>
  values.length === length ? null : { expected: `${length} values of ${name}`, got: values.length };

function notFinite(name: string, values: Float32Array | Float64Array): Refusal | null {
  const at = values.findIndex((value) => !Number.isFinite(value));
  return at < 0 ? null : { expected: `finite values of ${name}`, got: values[at] };
}
