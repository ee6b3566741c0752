/**
 * Elementary functions in float64 for src/numbers/elementary.ts: those of AssemblyScript, which are musl's. They are sums
 * and products of WebAssembly, which are the same on every machine.
 */
export function cos(x: f64): f64 {
  return NativeMath.cos(x);
}

export function exp(x: f64): f64 {
  return NativeMath.exp(x);
}

export function log(x: f64): f64 {
  return NativeMath.log(x);
}

export function pow(x: f64, y: f64): f64 {
  return NativeMath.pow(x, y);
}

export function tanh(x: f64): f64 {
  return NativeMath.tanh(x);
}
