/** Groups the curves that belong in one statistic: the same recipe on the same machine, threads and strategy. */
import { plural } from '../numbers/words.js';
import { keyOf, recipeKeys } from './config-keys.js';
import { distinguishing } from './distinguishing.js';
import { groupBy } from './group-by.js';
import { findMachines, type Machine } from './machines.js';
import { nameOf, type Run, type Track } from './run.js';

export interface Recipe {
  readonly key: string;
  /** The configuration's name, with the keys that distinguish it from others of that name. */
  readonly label: string;
}

export interface Setting {
  readonly recipe: Recipe;
  readonly machine: Machine;
  readonly backend: string;
  readonly sync: string;
  readonly threads: number | null;
  readonly tracks: readonly Track[];
  /** Names the keys that distinguish it from the others. */
  readonly label: string;
}

export interface Survey {
  readonly runs: readonly Run[];
  readonly machines: readonly Machine[];
  readonly settings: readonly Setting[];
  machineOf(run: Run): Machine;
  recipeOf(run: Run): Recipe;
}

const recipeKey = (run: Run) => `${nameOf(run)} ${keyOf(recipeKeys(run.config))}`;

/** In the order of the runs; machines, recipes and settings are distinguished by their contents. */
export function survey(runs: readonly Run[]): Survey {
  const machines = findMachines(runs);
  const machineByRun = new Map(
    machines.flatMap((machine) => machine.runs.map((run) => [run, machine] as const)),
  );
  const machineOf = (run: Run) => machineByRun.get(run) ?? machines[0];
  const recipes = nameRecipes(runs);
  const recipeOf = (run: Run) => recipes.get(recipeKey(run)) ?? { key: recipeKey(run), label: nameOf(run) };
  const groups = groupBy(
    runs.flatMap(({ tracks }) => tracks),
    ({ run, threads }) => {
      const { backend, parallel } = run.facts;
      return JSON.stringify([recipeKey(run), machineOf(run).letter, backend, parallel.sync, threads]);
    },
  );
  const settings = nameSettings(
    [...groups.values()].map((tracks) => {
      const [{ run, threads }] = tracks;
      const { backend, parallel } = run.facts;
      const { sync } = parallel;
      return { recipe: recipeOf(run), machine: machineOf(run), backend, sync, threads, tracks };
    }),
  );
  return { runs, machines, settings, machineOf, recipeOf };
}

/** Same name, other keys: `pixels-97 (train.batch 128)`. */
function nameRecipes(runs: readonly Run[]): Map<string, Recipe> {
  const named = new Map<string, Recipe>();
  for (const [name, sameName] of groupBy(runs, nameOf)) {
    const distinct = [...new Map(sameName.map((run) => [recipeKey(run), recipeKeys(run.config)]))];
    const varying = [...new Set(distinct.flatMap(([, keys]) => [...keys.keys()]))].filter(
      (key) => new Set(distinct.map(([, keys]) => keys.get(key))).size > 1,
    );
    const [[, first]] = distinct;
    for (const [key, keys] of distinct) {
      // Of many keys, all those that differ from the first recipe: no two labels are the same.
      const shown =
        varying.length <= 3 ? varying : varying.filter((each) => keys.get(each) !== first.get(each));
      const words = shown.map((each) => `${each} ${keys.get(each) ?? 'unset'}`);
      named.set(key, { key, label: words.length === 0 ? name : `${name} (${words.join(', ')})` });
    }
  }
  return named;
}

/** The recipe, and the facts in which the settings differ. */
function nameSettings(settings: readonly Omit<Setting, 'label'>[]): Setting[] {
  const name = distinguishing(settings, ({ recipe }) => recipe.label, [
    ({ sync }) => sync,
    ({ backend }) => backend,
    ({ threads }) => threadWords(threads),
  ]);
  // If all known machines are one, runs without a hardware card stand out.
  const known = new Set(settings.map(({ machine }) => machine.letter).filter((letter) => letter !== '?'));
  return settings.map((setting) => {
    const { letter } = setting.machine;
    const where = letter === '?' || known.size > 1 ? `, machine ${letter}` : '';
    return { ...setting, label: `${name(setting)}${where}` };
  });
}

export const threadWords = (threads: number | null): string =>
  threads === null ? 'threads unknown' : plural(threads, 'thread');
