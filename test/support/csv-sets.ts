/** Folders of small CSV files, loaded with what was noted and warned of. */
import type { TestContext } from 'node:test';
import { type Dataset, loadDataset } from '../../dist/data/load.js';
import { type Files, temporaryFolder, writeFiles } from './data-files.ts';

export interface Loaded {
  readonly dataset: Dataset;
  readonly notes: string[];
  /** Codes. */
  readonly warned: string[];
  /** Texts. */
  readonly warnings: string[];
}

export async function loadFiles(
  t: TestContext,
  files: Files,
  label: string | number | null = null,
  set: 'csv' | 'idx' = 'csv',
): Promise<Loaded> {
  const dir = await temporaryFolder(t);
  await writeFiles(dir, files);
  return loadFolder(dir, label, set);
}

export async function loadFolder(
  dir: string,
  label: string | number | null = null,
  set: 'csv' | 'idx' | 'mnist' | 'fashion-mnist' = 'csv',
): Promise<Loaded> {
  const [notes, warned, warnings]: string[][] = [[], [], []];
  const dataset = await loadDataset(
    { set, dir, label },
    {
      note: (line) => notes.push(line),
      warn: (code, message) => {
        warned.push(code);
        warnings.push(message);
      },
    },
  );
  return { dataset, notes, warned, warnings };
}

/** Rows of four pixels of 0 to 200; `change` makes a row's cells of its number, label (0, 1, 2) and pixels. */
export function rows(
  count: number,
  change: (index: number, label: number, pixels: number[]) => readonly (number | string)[] = (
    _,
    label,
    pixels,
  ) => [label, ...pixels],
): (number | string)[][] {
  return Array.from({ length: count }, (_, index) => {
    const pixels = [0, 1, 2, 3].map((pixel) => (index * 37 + pixel * 53 + ((index * pixel) % 7) * 11) % 201);
    return [...change(index, index % 3, pixels)];
  });
}

export function text(lines: readonly (readonly (number | string)[])[], separator = ',', end = '\n'): string {
  return lines.map((cells) => cells.join(separator) + end).join('');
}
