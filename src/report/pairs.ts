/** Which settings and sweeps of two sides are compared, matched by recipe, strategy and threads. */
import { groupBy } from './group-by.js';
import type { Run, Track } from './run.js';
import { type Survey, threadWords } from './settings.js';

/** Runs of one recipe on one machine, as samples of the same quantity. */
export interface Unit {
  readonly kind: 'training' | 'sweep';
  readonly recipe: string;
  /** The key that must be the same for a match if there are several. */
  readonly key: string;
  readonly label: string;
  /** The first run represents the recipe, the data and the machine. */
  readonly runs: readonly Run[];
  readonly tracks: readonly Track[];
}

export interface Pair {
  readonly a: Unit;
  readonly b: Unit;
}

export interface Matching {
  readonly pairs: readonly Pair[];
  readonly onlyA: readonly Unit[];
  readonly onlyB: readonly Unit[];
}

export function unitsOf(found: Survey): Unit[] {
  const training = found.settings.map(({ recipe, backend, sync, threads, tracks, label }): Unit => {
    const words = label.includes('thread') ? label : `${label}, ${threadWords(threads)}`;
    const runs = [...new Set(tracks.map(({ run }) => run))];
    return {
      kind: 'training',
      recipe: recipe.key,
      key: JSON.stringify([recipe.key, backend, sync, threads]),
      label: words,
      runs,
      tracks,
    };
  });
  const swept = groupBy(
    found.runs.filter(({ sweep }) => sweep.length > 0),
    (run) =>
      JSON.stringify([
        found.recipeOf(run).key,
        run.facts.backend,
        run.facts.parallel.sync,
        found.machineOf(run).letter,
      ]),
  );
  const sweeps = [...swept.values()].map((runs): Unit => {
    const [{ facts }] = runs;
    const recipe = found.recipeOf(runs[0]);
    const key = JSON.stringify([recipe.key, facts.backend, facts.parallel.sync]);
    return {
      kind: 'sweep',
      recipe: recipe.key,
      key,
      label: `sweep of ${recipe.label}, ${facts.parallel.sync}`,
      runs,
      tracks: [],
    };
  });
  return [...training, ...sweeps];
}

/**
 * A single unit on each side is always a pair: the user named these two runs. Of several units, those with the same key
 * are pairs. If a recipe has one unit left on each side (a machine with other cores, another strategy), these two are a
 * pair too.
 */
export function match(a: readonly Unit[], b: readonly Unit[]): Matching {
  if (a.length === 1 && b.length === 1) return { pairs: [{ a: a[0], b: b[0] }], onlyA: [], onlyB: [] };
  const pairs: Pair[] = [];
  const paired = new Set<Unit>();
  const pair = (left: Unit, right: Unit) => {
    pairs.push({ a: left, b: right });
    paired.add(left).add(right);
  };
  const free = (units: readonly Unit[]) => units.filter((unit) => !paired.has(unit));
  for (const left of a) {
    const same = free(b).filter(({ kind, key }) => kind === left.kind && key === left.key);
    if (same.length > 0) pair(left, same[0]);
  }
  for (const left of free(a)) {
    const alike = ({ kind, recipe }: Unit) => kind === left.kind && recipe === left.recipe;
    const [ours, theirs] = [free(a).filter(alike), free(b).filter(alike)];
    if (ours.length === 1 && theirs.length === 1) pair(left, theirs[0]);
  }
  return { pairs, onlyA: free(a), onlyB: free(b) };
}
