/** A small set of images that a small network learns: prototypes of five classes, some pixels noisy. As CSV files. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface ToyRow {
  readonly label: number;
  /** 0 to 255, [8][8]. */
  readonly pixels: readonly number[];
}

/** Numbers from 0 to below 1: mulberry32. */
export function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** `sorted`: by class. */
export function toyRows(count: number, seed: number, sorted = false): ToyRow[] {
  const drawPrototype = random(99);
  const prototypes = Array.from({ length: 5 }, () =>
    Array.from({ length: 64 }, () => (drawPrototype() < 0.6 ? 0 : 255)),
  );
  const draw = random(seed);
  const rows = Array.from({ length: count }, (): ToyRow => {
    const label = Math.floor(5 * draw());
    const pixels = prototypes[label].map((value) => (draw() < 0.1 ? Math.round(255 * draw()) : value));
    return { label, pixels };
  });
  return sorted ? rows.toSorted((a, b) => a.label - b.label) : rows;
}

/** Folder `name` in `cwd` with train.csv (240 rows unless given) and test.csv (80); `change`: of every value; `label`: in a header. */
export function writeToySet(
  cwd: string,
  name: string,
  change: (value: number) => number = (value) => value,
  train: readonly ToyRow[] = toyRows(240, 7),
  label: string | null = null,
): void {
  const names = Array.from({ length: 64 }, (_, i) => `pixel${i + 1}`);
  const header = label === null ? '' : `${[label, ...names].join(',')}\n`;
  const text = (rows: readonly ToyRow[]) =>
    header + rows.map(({ label, pixels }) => `${[label, ...pixels.map(change)].join(',')}\n`).join('');
  mkdirSync(join(cwd, name));
  writeFileSync(join(cwd, name, 'train.csv'), text(train));
  writeFileSync(join(cwd, name, 'test.csv'), text(toyRows(80, 8)));
}

/** Words of a run on such a folder, after the command. */
export const toyRun = (folder: string): string[] => [
  ...['--config', 'toy.yaml', '--quiet', '--out', `run-${folder}`, 'data.set=csv', `data.dir=${folder}`],
  ...['parallel.threads=1'],
];

/** toy.yaml in `cwd`. */
export function writeToyRecipe(cwd: string): void {
  const recipe = 'model:\n  hidden: [16]\ntrain:\n  batch: 16\n  epochs: 10\noptimizer:\n  lr: 0.1\n';
  writeFileSync(join(cwd, 'toy.yaml'), recipe);
}
