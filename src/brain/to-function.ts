/** A trained network as the source of a function that needs nothing else: to be pasted into another program. */
import { ExitCode, UserError } from '../user-error.js';
import type { Stored } from './json.js';
import type { Activation } from './options.js';

const activations: Readonly<Record<Activation, (alpha: number) => string>> = {
  sigmoid: () => '1 / (1 + Math.exp(-sum))',
  tanh: () => 'Math.tanh(sum)',
  relu: () => 'sum < 0 ? 0 : sum',
  'leaky-relu': (alpha) => `Math.max(sum, ${alpha} * sum)`,
};

/** The body of `function (input)`. It computes what `run` does, bit for bit. */
export function sourceOf({ layers, input, output, settings }: Stored): string {
  const numbers = layers.map(({ inputs, weights, biases }) =>
    [...biases].map((bias, i) => [bias, ...weights.subarray(i * inputs, (i + 1) * inputs)]),
  );
  const named = input.lookup && inOrder(input.lookup);
  const names = output.lookup && inOrder(output.lookup);
  return [
    '// One row for each unit: its bias, then its weights.',
    `const layers = ${JSON.stringify(numbers)};`,
    named === null
      ? 'let values = Array.from(input);'
      : `let values = ${JSON.stringify(named)}.map((name) =>\n  Math.fround(Object.hasOwn(input, name) ? (input[name] ?? 0) : 0));`,
    'for (const rows of layers)',
    '  values = rows.map((row) => {',
    '    let sum = row[0];',
    '    for (let k = 0; k < values.length; k++) sum += row[k + 1] * values[k];',
    `    return Math.fround(${activations[settings.activation](settings.leakyReluAlpha)});`,
    '  });',
    names === null
      ? 'return values;'
      : `return Object.fromEntries(${JSON.stringify(names)}.map((name, i) => [name, values[i]]));`,
  ].join('\n');
}

const inOrder = (lookup: ReadonlyMap<string, number>): string[] =>
  [...lookup].sort(([, a], [, b]) => a - b).map(([name]) => name);

/** `edit`: what a program makes of the source before it is compiled. */
export function compiled(source: string, edit?: (source: string) => string): (input: unknown) => unknown {
  if (edit !== undefined && typeof edit !== 'function')
    throw UserError.refusal('toFunction()', 'a function of the source, or nothing', edit);
  const body = edit === undefined ? source : edit(source);
  if (typeof body !== 'string')
    throw new UserError('toFunction(): the given function must return the source', ExitCode.usage);
  // The source is made of numbers and quoted names, and of what the caller makes of it.
  return new Function('input', body) as (input: unknown) => unknown;
}
