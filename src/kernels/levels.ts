/**
 * Feature levels of the WebAssembly kernels, best first, and the V8 flags that each needs.
 * - `relaxed-256`: fused multiply-add, and pairs of 128-bit operations joined into 256-bit ones by V8;
 * - `relaxed`: fused multiply-add at 128 bit;
 * - `simd`: plain 128-bit SIMD, separate multiply and add.
 */
import { setFlagsFromString } from 'node:v8';
import { ExitCode, expectedGot, UserError } from '../user-error.js';

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
 * The levels to try in this process: those of its V8, none better than the one in SHARDSTEP_KERNELS.
 * @throws UserError (usage) for another word in the variable.
 */
export function levelsHere({ SHARDSTEP_KERNELS: best = '' } = process.env): Level[] {
  const here = candidateLevels(process.versions.v8, process.arch);
  if (best === '') return here;
  const from = (levels as readonly string[]).indexOf(best);
  if (from < 0)
    throw new UserError(
      `SHARDSTEP_KERNELS: ${expectedGot(`one of ${levels.join(', ')}`, best)}`,
      ExitCode.usage,
    );
  return here.filter((level) => levels.indexOf(level) >= from);
}

/** V8's defaults of the flags that a compilation sets. */
const defaults = {
  liftoff: true,
  'wasm-tier-up': true,
  'wasm-lazy-compilation': true,
  'wasm-inlining': true,
  'experimental-wasm-relaxed-simd': false,
  'experimental-wasm-revectorize': false,
} as const;

type Flag = keyof typeof defaults;

/**
 * The flags that a level's compilation needs. Without lazy compilation and tiers, the optimised code exists before the
 * first call, outside the timed path.
 */
export function compilerFlags(level: Level, v8Version: string, architecture: string): [Flag, boolean][] {
  const [major = 0, minor = 0] = v8Version.split('.').map(Number);
  const flags: [Flag, boolean][] = [
    ['liftoff', false],
    ['wasm-tier-up', false],
    ['wasm-lazy-compilation', false],
  ];
  if (major < 11 || (major === 11 && minor < 4)) flags.push(['experimental-wasm-relaxed-simd', true]);
  // Without lazy compilation the inliner has no feedback to read, and V8 14 then aborts.
  if (major >= 14) flags.push(['wasm-inlining', false]);
  // Other architectures do not know the flag.
  if (major >= 12 && architecture === 'x64')
    flags.push(['experimental-wasm-revectorize', level === 'relaxed-256']);
  return flags;
}

/** Sets the flags of a level; they hold for the whole process, worker threads included. */
export function setCompilerFlags(level: Level, v8Version: string): void {
  for (const [name, value] of compilerFlags(level, v8Version, process.arch)) setFlag(name, value);
}

/** Undoes `setCompilerFlags`: each flag is again as the user of the process set it, else V8's default. */
export function restoreCompilerFlags(v8Version: string, given = givenFlags()): void {
  for (const [name] of compilerFlags('simd', v8Version, process.arch))
    setFlag(name, given.get(name) ?? defaults[name]);
}

const setFlag = (name: Flag, value: boolean) => setFlagsFromString(`--${value ? '' : 'no-'}${name}`);

/** Flags on the command line of the process and in NODE_OPTIONS, such as `--no-liftoff` or `--nowasm_tier_up`. */
export function givenFlags(
  words = [...(process.env.NODE_OPTIONS?.split(/\s+/) ?? []), ...process.execArgv],
): Map<string, boolean> {
  const given = new Map<string, boolean>();
  for (const word of words) {
    const [, no, name] = /^--(no-?)?(.+)$/.exec(word.replaceAll('_', '-')) ?? [];
    if (name !== undefined && name in defaults) given.set(name, no === undefined);
  }
  return given;
}
