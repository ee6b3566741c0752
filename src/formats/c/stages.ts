/**
 * A graph as the stages of a C program: which function each operation is, on which types of values, and its constants.
 */
import type { Op } from '../../model/op.js';
import { quantiseRows } from '../../model/quantise.js';
import type { Chain } from '../runtime/predict.js';
import { directions, directionsBytes, directionsTableBytes } from './directions.js';
import * as c from './functions.js';
import { bytesOf, type CType, constantArray, doubleLiteral } from './literals.js';
import { moments } from './moments.js';
import * as ofTable from './table.js';

/** Values between two stages. */
export interface CValues {
  readonly type: CType;
  readonly count: number;
}

export interface Stage {
  /** In the order of their definitions; several stages may have the same. */
  readonly functions: readonly c.CFunction[];
  readonly constants: string;
  readonly constantBytes: number;
  /** Bytes on the stack besides the values. */
  readonly scratchBytes: number;
  readonly to: CValues;
  /** Whether the results may take the place of the values. */
  readonly inPlace: boolean;
  /** Statements; `x`, `y`: expressions of pointers to the values and the results. */
  call(x: string, y: string): string;
}

interface Made {
  readonly functions: readonly c.CFunction[];
  readonly arrays?: readonly {
    readonly type: CType;
    readonly name: string;
    readonly values: ArrayLike<number>;
  }[];
  readonly scratchBytes?: number;
  readonly tableBytes?: number;
  readonly to: CType;
  readonly count: number;
  readonly inPlace?: boolean;
  readonly call: (x: string, y: string) => string;
}

/** The stages up to the outputs. `isQuantised`: weights in 8 bits. */
export function stagesOf(
  { steps, values, inputs, outputSteps }: Chain,
  name: string,
  isQuantised: boolean,
): Stage[] {
  const ops = steps.slice(0, outputSteps).map(({ op }) => op);
  const lastRounding = ops.findLastIndex(
    ({ op }) => op === 'lookup' || op === 'moments' || op === 'fixedPoint',
  );
  const stages: Stage[] = [];
  let from: CValues = { type: values === 'uint8' ? 'uint8_t' : 'float', count: inputs };
  for (let n = 0; n < ops.length; n++) {
    const op = ops[n];
    const site = { from, name, id: `${name}_${n}`, shape: steps[n].shape, isExact: n < lastRounding };
    const joined = site.isExact ? null : joinedStage(op, ops[n + 1], site, isQuantised);
    const made = joined ?? stageOf(op, site, isQuantised && !site.isExact);
    if (joined !== null) n += 1;
    stages.push(finished(made));
    from = { type: made.to, count: made.count };
  }
  return stages;
}

const isInteger = (type: CType) => type === 'uint8_t' || type === 'uint16_t';

function finished({
  functions,
  arrays = [],
  scratchBytes = 0,
  tableBytes = 0,
  to,
  count,
  inPlace,
  call,
}: Made): Stage {
  return {
    functions,
    constants: arrays.map(({ type, name, values }) => constantArray(type, name, values)).join('\n'),
    constantBytes: arrays.reduce((sum, { type, values }) => sum + values.length * bytesOf[type], tableBytes),
    scratchBytes,
    to: { type: to, count },
    inPlace: inPlace === true,
    call,
  };
}

interface Site {
  readonly from: CValues;
  readonly name: string;
  /** Prefix of the constants. */
  readonly id: string;
  readonly shape: readonly number[];
  /** Whether the operation is computed in double, because a later one rounds. */
  readonly isExact: boolean;
}

function stageOf(op: Op, site: Site, isQuantised: boolean): Made {
  const { from, name, id, shape, isExact } = site;
  const { type, count } = from;
  const [rows, columns] = shape;
  const real = isExact ? 'double' : 'float';
  switch (op.op) {
    case 'lookup': {
      const does = c.lookup(name);
      const table = { type: 'uint8_t', name: `${id}_table`, values: op.table } as const;
      const call = (x: string, y: string) => `${does.name}(${x}, ${table.name}, ${count}, ${y});`;
      return { functions: [does], arrays: [table], to: 'uint8_t', count, inPlace: true, call };
    }
    case 'moments': {
      const does = moments(name);
      const call = (x: string, y: string) => `${does.name}(${x}, ${rows}, ${columns}, ${y});`;
      return { functions: [does], to: 'uint8_t', count, call };
    }
    case 'crop': {
      const does = c.crop(name, type);
      const left = (rows - 2 * op.by) * (columns - 2 * op.by);
      const call = (x: string, y: string) => `${does.name}(${x}, ${op.by}, ${rows}, ${columns}, ${y});`;
      return { functions: [does], to: type, count: left, call };
    }
    case 'sumPool': {
      const to = type === 'uint8_t' ? 'uint16_t' : type === 'double' ? 'double' : 'float';
      const does = c.sumPool(name, type, to);
      const call = (x: string, y: string) => `${does.name}(${x}, ${rows}, ${columns}, ${y});`;
      return { functions: [does], to, count: (rows >> 1) * (columns >> 1), call };
    }
    case 'affine': {
      const does = c.affine(name, type, real, real, op.scale.length === 1);
      const arrays = [
        { type: real, name: `${id}_scale`, values: op.scale },
        { type: real, name: `${id}_shift`, values: op.shift },
      ] as const;
      const call = (x: string, y: string) => `${does.name}(${x}, ${id}_scale, ${id}_shift, ${count}, ${y});`;
      return { functions: [does], arrays, to: real, count, inPlace: type === real, call };
    }
    case 'fixedPoint': {
      const does = c.fixedPoint(name, type);
      const [step, bound] = [doubleLiteral(op.step), doubleLiteral(op.bound)];
      const call = (x: string, y: string) => `${does.name}(${x}, ${step}, ${bound}, ${count}, ${y});`;
      return { functions: [does], to: 'float', count, inPlace: type === 'float', call };
    }
    case 'directions': {
      const does = directions(name, op.drawing);
      const bytes = {
        scratchBytes: directionsBytes(op.drawing),
        tableBytes: directionsTableBytes(op.drawing),
      };
      const call = (x: string, y: string) => `${does.name}(${x}, ${y});`;
      return { functions: [does], ...bytes, to: 'float', count: 8 * op.drawing.pool ** 2, call };
    }
    case 'products': {
      const project = c.dense(name, type, 'float', 'float');
      const does = c.products(name, type, project);
      const { components } = op;
      const arrays = (['weight', 'bias', 'mean'] as const).map((what) => ({
        ...{ type: 'float' as const, name: `${id}_${what}`, values: op[what] },
      }));
      const call = (x: string, y: string) =>
        `{
        float p[${components}];
        ${does.name}(${x}, ${id}_weight, ${id}_bias, ${id}_mean, ${count}, ${components}, p, ${y});
    }`;
      const results = count + (components * (components + 1)) / 2;
      return {
        functions: [project, does],
        arrays,
        scratchBytes: 4 * components,
        to: 'float',
        count: results,
        call,
      };
    }
    case 'dense':
      return denseStage(op, site, isQuantised);
    case 'fields': {
      const does = ofTable.fields(name, op);
      const results = op.columns.length;
      const call = (x: string, y: string) => `${does.name}(${x}, ${results}, ${y});`;
      return { functions: [does], tableBytes: ofTable.fieldsBytes(op), to: 'float', count: results, call };
    }
    case 'expand': {
      const does = ofTable.expand(name);
      const table = { type: 'float', name: `${id}_blocks`, values: ofTable.expandTable(op) } as const;
      const call = (x: string, y: string) => `${does.name}(${x}, ${table.name}, ${y});`;
      return { functions: [does], arrays: [table], to: 'float', count: op.width, call };
    }
    case 'exp': {
      const does = ofTable.exponential(name);
      const which = { type: 'uint8_t', name: `${id}_which`, values: op.which } as const;
      const call = (x: string, y: string) => `${does.name}(${x}, ${which.name}, ${count}, ${y});`;
      return { functions: [does], arrays: [which], to: 'float', count, inPlace: true, call };
    }
    case 'relu':
    case 'tanh':
    case 'gelu':
    case 'sigmoid': {
      const does = c.activations[op.op](name, type, real);
      const call = (x: string, y: string) => `${does.name}(${x}, ${count}, ${y});`;
      return { functions: [does], to: real, count, inPlace: type === real, call };
    }
    default:
      throw new Error(`${op.op} before the outputs`);
  }
}

type Dense = Extract<Op, { readonly op: 'dense' }>;
type Affine = Extract<Op, { readonly op: 'affine' }>;

function denseStage(
  { inputs, outputs, weight, bias }: Dense,
  { from, name, id, isExact }: Site,
  isQuantised: boolean,
): Made {
  const to = isExact ? 'double' : 'float';
  // Weights of a normalisation are float32, computed with in double.
  const stored = isQuantised ? 'int8_t' : weight.every(isFloat) ? 'float' : to;
  const isTiled = isInteger(from.type) && stored === 'float' && to === 'float';
  const does = isTiled ? c.denseTiled(name, from.type) : c.dense(name, from.type, stored, to);
  const rows = quantised(weight, outputs, inputs, isQuantised);
  const arrays = [
    { type: stored, name: `${id}_weight`, values: rows?.values ?? weight },
    ...(rows === null ? [] : [{ type: 'float' as const, name: `${id}_scale`, values: rows.scales }]),
    { type: to, name: `${id}_bias`, values: bias },
  ] as const;
  const scale = isQuantised ? `${id}_scale, ` : '';
  const call = (x: string, y: string) =>
    `${does.name}(${x}, ${id}_weight, ${scale}${id}_bias, ${inputs}, ${outputs}, ${y});`;
  return { functions: [does], arrays, scratchBytes: isTiled ? c.tileBytes : 0, to, count: outputs, call };
}

const isFloat = (value: number) => Math.fround(value) === value;

const quantised = (weight: ArrayLike<number>, outputs: number, inputs: number, isQuantised: boolean) =>
  isQuantised ? quantiseRows(Float32Array.from(weight), outputs, inputs) : null;

/** One stage for a map and the layer after it; null for other operations. */
function joinedStage(op: Op, next: Op | undefined, site: Site, isQuantised: boolean): Made | null {
  if (op.op !== 'affine' || next?.op !== 'dense') return null;
  if (!isQuantised) return denseStage(folded(next, op), site, false);
  return isInteger(site.from.type) && op.scale.length === 1 ? denseOnIntegers(site, next, op) : null;
}

/** W (scale · x − shift) + b = (W scale) x + (b − W shift). */
function folded({ op, inputs, outputs, weight, bias }: Dense, { scale, shift }: Affine): Dense {
  const one = scale.length === 1;
  const scaled = Float32Array.from(weight, (value, at) => value * scale[one ? 0 : at % inputs]);
  const moved = Float32Array.from(bias, (value, o) => {
    let sum = 0;
    for (let i = 0; i < inputs; i++) sum += weight[o * inputs + i] * shift[i];
    return value - sum;
  });
  return { op, inputs, outputs, weight: scaled, bias: moved };
}

/** The same with integers: scale · (W x) + (b − W shift), of which W x is a sum of integers. */
function denseOnIntegers(
  { from, name, id }: Site,
  { inputs, outputs, weight, bias }: Dense,
  { scale, shift }: Affine,
): Made {
  const { values, scales } = quantiseRows(Float32Array.from(weight), outputs, inputs);
  const most = from.type === 'uint8_t' ? 255 : 65535;
  const does = c.denseIntegers(name, from.type, most * 127 * inputs < 2 ** 31 ? 'int32_t' : 'int64_t');
  const folded = Float32Array.from(bias, (value, o) => {
    let sum = 0;
    for (let i = 0; i < inputs; i++) sum += values[o * inputs + i] * shift[i];
    return value - scales[o] * sum;
  });
  const arrays = [
    { type: 'int8_t', name: `${id}_weight`, values },
    { type: 'float', name: `${id}_scale`, values: scales.map((value) => value * scale[0]) },
    { type: 'float', name: `${id}_bias`, values: folded },
  ] as const;
  const call = (x: string, y: string) =>
    `${does.name}(${x}, ${id}_weight, ${id}_scale, ${id}_bias, ${inputs}, ${outputs}, ${y});`;
  return { functions: [does], arrays, to: 'float', count: outputs, call };
}
