/** Blocks: how the numbers of a stored row become the inputs of a network. What they compute: `kernels/expansion.ts`. */
import { blockTable, expandStored, noTexts, type TableBlock, type TextSizes } from '../kernels/expansion.js';
import type { DatePart } from './dates-in-cells.js';

/** A number of the stored row: a column, or a part of a date. */
export interface Field {
  readonly column: string;
  readonly part: DatePart;
  /** Taken for a missing value by every block but those of categories and missing flags. */
  readonly fill: number;
}

/** Inputs made of one field. `at`: the first of them. Tensors are f32. */
export type Block =
  /** 1 input: (x − shift) · scale. */
  | {
      readonly op: 'linear';
      readonly field: number;
      readonly at: number;
      readonly shift: number;
      readonly scale: number;
    }
  /** 1 input: linear between the points (x[i], y[i]), constant beyond them. */
  | {
      readonly op: 'curve';
      readonly field: number;
      readonly at: number;
      readonly x: Float32Array;
      readonly y: Float32Array;
    }
  /** edges − 1 inputs: how much of each range lies below x, 0 to 1 (Gorishniy et al. 2022, equation 1, with closed ends). */
  | { readonly op: 'bins'; readonly field: number; readonly at: number; readonly edges: Float32Array }
  /** 2 · frequencies inputs: the cosines of 2π f z, then the sines, where z = (x − shift) · scale. */
  | {
      readonly op: 'periodic';
      readonly field: number;
      readonly at: number;
      readonly shift: number;
      readonly scale: number;
      readonly frequencies: Float32Array;
    }
  /** 2 inputs: cosine and sine of 2π x / period. */
  | { readonly op: 'cycle'; readonly field: number; readonly at: number; readonly period: number }
  /**
   * One input a category: x is 0 for a rare or unknown one, else the number of the category from 1. The inputs for rare
   * and for missing ones follow, if training had such rows; else they are all 0.
   */
  | {
      readonly op: 'one-hot';
      readonly field: number;
      readonly at: number;
      readonly categories: number;
      readonly hasRare: boolean;
      readonly hasMissing: boolean;
    }
  /** 1 input: 1 if x is missing. */
  | { readonly op: 'missing'; readonly field: number; readonly at: number };

export function widthOf(block: Block): number {
  switch (block.op) {
    case 'linear':
    case 'curve':
    case 'missing':
      return 1;
    case 'cycle':
      return 2;
    case 'bins':
      return block.edges.length - 1;
    case 'periodic':
      return 2 * block.frequencies.length;
    case 'one-hot':
      return block.categories + (block.hasRare ? 1 : 0) + (block.hasMissing ? 1 : 0);
  }
}

/** For the kernels: see `kernels/expansion.ts`. */
export const tableOf = (
  blocks: readonly Block[],
  fields: readonly Field[],
  texts: TextSizes = noTexts,
): Float32Array =>
  blockTable(
    blocks.map((block): TableBlock => {
      const { op, field, at } = block;
      return { op, field, at, fill: fields[field].fill, ...partsOf(block) };
    }),
    fields.length,
    blocks.reduce((width, block) => width + widthOf(block), 0),
    texts,
  );

function partsOf(block: Block): Pick<TableBlock, 'count' | 'parameters' | 'tensors'> {
  switch (block.op) {
    case 'missing':
      return { count: 0, parameters: [0, 0], tensors: [] };
    case 'linear':
      return { count: 0, parameters: [block.shift, block.scale], tensors: [] };
    case 'cycle':
      return { count: 0, parameters: [block.period, 0], tensors: [] };
    case 'curve':
      return { count: block.x.length, parameters: [0, 0], tensors: [block.x, block.y] };
    case 'bins':
      return { count: block.edges.length - 1, parameters: [0, 0], tensors: [block.edges] };
    case 'periodic': {
      const { shift, scale, frequencies } = block;
      return { count: frequencies.length, parameters: [shift, scale], tensors: [frequencies] };
    }
    case 'one-hot': {
      const { categories, hasRare, hasMissing } = block;
      return { count: categories, parameters: [hasRare ? 1 : 0, hasMissing ? 1 : 0], tensors: [] };
    }
  }
}

/** `stored`: f32 [fields], NaN: missing. `out`: f32 [width], of which the inputs of the blocks are written. */
export function expandRow(
  blocks: readonly Block[],
  fields: readonly Field[],
  stored: Float32Array,
  out: Float32Array,
): void {
  expandStored(tableOf(blocks, fields), stored, out);
}
