/** Which command lines are a race, told before the command-line parser is loaded; and the line that a race prints. */
import type { Raced } from './race.js';

/** Flags that the race takes, with the number of words that follow them. */
const flags = new Map([
  ['--profile-startup', 0],
  ['--json', 0],
  ['--quiet', 0],
  ['--debug', 0],
  ['--out', 1],
  ['--seeds', 1],
]);

/** `--seeds 30` without a command trains, as it always did. */
const onlyWithCommand = new Set(['--seeds']);

/**
 * Whether these words ask for the race and nothing but it: no words at all, flags of the race, or `race` before them.
 * Anything else, mistakes included, is left to the parser.
 */
export function asksForRace(words: readonly string[]): boolean {
  const named = words[0] === 'race';
  for (let i = named ? 1 : 0; i < words.length; i++) {
    const [flag, value] = words[i].split('=', 2);
    const following = flags.get(flag);
    if (following === undefined || (!named && onlyWithCommand.has(flag))) return false;
    if (value === undefined) i += following;
    else if (following === 0) return false;
    if (i >= words.length) return false;
  }
  return true;
}

/** Cut, not rounded: 96.996 % must not read as a 97.00 % that missed its target of 97. */
const percent = (share: number) => `${(Math.floor(share * 1e4 + 1e-6) / 100).toFixed(2)} %`;

export function raceLine({ recipe, accuracy, elapsedMs }: Raced): string {
  const verdict = accuracy >= recipe.target ? 'reached' : 'missed';
  const target = `target ${Number((recipe.target * 100).toFixed(2))} % ${verdict}`;
  return `${recipe.name}: ${percent(accuracy)} of the 10,000 test images ${elapsedMs.toFixed(1)} ms after the process started (${target})\n`;
}
