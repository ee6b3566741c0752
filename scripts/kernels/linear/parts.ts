/** Pieces of text that several of the emitted kernels share. */
import { type LinearField, linearFieldOffset, linearModelFields } from '../../../src/kernels/linear-model.ts';
import { sequence } from '../text.ts';

export const classes = sequence(10);
export const all = (write: (k: number) => string, separator = ' '): string =>
  classes.map(write).join(separator);

const load = (name: LinearField) => `load<${linearModelFields[name]}>(M, ${linearFieldOffset(name)})`;

/** The value of one field. PLAIN is a constant of the build: a module without products. */
export const at = (name: LinearField): string =>
  name === 'components' ? `(PLAIN ? 0 : ${load(name)})` : load(name);

/** `const a = …, b = …;` of fields of the model. */
export const fields = (...names: LinearField[]): string =>
  `const ${names.map((name) => `${name} = ${at(name)}`).join(', ')};`;

/** Stores a field of the model. */
export const setField = (name: LinearField, value: string): string =>
  `store<${linearModelFields[name]}>(M, ${value}, ${linearFieldOffset(name)});`;

/** Greatest of ten vectors; with `f32x4.add` for `f32x4.pmax`, their sum, always in the same order. */
export function fold(terms: readonly string[], operation: string): string {
  if (terms.length === 1) return terms[0];
  const half = Math.ceil(terms.length / 2);
  return `${operation}(${fold(terms.slice(0, half), operation)}, ${fold(terms.slice(half), operation)})`;
}

export const logitTerms = (q: string): string[] => classes.map((k) => `a${k}${q}`);
