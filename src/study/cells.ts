/** A cell of a study: one variant with one seed. Its identity, and its results. */
import { createHash } from 'node:crypto';
import type { Config } from '../config/schema.js';

/** Everything that a cell's result depends on besides its seed and the code. */
export interface CellFacts {
  /** Comparisons share no cells: their times must come from the same minutes. */
  readonly comparison: string;
  readonly config: Config;
  readonly threads: number;
  /** Steps of a run at equal time, if they were measured rather than given. */
  readonly steps: number | null;
  readonly machine: Machine;
}

/** Times depend on the machine: cells of another machine are other cells. */
export interface Machine {
  readonly processor: string;
  readonly node: string;
  readonly wasmLevel: string;
}

/** A changed variant has another key, so that its cells run again; its label does not count. */
export function cellKey({ comparison, config, threads, steps, machine }: CellFacts): string {
  const { seed: _, log: __, ...rest } = config;
  const { threads: ___, ...parallel } = rest.parallel;
  const text = JSON.stringify(
    sorted({ ...rest, parallel, comparison, threads, equalTimeSteps: steps, machine }),
  );
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

/** The same values give the same text, for every order of their keys. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, inner]) => [key, sorted(inner)]));
}
