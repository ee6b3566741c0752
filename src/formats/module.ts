/**
 * A model as one ES module without imports. Its code is the text of the functions of `runtime/` that the model needs, so
 * there is no second implementation: what is exported is what runs here.
 */
import type { Graph, Op } from '../model/op.js';
import { decodeNumbers, encodeNumbers } from './numbers-text.js';
import { helpers, type OpName, operations } from './runtime/operations.js';
import { chainOf, predictWith } from './runtime/predict.js';

/** The functions that an operation calls. */
const called: Partial<Record<OpName, keyof typeof helpers>> = {
  moments: 'redrawByMoments',
  directions: 'directions',
};

export function toModule(graph: Graph): string {
  const { inputs, values, labels, steps, outputSteps } = chainOf(graph);
  const names = [...new Set(steps.map(({ op }) => op.op))].sort();
  const used = names.flatMap((name) => called[name] ?? []);
  const shape = graph.input.join('×');
  const kind = values === 'uint8' ? 'integers from 0 to 255' : 'numbers';
  return `// SPDX-License-Identifier: 0BSD
// This code may be used without conditions: written by shardstep (export), from a model with its weights.
// ${labels.length} classes from samples of ${shape} ${kind}; no imports, for any JavaScript runtime.
// predict(sample) → { label, index, probabilities }; sample: an array of ${inputs} ${kind}, row by row.

const numbers = ${String(decodeNumbers)};

const operations = {
${names.map((name) => `${String(operations[name])},`).join('\n')}
};

const helpers = {${used.map((name) => `\n${name}: ${String(helpers[name])},`).join('')}
};

const predictWith = ${String(predictWith)};

export const labels = Object.freeze(${JSON.stringify(labels)});

const steps = [
${steps.map(({ op, shape }) => `{ op: ${literal(op)}, shape: ${JSON.stringify(shape)} },`).join('\n')}
];

export const predict = predictWith(
  { inputs: ${inputs}, values: '${values}', labels, steps, outputSteps: ${outputSteps} },
  operations,
  helpers,
);
`;
}

/** An operation as source text; arrays as calls of `numbers`. */
function literal(op: Op): string {
  const fields = Object.entries(op).map(([name, value]) => `${name}: ${valueLiteral(value)}`);
  return `{ ${fields.join(', ')} }`;
}

function valueLiteral(value: unknown): string {
  if (value instanceof Uint8Array || value instanceof Float32Array || value instanceof Float64Array) {
    const { type, base64 } = encodeNumbers(value);
    return `numbers('${type}', '${base64}')`;
  }
  return JSON.stringify(value);
}
