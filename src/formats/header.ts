/**
 * A model as one C99 header, for programs without an operating system as well: no malloc, no global state, and constants
 * that stay in flash. Weights are float32, or 8 bits.
 */
import { createHash } from 'node:crypto';
import type { Graph, OutputKind } from '../model/op.js';
import { plural } from '../numbers/words.js';
import { ExitCode, expectedGot, UserError } from '../user-error.js';
import { activations, shares, softmax } from './c/functions.js';
import { bytesOf, isCName, stringLiteral } from './c/literals.js';
import { type CValues, type Stage, stagesOf } from './c/stages.js';
import { columnBytes, columnNames } from './c/table.js';
import { chainOf } from './runtime/predict.js';

export interface HeaderOptions {
  /** Prefix of every name in the header. */
  readonly name?: string;
  /** Weights of the layers in 8 bits. */
  readonly isQuantised?: boolean;
}

/** @throws UserError (usage) for a name that is no identifier. */
export function toHeader(graph: Graph, { name = 'model', isQuantised = false }: HeaderOptions = {}): string {
  if (!isCName(name))
    throw new UserError(
      `--name: ${expectedGot('a C identifier of letters, digits and _, at most 40, no keyword', name)}`,
      ExitCode.usage,
    );
  const chain = chainOf(graph);
  const stages = stagesOf(chain, name, isQuantised);
  if (stages.at(-1)?.to.type !== 'float')
    throw new UserError(
      `a C header: ${expectedGot('a model whose last operation is a layer', graph.ops.at(-1)?.op ?? null)}`,
    );
  const answer = answerOf(graph, name);
  const functions = new Map(
    [...stages.flatMap((stage) => stage.functions), ...answer.functions].map((one) => [one.name, one.text]),
  );
  const { labels, inputs } = chain;
  const input = graph.values === 'uint8' ? 'uint8_t' : 'float';
  const flow = buffersOf(stages);
  const upper = name.toUpperCase();
  const { kind, columns } = chain;
  const names = columns === null ? 0 : columnBytes(columns);
  const constants = stages.reduce((sum, stage) => sum + stage.constantBytes, names);
  const scratch = Math.max(0, ...stages.map((stage) => stage.scratchBytes));
  const facts = {
    ...{ name, upper, input, isQuantised, constants, shape: graph.input.join('x'), inputs },
    ...{ kind, columns: columns !== null, classes: labels.length, stack: flow.bytes + scratch },
  };
  const body = `#include <math.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#endif

#define ${upper}_INPUTS ${inputs}
#define ${upper}_${countOf[kind]} ${labels.length}

static const char *const ${name}_${kind === 'value' ? 'names' : 'labels'}[${upper}_${countOf[kind]}] = {
${labels.map((label) => `    ${stringLiteral(label)},`).join('\n')}
};

${columns === null ? '' : columnNames(name, columns)}${stages
  .map((stage) => stage.constants)
  .filter((text) => text !== '')
  .join('\n')}
${[...functions.values()].join('\n')}
${answer.head(input)}
{
${flow.statements}
${answer.statements}
}
`;
  const mark = `0x${createHash('sha256').update(body).digest('hex').slice(0, 8)}u`;
  return `${openingComment(facts)}
#ifdef ${upper}_H
#if ${upper}_H != ${mark}
#error "two models are named ${name}: export one of them with --name"
#endif
#else
#define ${upper}_H ${mark}

${body}
#endif
`;
}

const countOf = { class: 'CLASSES', value: 'VALUES', labels: 'LABELS' } as const;

/** What `predict` returns and writes. */
function answerOf({ kind = 'class', probabilities }: Graph, name: string) {
  const upper = name.toUpperCase();
  if (kind === 'class') {
    const ending = (probabilities[0].op === 'softmax' ? softmax : shares)(name);
    return {
      functions: [ending],
      head: (
        input: string,
      ) => `/* Returns the index of the class; probabilities: room for ${upper}_CLASSES, or NULL. */
static inline int ${name}_predict(const ${input} *input, float *probabilities)`,
      statements: `    int best = 0;
    for (int k = 1; k < ${upper}_CLASSES; k++)
        if (outputs[k] > outputs[best])
            best = k;
    if (probabilities != NULL)
        ${ending.name}(outputs, ${upper}_CLASSES, probabilities);
    return best;`,
    };
  }
  if (kind === 'labels') {
    const ending = activations.sigmoid(name, 'float', 'float');
    return {
      functions: [ending],
      head: (input: string) => `/* The probability of each label; room for ${upper}_LABELS. */
static inline void ${name}_predict(const ${input} *input, float *probabilities)`,
      statements: `    ${ending.name}(outputs, ${upper}_LABELS, probabilities);`,
    };
  }
  return {
    functions: [],
    head: (input: string) => `/* Values in their units; room for ${upper}_VALUES. */
static inline void ${name}_predict(const ${input} *input, float *values)`,
    statements: `    for (int k = 0; k < ${upper}_VALUES; k++)
        values[k] = outputs[k];`,
  };
}

interface Facts {
  readonly kind: OutputKind;
  /** Whether samples are rows of a table. */
  readonly columns: boolean;
  readonly name: string;
  readonly upper: string;
  readonly input: string;
  readonly isQuantised: boolean;
  readonly constants: number;
  readonly stack: number;
  readonly shape: string;
  readonly inputs: number;
  readonly classes: number;
}

function openingComment(facts: Facts): string {
  const { kind, columns, name, upper, input, isQuantised, constants, stack, shape, inputs, classes } = facts;
  const what =
    kind === 'class' ? `${classes} classes` : plural(classes, kind === 'value' ? 'value' : 'label');
  const numbers = input === 'float' ? 'numbers' : 'integers from 0 to 255';
  const samples = columns ? `rows of a table with ${inputs} columns` : `samples of ${shape} ${numbers}`;
  const order = columns
    ? `${inputs} values in the order of ${name}_columns; NAN: missing`
    : `${inputs} values, row by row`;
  const results = kind === 'value' ? 'values' : 'probabilities';
  const call =
    kind === 'class'
      ? `int index = ${name}_predict(input, probabilities);
 *     puts(${name}_labels[index]);`
      : `${name}_predict(input, ${results});`;
  const word = columns
    ? `
 *     input[c] = ${name}_word(c, "...");   the value of a word of a category, or of yes/no`
    : '';
  return `/*
 * SPDX-License-Identifier: 0BSD
 * This code may be used without conditions: written by shardstep (export), from a model with its weights.
 *
 * ${what} from ${samples}; ${isQuantised ? 'weights of layers in 8 bits' : 'weights in float32'}.
 * Flash: ${constants} bytes of constants, besides the code and the names${kind === 'class' && !columns ? ' of the classes' : ''}.
 * RAM: ${stack} bytes of stack for values, besides a few dozen scalars; no heap, no static variables.
 *
 *     ${columns ? '' : 'const '}${input} input[${upper}_INPUTS] = { ... };   ${order}${word}
 *     float ${results}[${upper}_${countOf[kind]}];
 *     ${call}
 *
 * C99 with the mathematical library (-lm); without -ffast-math, which changes the rounding.
 */`;
}

/** The values of the stages in two unions of arrays, in turn. */
function buffersOf(stages: readonly Stage[]) {
  const held: CValues[][] = [[], []];
  const lines: string[] = [];
  let [at, x] = [1, 'input'];
  for (const stage of stages) {
    const isInPlace = stage.inPlace && x !== 'input';
    if (!isInPlace) at = 1 - at;
    held[at].push(stage.to);
    const y = `${'ab'[at]}.${member(stage.to)}`;
    lines.push(`    ${stage.call(x, y)}`);
    x = y;
  }
  const unions = held.flatMap((list, n) => {
    const members = [...new Set(list.map(({ type }) => type))].map((type) => {
      const count = Math.max(...list.filter((one) => one.type === type).map((one) => one.count));
      return `${type} ${member({ type })}[${count}];`;
    });
    return list.length === 0 ? [] : [`    union { ${members.join(' ')} } ${'ab'[n]};`];
  });
  const sizes = held.map((list) => Math.max(0, ...list.map(({ type, count }) => count * bytesOf[type])));
  return {
    statements: [...unions, ...lines, `    const float *const outputs = ${x};`].join('\n'),
    bytes: sizes[0] + sizes[1],
  };
}

const member = ({ type }: Pick<CValues, 'type'>) =>
  ({ uint8_t: 'u8', uint16_t: 'u16', int8_t: 'i8', float: 'f', double: 'd' })[type];
