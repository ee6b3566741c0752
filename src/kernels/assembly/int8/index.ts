// The kernels of integer networks: rows as quads of bytes, and layers over them. `FMA` is 1 in the relaxed build.
import { plain16, plain64 } from './forward-plain';
import { pairs16, pairs64, sums16, sums64 } from './forward-relaxed';
export { packBytes, packImages, packUnits } from './rows';

/** Whether the weights of a quad are in two halves, of its first two inputs and its last two, for all units of a panel. */
export function hasHalves(): i32 {
  return FMA ? 0 : 1;
}

export function forward64(
  starts: usize, rows: i32, weights: usize, scale: usize, bias: usize, rowScales: usize, out: usize, outBytes: i32, isRelu: i32,
): void {
  if (FMA) pairs64(starts, rows, weights, scale, bias, rowScales, out, outBytes, isRelu);
  else plain64(starts, rows, weights, scale, bias, rowScales, out, outBytes, isRelu);
}

export function forward16(
  starts: usize, rows: i32, weights: usize, scale: usize, bias: usize, rowScales: usize, out: usize, outBytes: i32, isRelu: i32,
): void {
  if (FMA) pairs16(starts, rows, weights, scale, bias, rowScales, out, outBytes, isRelu);
  else plain16(starts, rows, weights, scale, bias, rowScales, out, outBytes, isRelu);
}

/** As forward64, by dot products into 32 bits. */
export function forwardDots64(
  starts: usize, rows: i32, weights: usize, scale: usize, bias: usize, rowScales: usize, out: usize, outBytes: i32, isRelu: i32,
): void {
  if (FMA) sums64(starts, rows, weights, scale, bias, rowScales, out, outBytes, isRelu);
  else plain64(starts, rows, weights, scale, bias, rowScales, out, outBytes, isRelu);
}

export function forwardDots16(
  starts: usize, rows: i32, weights: usize, scale: usize, bias: usize, rowScales: usize, out: usize, outBytes: i32, isRelu: i32,
): void {
  if (FMA) sums16(starts, rows, weights, scale, bias, rowScales, out, outBytes, isRelu);
  else plain16(starts, rows, weights, scale, bias, rowScales, out, outBytes, isRelu);
}
