/**
 * From a stored row to the inputs of a network, by blocks, in a fixed order of float32 operations: the reference for the
 * kernel that does it in the step, and what prediction in plain JavaScript uses.
 */
import { cos } from '../numbers/elementary.js';
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

/** `stored`: f32 [fields], NaN: missing. `out`: f32 [width], of which the inputs of the blocks are written. */
export function expandRow(
  blocks: readonly Block[],
  fields: readonly Field[],
  stored: Float32Array,
  out: Float32Array,
): void {
  for (const block of blocks) {
    const given = stored[block.field];
    const isMissing = Number.isNaN(given);
    if (block.op === 'missing') out[block.at] = isMissing ? 1 : 0;
    else if (block.op === 'one-hot') oneHot(block, given, out);
    else numeric(block, isMissing ? fields[block.field].fill : given, out);
  }
}

const fround = Math.fround;
const turn = 2 * Math.PI;

const scaled = (x: number, { shift, scale }: { readonly shift: number; readonly scale: number }): number =>
  fround(fround(x - shift) * scale);

function numeric(block: Exclude<Block, { op: 'missing' | 'one-hot' }>, x: number, out: Float32Array): void {
  const { at } = block;
  switch (block.op) {
    case 'linear':
      out[at] = scaled(x, block);
      return;
    case 'curve':
      out[at] = onCurve(block.x, block.y, x);
      return;
    case 'bins':
      bins(block.edges, x, out, at);
      return;
    case 'cycle': {
      const angle = (turn * x) / block.period;
      out[at] = cos(angle);
      out[at + 1] = cos(angle - Math.PI / 2);
      return;
    }
    case 'periodic': {
      const z = scaled(x, block);
      const { frequencies } = block;
      for (let i = 0; i < frequencies.length; i++) {
        // In float64, so that large arguments keep their place on the circle.
        const angle = turn * (z * frequencies[i]);
        out[at + i] = cos(angle);
        out[at + frequencies.length + i] = cos(angle - Math.PI / 2);
      }
    }
  }
}

/** The last place whose value is not above x; −1: none. */
function placeOf(sorted: Float32Array, x: number): number {
  let [low, high] = [-1, sorted.length];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (sorted[middle] <= x) low = middle;
    else high = middle;
  }
  return low;
}

const between = (low: number, high: number, x: number): number =>
  fround(fround(x - low) / fround(high - low));

function onCurve(xs: Float32Array, ys: Float32Array, x: number): number {
  const place = placeOf(xs, x);
  if (place < 0) return ys[0];
  if (place === xs.length - 1) return ys[place];
  const step = fround(ys[place + 1] - ys[place]);
  return fround(ys[place] + fround(step * between(xs[place], xs[place + 1], x)));
}

function bins(edges: Float32Array, x: number, out: Float32Array, at: number): void {
  const place = placeOf(edges, x);
  const count = edges.length - 1;
  for (let bin = 0; bin < count; bin++)
    out[at + bin] = bin < place ? 1 : bin > place ? 0 : between(edges[bin], edges[bin + 1], x);
}

function oneHot(block: Extract<Block, { op: 'one-hot' }>, x: number, out: Float32Array): void {
  const { at, categories, hasRare, hasMissing } = block;
  const width = widthOf(block);
  for (let input = 0; input < width; input++) out[at + input] = 0;
  // What training never had is 0 everywhere: the weights of such an input would be those it began with.
  const rare = hasRare ? categories : -1;
  const place = Number.isNaN(x) ? (hasMissing ? width - 1 : rare) : x === 0 ? rare : x - 1;
  if (place >= 0) out[at + place] = 1;
}
