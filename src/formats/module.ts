/**
 * A model as one ES module without imports. Its code is the text of the functions of `runtime/` that the model needs, so
 * there is no second implementation: what is exported is what runs here.
 */
import type { Graph, Op } from '../model/op.js';
import { plural } from '../numbers/words.js';
import { decodeNumbers, encodeNumbers } from './numbers-text.js';
import { helpers, type OpName, operations } from './runtime/operations.js';
import { type Chain, chainOf, predictWith } from './runtime/predict.js';
import { readRow } from './runtime/read-row.js';

/** The functions that an operation calls. */
const called: Partial<Record<OpName, keyof typeof helpers>> = {
  moments: 'redrawByMoments',
  directions: 'directions',
  fields: 'fields',
  expand: 'expand',
  exp: 'exponential',
};

export function toModule(graph: Graph): string {
  const chain = chainOf(graph);
  const { inputs, values, labels, kind, columns, otherColumns, steps, outputSteps } = chain;
  const names = [...new Set(steps.map(({ op }) => op.op))].sort();
  const used = names.flatMap((name) => called[name] ?? []);
  return `// SPDX-License-Identifier: 0BSD
// This code may be used without conditions: written by shardstep (export), from a model with its weights.
${aboutOf(chain, graph.input)}

const numbers = ${String(decodeNumbers)};

const operations = {
${names.map((name) => `${String(operations[name])},`).join('\n')}
};

const helpers = {${used.map((name) => `\n${name}: ${String(helpers[name])},`).join('')}
};

const predictWith = ${String(predictWith)};

${columns === null ? '' : `const readRow = ${String(readRow)};\n`}
export const labels = Object.freeze(${JSON.stringify(labels)});
${columns === null ? '' : `\nexport const columns = Object.freeze(${JSON.stringify(columns)});\n`}
const steps = [
${steps.map(({ op, shape }) => `{ op: ${literal(op)}, shape: ${JSON.stringify(shape)} },`).join('\n')}
];

export const predict = predictWith(
  {
    ...{ inputs: ${inputs}, values: '${values}', labels, kind: '${kind}', steps, outputSteps: ${outputSteps} },
    ...{ columns${columns === null ? ': null' : ''}, otherColumns: ${JSON.stringify(otherColumns)} },
  },
  operations,
  helpers,
  ${columns === null ? 'null' : 'readRow'},
);
`;
}

/** Comments. Names of columns are not in them: they may have line breaks. */
function aboutOf({ inputs, values, labels, kind, columns }: Chain, input: readonly number[]): string {
  const count = labels.length;
  const numbers = values === 'uint8' ? 'integers from 0 to 255' : 'numbers';
  const made = {
    class: `{ label, index, probabilities${columns === null ? '' : ', byName'} }`,
    value: '{ values, byName }, in the units of the targets',
    labels: '{ labels, probabilities, byName }; labels: those of probability ½ or more',
  }[kind];
  const what = kind === 'class' ? `${count} classes` : plural(count, kind === 'value' ? 'value' : 'label');
  const from =
    columns === null ? `samples of ${input.join('×')} ${numbers}` : `rows of a table with ${inputs} columns`;
  const sample =
    columns === null
      ? `sample: an array of ${inputs} ${numbers}, row by row.`
      : 'sample: an object by the names of `columns`, or an array of their cells in this order; null: missing.';
  return `// ${what} from ${from}; no imports, for any JavaScript runtime.
// predict(sample) → ${made}; ${sample}`;
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
  if (Array.isArray(value)) return `[${value.map(valueLiteral).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return `{ ${Object.entries(value)
    .map(([name, each]) => `${name}: ${valueLiteral(each)}`)
    .join(', ')} }`;
}
