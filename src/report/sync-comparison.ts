/** Compares sync strategies whose runs differ in nothing else. */

import { median } from '../numbers/statistics.js';
import { groupBy } from './group-by.js';
import type { Survey } from './settings.js';
import { lastAccuracy, throughput } from './target-times.js';

export interface SyncRow {
  readonly sync: string;
  readonly threads: number;
  /** Samples of each finished curve, or of each repeat of a sweep. */
  readonly imagesPerSecond: readonly number[];
  readonly accuracies: readonly number[];
  /** Median throughput over that of the fastest strategy in the group. */
  readonly ofFastest: number;
}

export interface SyncGroup {
  readonly recipe: string;
  readonly machine: string;
  readonly backend: string;
  readonly threads: number;
  readonly source: 'sweeps' | 'training runs';
  readonly rows: readonly SyncRow[];
}

interface Sample extends Omit<SyncGroup, 'rows'> {
  readonly sync: string;
  readonly imagesPerSecond: readonly number[];
  readonly accuracies: readonly number[];
}

/** Groups in which at least two strategies were measured. */
export function syncGroups(found: Survey): SyncGroup[] {
  const samples = [...trainedSamples(found), ...sweptSamples(found)].filter(
    ({ imagesPerSecond }) => imagesPerSecond.length > 0,
  );
  const groups = groupBy(samples, ({ recipe, machine, backend, threads, source }) =>
    JSON.stringify([recipe, machine, backend, threads, source]),
  );
  return [...groups.values()].flatMap((group) => {
    const bySync = [...groupBy(group, ({ sync }) => sync)];
    if (bySync.length < 2) return [];
    const rows = bySync.map(([sync, same]) => ({
      sync,
      threads: same[0].threads,
      imagesPerSecond: same.flatMap(({ imagesPerSecond }) => imagesPerSecond),
      accuracies: same.flatMap(({ accuracies }) => accuracies),
    }));
    const fastest = Math.max(...rows.map(({ imagesPerSecond }) => median(imagesPerSecond)));
    const { recipe, machine, backend, threads, source } = group[0];
    return {
      ...{ recipe, machine, backend, threads, source },
      rows: rows.map((row) => ({ ...row, ofFastest: median(row.imagesPerSecond) / fastest })),
    };
  });
}

const trainedSamples = ({ settings }: Survey): Sample[] =>
  settings.flatMap(({ recipe, machine, backend, threads, sync, tracks }) =>
    threads === null
      ? []
      : {
          ...{ recipe: recipe.label, machine: machine.letter, backend, threads, sync },
          source: 'training runs' as const,
          imagesPerSecond: tracks.map(throughput).filter((rate) => rate !== null),
          accuracies: tracks.map(lastAccuracy).filter((accuracy) => accuracy !== null),
        },
  );

const sweptSamples = (found: Survey): Sample[] =>
  found.runs.flatMap((run) =>
    run.sweep.map(({ threads, samplesMs, medianMs, imagesPerSecond }) => ({
      recipe: found.recipeOf(run).label,
      machine: found.machineOf(run).letter,
      backend: run.facts.backend,
      threads,
      sync: run.facts.parallel.sync,
      source: 'sweeps' as const,
      imagesPerSecond: samplesMs.map((ms) => (imagesPerSecond * medianMs) / ms),
      accuracies: [],
    })),
  );
