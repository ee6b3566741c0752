/** Fragments of text that several of the emitted kernels share. */
import {
  type LinearField,
  linearFieldOffset,
  linearModelFields,
} from '../../../src/kernels/directions/linear-model.ts';
import { halves, sequence } from '../text.ts';

export const classes = sequence(10);
export const all = (write: (k: number) => string, separator = ' '): string =>
  classes.map(write).join(separator);

const load = (name: LinearField) => `load<${linearModelFields[name]}>(M, ${linearFieldOffset(name)})`;

/** The value of one field. PLAIN is a constant of the build: a module without products. */
export const at = (name: LinearField): string =>
  name === 'components' ? `(PLAIN ? 0 : ${load(name)})` : load(name);

/** `const a = …, b = …;` of fields of the table. */
export const fields = (...names: LinearField[]): string =>
  `const ${names.map((name) => `${name} = ${at(name)}`).join(', ')};`;

/** Stores a field of the table. */
export const setField = (name: LinearField, value: string): string =>
  `store<${linearModelFields[name]}>(M, ${value}, ${linearFieldOffset(name)});`;

/**
 * For the eight images whose logits are at t f32 [10][2 blocks][8], {l, h} of m: the largest logit; s: the sum of the
 * exponentials, which replace the logits; right: the label's logit; hit: whether the label is the first of the largest,
 * as in argmax. The floor keeps the probabilities in the backward pass above the subnormal numbers. `more`: further
 * sums, each by its start and its step.
 */
export const exponentials = (
  more: readonly { readonly name: string; readonly step: string }[] = [],
): string => {
  const starts = (q: string) => more.map(({ name }) => `${name}${q} = zero, `).join('');
  const steps = (q: string) => more.map(({ step }) => ` ${step.replaceAll('#', q)}`).join('');
  return `const zero = f32x4.splat(0), floor = f32x4.splat(-60);
  const label = v128.load_ext<u8>(labels), yl = i32x4.extend_low_i16x8_u(label), yh = i32x4.extend_high_i16x8_u(label);
  let ml = v128.load(t), mh = v128.load(t, 16);
  for (let k = 1, p = t + 64; k < classes; k++, p += 64) { ml = f32x4.pmax(ml, v128.load(p)); mh = f32x4.pmax(mh, v128.load(p, 16)); }
  let ${halves((q) => `s${q} = zero, right${q} = zero, ${starts(q)}hit${q} = zero, taken${q} = zero`, ', ')};
  for (let k = 0, p = t; k < classes; k++, p += 64) {
    const c = i32x4.splat(k);
    ${halves((q, d) => `const a${q} = v128.load(p, ${d}), own${q} = i32x4.eq(y${q}, c), top${q} = f32x4.ge(a${q}, m${q}), e${q} = exp4(f32x4.pmax(floor, f32x4.sub(a${q}, m${q})));`)}
    v128.store(p, eh, 16); v128.store(p, el);
    ${halves((q) => `s${q} = f32x4.add(s${q}, e${q}); right${q} = v128.or(right${q}, v128.and(own${q}, a${q}));${steps(q)} hit${q} = v128.or(hit${q}, v128.andnot(v128.and(own${q}, top${q}), taken${q})); taken${q} = v128.or(taken${q}, top${q});`)}
  }`;
};

/** Adds {lossl, lossh} and the images of {hitl, hith} to sums f64 [2]. */
export const addSums = `store<f64>(sums, load<f64>(sums) + sumDoubles(lossl) + sumDoubles(lossh));
  store<f64>(sums, load<f64>(sums, 8) + <f64>(popcnt<i32>(i32x4.bitmask(hitl)) + popcnt<i32>(i32x4.bitmask(hith))), 8);`;
