/**
 * Redraws images by their moments with ONNX operators, in float64 and in the order of operations of
 * data/transforms/moments.ts: the same integers.
 */
import type { Expressions } from './lowering.js';
import { Element } from './schema.js';

/** As in data/transforms/moments.ts. */
const size = 0.2;
const steepest = 2;
const leastVariance = 1;

/** Blank columns left of an image, and right of it: places beyond the edges are clipped into them. */
const margin = 2;

/** `image`: [N, rows · columns]; returns the same shape. */
export function redraw(e: Expressions, image: string, rows: number, columns: number): string {
  const { x, y, slant, across, down } = placement(e, image, rows, columns);
  const xStep = e.div(e.sqrt(across), size * columns);
  const yStep = e.div(e.sqrt(down), size * rows);
  const centred = (count: number) => Float64Array.from({ length: count }, (_, i) => i - (count - 1) / 2);
  // dy: [N, rows]; the source of a pixel: row ySource [N, rows, 1], column xSource [N, rows, columns].
  const dy = e.mul(e.array('rows_from_middle', [1, rows], centred(rows)), yStep);
  const ySource = e.reshape(e.add(y, dy), [rows, 1]);
  const fromMiddle = e.mul(e.array('columns_from_middle', [1, columns], centred(columns)), xStep);
  const upright = e.reshape(e.add(x, fromMiddle), [1, columns]);
  const xSource = e.add(upright, e.reshape(e.mul(slant, dy), [rows, 1]));
  const [top, left] = [e.floor(ySource), e.floor(xSource)];
  const [lower, right] = [e.sub(ySource, top), e.sub(xSource, left)];
  // Beyond the edges all is blank: the image gets a margin, and places are clipped into it.
  const width = columns + 2 * margin;
  const padded = e.reshape(
    e.builder.node('Pad', [
      e.reshape(image, [rows, columns]),
      e.builder.constant('int64', [0, margin, margin, 0, margin, margin]),
    ]),
    [(rows + 2 * margin) * width],
  );
  const row = e.mul(e.add(e.clip(top, -margin, rows), margin), width);
  const place = e.add(row, e.add(e.clip(left, -margin, columns), margin));
  const first = e.reshape(e.cast(place, Element.int64), [rows * columns]);
  const pixel = (offset: number) => {
    const at = offset === 0 ? first : e.builder.node('Add', [first, e.builder.constant('int64', offset)]);
    return e.reshape(e.node('GatherElements', [padded, at], { axis: 1 }), [rows, columns]);
  };
  const between = (from: number) => e.add(e.mul(pixel(from), e.sub(1, right)), e.mul(pixel(from + 1), right));
  const drawn = e.add(e.mul(between(0), e.sub(1, lower)), e.mul(between(width), lower));
  return e.reshape(rounded(e, drawn), [rows * columns]);
}

/** Each [N, 1]. A blank image has a mass of 1 here, and stays blank. */
function placement(e: Expressions, image: string, rows: number, columns: number) {
  const sumOf = (name: string, weight: (x: number, y: number) => number) => {
    const weights = Float64Array.from({ length: rows * columns }, (_, i) =>
      weight(i % columns, Math.floor(i / columns)),
    );
    return e.node('MatMul', [image, e.array(`moment_${name}`, [rows * columns, 1], weights)]);
  };
  // Sums of integers below 2^53: exact in any order.
  const mass = e.max(
    sumOf('1', () => 1),
    1,
  );
  const mean = (sum: string) => e.div(sum, mass);
  const x = mean(sumOf('x', (u) => u));
  const y = mean(sumOf('y', (_, v) => v));
  const variance = e.sub(mean(sumOf('yy', (_, v) => v * v)), e.mul(y, y));
  const down = e.max(variance, leastVariance);
  const both = e.sub(mean(sumOf('xy', (u, v) => u * v)), e.mul(x, y));
  const slant = e.clip(e.div(both, down), -steepest, steepest);
  const straight = e.sub(mean(sumOf('xx', (u) => u * u)), e.mul(x, x));
  const sheared = e.add(e.sub(straight, e.mul(e.mul(slant, 2), both)), e.mul(e.mul(slant, slant), variance));
  return { x, y, slant, across: e.max(sheared, leastVariance), down };
}

/** As Math.round: ⌊x + ½⌋ would round the largest number below ½ up. */
function rounded(e: Expressions, value: string): string {
  const whole = e.floor(value);
  const isUp = e.node('GreaterOrEqual', [e.sub(value, whole), 0.5]);
  return e.add(whole, e.cast(isUp, Element[e.precision]));
}
