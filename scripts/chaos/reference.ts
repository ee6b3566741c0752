/** A run that is not disturbed: its weights, and when its checkpoints come. */
import { mkdirSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import type { Configuration } from './configurations.ts';
import { numberedIn, train, weightsOf } from './training.ts';

export interface Reference {
  readonly configuration: Configuration;
  readonly sha256: string;
  readonly usualMs: number;
  /** Its first checkpoint, after its start. */
  readonly firstMs: number;
  /** Of its last checkpoint. */
  readonly lastStep: number;
}

export async function undisturbed(configuration: Configuration, folder: string): Promise<Reference> {
  const [run, temporary] = foldersIn(folder, 'whole');
  const started = performance.now();
  let firstMs: number | null = null;
  const timer = setInterval(() => {
    if (stepOf(run) > 0) firstMs ??= performance.now() - started;
  }, 5);
  const { code, stderr, elapsedMs } = await train([...configuration.words, '--quiet', '--out', run], {
    temporary,
  });
  clearInterval(timer);
  const sha256 = weightsOf(run);
  if (code !== 0 || sha256 === null) throw new Error(`${configuration.name}: exit code ${code}: ${stderr}`);
  return { configuration, sha256, usualMs: elapsedMs, firstMs: firstMs ?? elapsedMs, lastStep: stepOf(run) };
}

export function foldersIn(folder: string, name: string): [run: string, temporary: string] {
  const parent = mkdtempSync(join(folder, `${name}-`));
  mkdirSync(join(parent, 'tmp'));
  return [join(parent, 'run'), join(parent, 'tmp')];
}

/** Of the newest checkpoint; 0 without one. */
export const stepOf = (run: string): number => Number(/\d+/.exec(numberedIn(run).at(0) ?? '0')?.[0]);
