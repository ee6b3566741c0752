/**
 * cos, exp, log, pow, tanh and hypot with the same bits on every machine and runtime. Those of `Math` differ between
 * versions of V8, processors and C libraries; so does `**`. + − × ÷, `Math.sqrt` and `Math.fround` are exact everywhere.
 * The functions are AssemblyScript's (`kernels/assembly/elementary`), compiled when one of them is first called.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

interface Elementary {
  cos(x: number): number;
  exp(x: number): number;
  log(x: number): number;
  pow(x: number, y: number): number;
  tanh(x: number): number;
}

/** The compiled functions: a constant, made late. */
let compiled: Elementary | null = null;

/**
 * Compiles them now, half a millisecond. To be called before V8's flags are changed for the kernels, under which it would
 * take many times as long.
 */
export function loadElementary(): Elementary {
  if (compiled !== null) return compiled;
  const module = new WebAssembly.Module(
    readFileSync(join(import.meta.dirname, '../kernels/elementary.wasm')),
  );
  // The module belongs to this package, so the shape of its exports is known.
  compiled = new WebAssembly.Instance(module).exports as unknown as Elementary;
  return compiled;
}

export const cos = (x: number): number => loadElementary().cos(x);
export const exp = (x: number): number => loadElementary().exp(x);
/** The natural logarithm. */
export const log = (x: number): number => loadElementary().log(x);
/** x to the power of y. */
export const pow = (x: number, y: number): number => loadElementary().pow(x, y);
export const tanh = (x: number): number => loadElementary().tanh(x);

export const square = (x: number): number => x * x;

/** √(a² + b²), scaled by the larger of them against overflow, with Kahan's compensated sum. */
export function hypot(a: number, b: number): number {
  const largest = Math.max(Math.abs(a), Math.abs(b));
  if (largest === 0 || largest === Number.POSITIVE_INFINITY) return largest;
  let [sum, compensation] = [0, 0];
  for (const value of [a, b]) {
    const scaled = value / largest;
    const summand = scaled * scaled - compensation;
    const next = sum + summand;
    compensation = next - sum - summand;
    sum = next;
  }
  return Math.sqrt(sum) * largest;
}

/** 2 to the power of a whole number; exact, and 0 or infinite beyond the range of float64. */
export function powerOfTwo(exponent: number): number {
  const [factor, count] = exponent < 0 ? [0.5, -exponent] : [2, exponent];
  let power = 1;
  for (let i = 0; i < count && power !== 0 && power !== Number.POSITIVE_INFINITY; i++) power *= factor;
  return power;
}

/** ⌊log₂ x⌋ of x from 1 up to below 2^32. */
export const floorLog2 = (x: number): number => 31 - Math.clz32(Math.floor(x));
