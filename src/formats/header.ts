/**
 * A model as one C99 header, for programs without an operating system as well: no malloc, no global state, and constants
 * that stay in flash. Weights are float32, or 8 bits.
 */
import { createHash } from 'node:crypto';
import type { Graph } from '../model/op.js';
import { ExitCode, expectedGot, UserError } from '../user-error.js';
import { shares, softmax } from './c/functions.js';
import { bytesOf, isCName, stringLiteral } from './c/literals.js';
import { type CValues, type Stage, stagesOf } from './c/stages.js';
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
  const ending = (graph.probabilities[0].op === 'softmax' ? softmax : shares)(name);
  const functions = new Map(
    [...stages.flatMap((stage) => stage.functions), ending].map((one) => [one.name, one.text]),
  );
  const { labels, inputs } = chain;
  const input = graph.values === 'uint8' ? 'uint8_t' : 'float';
  const flow = buffersOf(stages);
  const upper = name.toUpperCase();
  const constants = stages.reduce((sum, stage) => sum + stage.constantBytes, 0);
  const scratch = Math.max(0, ...stages.map((stage) => stage.scratchBytes));
  const facts = {
    ...{ name, upper, input, isQuantised, constants, shape: graph.input.join('x'), inputs },
    ...{ classes: labels.length, stack: flow.bytes + scratch },
  };
  const body = `#include <math.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#endif

#define ${upper}_INPUTS ${inputs}
#define ${upper}_CLASSES ${labels.length}

static const char *const ${name}_labels[${upper}_CLASSES] = {
${labels.map((label) => `    ${stringLiteral(label)},`).join('\n')}
};

${stages
  .map((stage) => stage.constants)
  .filter((text) => text !== '')
  .join('\n')}
${[...functions.values()].join('\n')}
/* Returns the index of the class; probabilities: room for ${upper}_CLASSES, or NULL. */
static inline int ${name}_predict(const ${input} *input, float *probabilities)
{
${flow.statements}
    int best = 0;
    for (int k = 1; k < ${upper}_CLASSES; k++)
        if (outputs[k] > outputs[best])
            best = k;
    if (probabilities != NULL)
        ${ending.name}(outputs, ${upper}_CLASSES, probabilities);
    return best;
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

interface Facts {
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

function openingComment({
  name,
  upper,
  input,
  isQuantised,
  constants,
  stack,
  shape,
  inputs,
  classes,
}: Facts): string {
  return `/*
 * SPDX-License-Identifier: 0BSD
 * This code may be used without conditions: written by shardstep (export), from a model with its weights.
 *
 * ${classes} classes from samples of ${shape} ${input === 'float' ? 'numbers' : 'integers from 0 to 255'}; ${isQuantised ? 'weights of layers in 8 bits' : 'weights in float32'}.
 * Flash: ${constants} bytes of constants, besides the code and the names of the classes.
 * RAM: ${stack} bytes of stack for values, besides a few dozen scalars; no heap, no static variables.
 *
 *     const ${input} input[${upper}_INPUTS] = { ... };   ${inputs} values, row by row
 *     float probabilities[${upper}_CLASSES];
 *     int index = ${name}_predict(input, probabilities);
 *     puts(${name}_labels[index]);
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
