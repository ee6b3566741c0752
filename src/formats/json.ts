/**
 * A graph as JSON, for programs of other languages: its operations in order, weights as base64 of little-endian values.
 * docs/export.md describes it.
 */
import type { Graph } from '../model/op.js';
import { encodeNumbers } from './numbers-text.js';

export const graphFormat = 'shardstep.graph';
export const graphVersion = 1;

export function toJson(graph: Graph): string {
  const encoded = (_: string, value: unknown) =>
    value instanceof Uint8Array || value instanceof Float32Array || value instanceof Float64Array
      ? encodeNumbers(value)
      : value;
  const { kind, columns, otherColumns, input, values, labels, ops, probabilities } = graph;
  const about = { format: graphFormat, version: graphVersion };
  return `${JSON.stringify({ ...about, kind, columns, otherColumns, input, values, labels, ops, probabilities }, encoded, 1)}\n`;
}
