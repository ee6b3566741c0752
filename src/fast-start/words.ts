/**
 * Which command lines select the race, decided before the command-line parser is loaded; and the line that a race
 * prints.
 */
import type { Raced } from './race.js';

/** Flags of the race, each with the pattern of its value; null: the flag has no value. */
const flags = new Map([
  ['--profile-startup', null],
  ['--compile-kernels', null],
  ['--json', null],
  ['--quiet', null],
  ['--debug', null],
  ['--overwrite', null],
  ['--out', /^[^-]/],
  ['--seeds', /^(100000|[1-9]\d{0,4})$/],
]);

/** `--seeds 30` without a command selects training. */
const onlyWithCommand = new Set(['--seeds']);

/**
 * Whether these words select the race and nothing else: no words at all, flags of the race, or `race` before them.
 * Anything else, mistakes included, is left to the parser, before anything runs.
 */
export function asksForRace(words: readonly string[]): boolean {
  const named = words[0] === 'race';
  for (let i = named ? 1 : 0; i < words.length; i++) {
    const word = words[i];
    const flag = word.split('=', 1)[0];
    const form = flags.get(flag);
    if (form === undefined || (!named && onlyWithCommand.has(flag))) return false;
    if (form === null) {
      if (word !== flag) return false;
      continue;
    }
    const value = word === flag ? (words[++i] ?? '') : word.slice(flag.length + 1);
    if (!form.test(value)) return false;
  }
  return true;
}

/** The folder of `--out` among words that select the race; null without `--out`. */
export function outOf(words: readonly string[]): string | null {
  const at = words.findLastIndex((word) => word.split('=', 1)[0] === '--out');
  if (at < 0) return null;
  return words[at] === '--out' ? (words[at + 1] ?? null) : words[at].slice('--out='.length);
}

/** Cut instead of rounded: 96.996 % must not read as a 97.00 % that missed its target of 97. */
const percent = (share: number) => `${(Math.floor(share * 1e4 + 1e-6) / 100).toFixed(2)} %`;

export function raceLine({ recipe, accuracy, elapsedMs }: Raced): string {
  const verdict = accuracy >= recipe.target ? 'reached' : 'missed';
  const target = `target ${Number((recipe.target * 100).toFixed(2))} % ${verdict}`;
  return `${recipe.name}: ${percent(accuracy)} of the 10,000 test images ${elapsedMs.toFixed(1)} ms after the process started (${target})\n`;
}
