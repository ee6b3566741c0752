/**
 * The operations of a table's rows in plain JavaScript, rounded as expandStored of kernels/expansion.ts does. Each function
 * refers to nothing outside, because export formats contain its text.
 */
import type { Op } from '../../model/op.js';

type Numbers = ArrayLike<number>;
type Of<Name extends Op['op']> = Extract<Op, { readonly op: Name }>;

/** From the columns of a row to the numbers of a stored one; see partOf of tables/dates-in-cells.ts. */
export function fields(x: Numbers, op: Of<'fields'>): Float64Array {
  return Float64Array.from(op.columns, (column, field) => {
    const value = x[column];
    const part = op.parts[field];
    if (part === 'value' || Number.isNaN(value)) return value;
    const day = Math.floor(value);
    if (part === 'week') return (((day + 6) % 7) + 7) % 7;
    if (part === 'day') return (value - day) * 24;
    const date = new Date(Date.UTC(2000, 0, 1 + day));
    return date.getUTCMonth() + (date.getUTCDate() - 1) / 31;
  });
}

export function expand(x: Numbers, op: Of<'expand'>): Float64Array {
  const { fround } = Math;
  const turn = 2 * Math.PI;
  const between = (low: number, high: number, value: number) =>
    fround(fround(value - low) / fround(high - low));
  const placeOf = (sorted: Numbers, value: number) => {
    let [low, high] = [-1, sorted.length];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (sorted[middle] <= value) low = middle;
      else high = middle;
    }
    return low;
  };
  const out = new Float64Array(op.width);
  for (const { op: kind, field, at, count, fill, parameters, tensors } of op.blocks) {
    const given = fround(x[field]);
    const isMissing = Number.isNaN(given);
    const value = isMissing ? fill : given;
    const [first, second] = parameters;
    if (kind === 'missing') out[at] = isMissing ? 1 : 0;
    else if (kind === 'linear') out[at] = fround(fround(value - first) * second);
    else if (kind === 'curve') {
      const [xs, ys] = tensors;
      const place = placeOf(xs, value);
      if (place < 0) out[at] = ys[0];
      else if (place === count - 1) out[at] = ys[place];
      else {
        const step = fround(ys[place + 1] - ys[place]);
        out[at] = fround(ys[place] + fround(step * between(xs[place], xs[place + 1], value)));
      }
    } else if (kind === 'bins') {
      const [edges] = tensors;
      const place = placeOf(edges, value);
      for (let bin = 0; bin < count; bin++)
        out[at + bin] = bin < place ? 1 : bin > place ? 0 : between(edges[bin], edges[bin + 1], value);
    } else if (kind === 'cycle') {
      out[at] = fround(Math.cos((turn * value) / first));
      out[at + 1] = fround(Math.sin((turn * value) / first));
    } else if (kind === 'periodic') {
      const z = fround(fround(value - first) * second);
      for (let i = 0; i < count; i++) {
        out[at + i] = fround(Math.cos(turn * (z * tensors[0][i])));
        out[at + count + i] = fround(Math.sin(turn * (z * tensors[0][i])));
      }
    } else {
      // One-hot: `first` and `second` say whether there are inputs for rare and for missing categories.
      const rare = first !== 0 ? count : -1;
      const missing = second !== 0 ? count + (first !== 0 ? 1 : 0) : rare;
      const place = isMissing ? missing : given >= 1 && given <= count ? Math.trunc(given) - 1 : rare;
      if (place >= 0) out[at + place] = 1;
    }
  }
  return out;
}

/** f32 may be infinite: e^x in float64, as the targets were scaled. */
export function exponential(x: Numbers, op: Of<'exp'>): Float64Array {
  return Float64Array.from(x, (value, k) => (op.which[k] === 1 ? Math.exp(value) : value));
}
