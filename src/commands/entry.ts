/**
 * Loaded by `node dist/coordinator`, bundled with everything that the race needs into one CommonJS file. The race runs
 * from here before anything else is loaded; every other command goes straight to the coordinator.
 */
import { existsSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { expandHome } from '../config/home.js';
import { profileTable } from '../fast-start/profile.js';
import { type Raced, race } from '../fast-start/race.js';
import type { RaceRecipe } from '../fast-start/recipe.js';
import { asksForRace, outOf, raceLine } from '../fast-start/words.js';

/** The recipe of configs/mnist-97.yaml, inserted by the bundler. */
declare const RACE_RECIPE: RaceRecipe;

/** The race, or the reason for its failure. Problems of the data are found and reported later, by the full loader. */
async function tryRace(words: readonly string[]): Promise<Raced | Error> {
  try {
    const raced = await race(RACE_RECIPE, process.env, words.includes('--compile-kernels'));
    const json = words.includes('--json');
    // With --json, stdout holds one object and nothing else.
    if (!json || !words.includes('--quiet')) print(json ? 2 : 1, raceLine(raced));
    if (words.includes('--profile-startup')) print(2, profileTable(raced, performance.now()));
    return raced;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** Whether the command will refuse the folder of `--out`: then the race does not run first. */
function isUsed(words: readonly string[]): boolean {
  const out = outOf(words);
  if (out === null || words.includes('--overwrite')) return false;
  try {
    const folder = expandHome(out);
    return ['log.ndjson', 'config.yaml'].some((name) => existsSync(join(folder, name)));
  } catch {
    return true;
  }
}

/** Opening `process.stdout` is slow: it is opened only if a plain write to the descriptor fails. */
function print(stream: 1 | 2, line: string): void {
  try {
    writeSync(stream, line);
  } catch {
    (stream === 1 ? process.stdout : process.stderr).on('error', () => {}).write(line);
  }
}

async function start(words: readonly string[]): Promise<void> {
  // If the event loop drains before `main` resolves, exit 1 instead of 0.
  const unanswered = (code: number) => {
    if (code === 0) process.exitCode = 1;
  };
  process.once('exit', unanswered);
  const raced = asksForRace(words) && !isUsed(words) ? await tryRace(words) : null;
  const { main } = await import('./main.js');
  process.exitCode = await main(words, raced);
  process.off('exit', unanswered);
}

start(process.argv.slice(2));
