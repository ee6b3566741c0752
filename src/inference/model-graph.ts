/** A model as primitive operations: from the values of a sample to probabilities. */
import { namesOf } from '../data/target.js';
import type { Pipeline } from '../data/transforms/pipeline.js';
import { sizeOf } from '../data/transforms/transform.js';
import { type DirectionShape, directionShape } from '../kernels/directions/spec.js';
import { lossOf } from '../loss/loss.js';
import { shortcutName } from '../model/layers/shortcut.js';
import { denseNetwork, layerTensors, layoutNetwork } from '../model/network.js';
import type { Graph, InputColumn, Op, OutputKind } from '../model/op.js';
import { findTensor } from '../model/parameters.js';
import type { Tensor } from '../model/safetensors.js';
import type { ColumnSchema } from '../tables/schema.js';
import type { TableModel } from '../tables/training/table-model.js';
import { ExitCode, UserError } from '../user-error.js';
import type { SavedModel } from './saved-model.js';
import { withinChain } from './shortcut-in-chain.js';

/** @throws UserError if a tensor is missing or does not fit. */
export function graphOf(saved: SavedModel): Graph {
  refuseAverages(saved);
  const { config, pipeline, facts, table, target, scale, tensors, source } = saved;
  const { data, model, loss } = config;
  const seesDirections = data.features.kind === 'directions';
  const shape = directionShape(data.features);
  const inputs = seesDirections ? shape.inputs : sizeOf(pipeline.output);
  const network = denseNetwork([inputs, ...model.hidden, facts.outputs]);
  const chain = layoutNetwork(network, 'matrix').flatMap((layout, index): Op[] => {
    const named = (name: string, size: number[]) =>
      findTensor(tensors, `${layout.name}.${name}`, size, source);
    const ops = layerTensors[layout.kind].describe(layout, named);
    return index + 1 === network.length ? ops : [...ops, { op: model.activation }];
  });
  const beside = [facts.outputs, inputs];
  const layers = model.shortcut
    ? withinChain(chain, findTensor(tensors, `${shortcutName}.weight`, beside, source), source)
    : chain;
  const before = seesDirections ? directionOps(pipeline, shape, tensors, source) : pipeline.describe();
  const kind = outputKindOf(saved);
  const rows = table && rowsOf(table, source);
  return {
    ...(kind === 'class' ? {} : { kind }),
    ...(rows === null ? {} : { columns: rows.columns, otherColumns: rows.otherColumns }),
    input: rows === null ? pipeline.input : [rows.columns.length],
    values: pipeline.values,
    labels: namesOf(target),
    ops: [
      ...(rows === null ? [] : rows.ops),
      ...before,
      ...layers,
      ...(kind === 'value' ? (scale?.describe() ?? []) : []),
    ],
    probabilities: lossOf(loss, facts.target).describe(),
  };
}

/** No format has several networks. @throws UserError */
function refuseAverages({ config, source }: SavedModel): void {
  if (config.model.members > 1)
    throw new UserError(
      `${source}: an average of ${config.model.members} networks, which no export format has but safetensors`,
      ExitCode.usage,
    );
}

export function outputKindOf({ target, config }: SavedModel): OutputKind {
  if (target.kind === 'class') return 'class';
  return config.loss.name === 'binary-cross-entropy' ? 'labels' : 'value';
}

/** The columns of a table that a network sees, in their order. */
export const inputColumns = ({ encoder: { columns, targets } }: TableModel): readonly ColumnSchema[] =>
  columns.filter(({ name, type }) => type !== 'ignore' && !targets.includes(name));

/**
 * The columns that a row is given by, and what makes a stored row of them.
 * @throws UserError for a table with texts.
 */
function rowsOf(table: TableModel, source: string) {
  const { fields, categories } = table.encoder;
  const columns = inputColumns(table).map(({ name, type, words, number, date }): InputColumn => {
    if (type === 'text' || type === 'ignore')
      throw new UserError(
        `${source}: column ${JSON.stringify(name)} holds texts, which no export format has but safetensors`,
        ExitCode.usage,
      );
    return {
      ...{ name, type },
      ...(type === 'category' ? { categories: Object.hasOwn(categories, name) ? categories[name] : [] } : {}),
      ...(type === 'yes/no' && words !== undefined ? { words } : {}),
      ...(type === 'number' && number !== undefined ? { number } : {}),
      ...(type === 'date' ? { date: date ?? 'year-first' } : {}),
    };
  });
  const places = fields.map(({ column }) => columns.findIndex(({ name }) => name === column));
  const isAsGiven =
    fields.length === columns.length &&
    fields.every(({ part }, field) => part === 'value' && places[field] === field);
  const ops: Op[] = isAsGiven
    ? []
    : [{ op: 'fields', columns: places, parts: fields.map(({ part }) => part) }];
  const known = new Set(columns.map(({ name }) => name));
  const otherColumns = table.encoder.columns.flatMap(({ name }) => (known.has(name) ? [] : [name]));
  return { columns, otherColumns, ops };
}

/** The tensors of TransformTensors. The pipeline's own affine map does not reach the images. */
function directionOps(
  pipeline: Pipeline,
  shape: DirectionShape,
  tensors: ReadonlyMap<string, Tensor>,
  source: string,
): Op[] {
  const { features: F, components: K, grid, pool, size, aspect, allRows, sobel } = shape;
  const named = (name: string, of: number[]) => findTensor(tensors, name, of, source);
  const scale = named('features.scale', [1]);
  const mean = named('features.mean', [F]);
  const drawing = { grid, pool, size, aspect, allRows, sobel };
  const before: Op[] = [
    ...pipeline.describe().filter(({ op }) => op === 'lookup'),
    { op: 'directions', drawing },
  ];
  if (K === 0) return [...before, { op: 'affine', scale, shift: mean.map((value) => value * scale[0]) }];
  const products = (K * (K + 1)) / 2;
  // Components are of features as drawn: the products come before the features are standardised.
  const scales = new Float32Array(F + products).fill(1).fill(scale[0], 0, F);
  const shift = new Float32Array(F + products);
  mean.forEach((value, f) => {
    shift[f] = value * scale[0];
  });
  return [
    ...before,
    {
      ...{ op: 'products', components: K },
      weight: named('components.weight', [K, F]),
      bias: named('components.bias', [K]),
      mean: named('products.mean', [products]),
    },
    { op: 'affine', scale: scales, shift },
  ];
}
