/**
 * Loaded by `node dist/coordinator`, bundled with everything that the race needs into one CommonJS file. The race runs
 * from here before anything else is loaded; every other command goes straight to the coordinator.
 */
import { existsSync, statSync, writeSync } from 'node:fs';
import * as nodeModule from 'node:module';
import { join } from 'node:path';
import { expandHome } from '../config/home.js';
import { profileTable } from '../fast-start/profile.js';
import { type Raced, race } from '../fast-start/race.js';
import type { RaceRecipe } from '../fast-start/recipe.js';
import { asksForRace, outOf, raceLine } from '../fast-start/words.js';

type MainModule = typeof import('./main.js');

/** Unknown to the types of Node 20. */
interface CompileCache {
  readonly enableCompileCache?: (folder: string) => unknown;
}

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

/** The bundle with everything that a training loads, beside this file; in a package there is none. */
const bundle = join(import.meta.dirname, 'commands.cjs');

/** Whether these words are those of a training, and there is a bundle for it. */
function trains(words: readonly string[]): boolean {
  const [first = ''] = words;
  const isNamed = first === 'train' || first.startsWith('--') || first.includes('=');
  return isNamed && !words.includes('--debug') && isCurrent(bundle);
}

/** Whether the bundle is there and was made after the modules were last compiled; `tsc` writes all of them. */
function isCurrent(path: string): boolean {
  const made = statSync(path, { throwIfNoEntry: false });
  const compiled = statSync(join(import.meta.dirname, '../commands/main.js'), { throwIfNoEntry: false });
  return made !== undefined && (compiled === undefined || compiled.mtimeMs <= made.mtimeMs);
}

/**
 * Loads the bundle with V8's code of it, which the build has cached. Node verifies the code by checksums, and ignores
 * it if it does not fit; then it tries to write it anew. Node before 22.8 compiles.
 */
function loadBundle(): MainModule {
  const { enableCompileCache } = nodeModule as CompileCache;
  const { env } = process;
  if (enableCompileCache !== undefined && !env.NODE_COMPILE_CACHE && !env.NODE_DISABLE_COMPILE_CACHE) {
    const folder = join(import.meta.dirname, 'code');
    enableCompileCache(folder);
    // For the workers.
    env.NODE_COMPILE_CACHE = folder;
  }
  return nodeModule.createRequire(bundle)(bundle);
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
  const { main } = trains(words) ? loadBundle() : await import('./main.js');
  process.exitCode = await main(words, raced);
  process.off('exit', unanswered);
}

start(process.argv.slice(2));
