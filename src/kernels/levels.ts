/**
 * Feature levels of the WebAssembly kernels, best first, and the V8 flags that each needs.
 * - `relaxed-256`: fused multiply-add, and pairs of 128-bit operations joined into 256-bit ones by V8;
 * - `relaxed`: fused multiply-add at 128 bit;
 * - `simd`: plain 128-bit SIMD, separate multiply and add.
 */
import { setFlagsFromString } from 'node:v8';

export const levels = ['relaxed-256', 'relaxed', 'simd'] as const;
export type Level = (typeof levels)[number];

/** Which of the two built modules a level runs. */
export function moduleName(level: Level): 'relaxed' | 'simd' {
  return level === 'simd' ? 'simd' : 'relaxed';
}

/**
 * The levels this V8 may have, best first. V8 prints unknown flags to stderr, so flags are chosen by version: relaxed
 * SIMD is on by default from V8 11.4 (a flag before), the revectorizer is known from 12.0 and implemented for x64.
 */
export function candidateLevels(v8Version: string, architecture: string): Level[] {
  const [major = 0] = v8Version.split('.').map(Number);
  return levels.filter((level) => level !== 'relaxed-256' || (major >= 12 && architecture === 'x64'));
}

/**
 * Sets the flags that a level's compilation needs; they hold for the whole process, worker threads included. Without
 * lazy compilation and tiers, the optimised code exists before the first call, outside the timed path.
 */
export function setCompilerFlags(level: Level, v8Version: string): void {
  const [major = 0, minor = 0] = v8Version.split('.').map(Number);
  for (const flag of ['--no-liftoff', '--no-wasm-tier-up', '--no-wasm-lazy-compilation'])
    setFlagsFromString(flag);
  if (major < 11 || (major === 11 && minor < 4)) setFlagsFromString('--experimental-wasm-relaxed-simd');
  // Without lazy compilation the inliner has no feedback to read, and V8 14 then aborts.
  if (major >= 14) setFlagsFromString('--no-wasm-inlining');
  if (major >= 12) {
    setFlagsFromString(
      level === 'relaxed-256' ? '--experimental-wasm-revectorize' : '--no-experimental-wasm-revectorize',
    );
  }
}
