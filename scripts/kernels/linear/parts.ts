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

/** {ml, mh}: the greatest of each image's logits at t f32 [classes][2 blocks][8]. */
export const greatest = `let ml = v128.load(t), mh = v128.load(t, 16);
  for (let k = 1, p = t + 64; k < classes; k++, p += 64) { ml = f32x4.pmax(ml, v128.load(p)); mh = f32x4.pmax(mh, v128.load(p, 16)); }`;

/** Adds {lossl, lossh} and the images of {hitl, hith} to sums f64 [2]. */
export const addSums = `store<f64>(sums, load<f64>(sums) + sumDoubles(lossl) + sumDoubles(lossh));
  store<f64>(sums, load<f64>(sums, 8) + <f64>(popcnt<i32>(i32x4.bitmask(hitl)) + popcnt<i32>(i32x4.bitmask(hith))), 8);`;
