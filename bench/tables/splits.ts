/** The tables and their splits, as `splits.py` writes them. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Of every contestant. */
export const threads = 2;

export interface BenchTable {
  readonly name: string;
  readonly target: string;
  readonly task: 'classes' | 'values';
  /** The score is of the target's logarithm. */
  readonly logarithm: boolean;
  /** 1: every seed has the same rows. */
  readonly splits: number;
  readonly columns: number;
  readonly train: number;
  readonly test: number;
}

export interface Split {
  readonly table: BenchTable;
  readonly trainFile: string;
  readonly testFile: string;
}

interface Manifest {
  readonly tables: readonly BenchTable[];
  /** Tables whose files are missing. */
  readonly missing: readonly string[];
}

export function writeSplits(python: string, data: string, folder: string, seeds: number): Manifest {
  const program = join(import.meta.dirname, 'splits.py');
  execFileSync(python, [program, data, folder, `${seeds}`], { stdio: ['ignore', 'inherit', 'inherit'] });
  return JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8'));
}

export function splitOf(table: BenchTable, seed: number, folder: string): Split {
  const name = `${table.name}-${table.splits > 1 ? seed : 1}`;
  const file = (part: string) => join(folder, `${name}.${part}.csv`);
  return { table, trainFile: file('train'), testFile: file('test') };
}
