/** The names of checkpoints in a run folder. */
import { readdirSync } from 'node:fs';

export const lastName = 'checkpoint-last.safetensors';
export const bestName = 'checkpoint-best.safetensors';
const numbered = /^checkpoint-(\d{9,})\.safetensors$/;

export const checkpointName = (step: number): string =>
  `checkpoint-${String(step).padStart(9, '0')}.safetensors`;

export const isCheckpoint = (name: string): boolean =>
  name === lastName || name === bestName || numbered.test(name);

/** Of a numbered checkpoint; null for another name. */
export function stepOf(name: string): number | null {
  const step = numbered.exec(name)?.[1];
  return step === undefined ? null : Number(step);
}

/** Names of the numbered checkpoints in a folder, the newest first. */
export function checkpointsIn(folder: string): string[] {
  const steps = readdirSync(folder).flatMap((name) => {
    const step = stepOf(name);
    return step === null ? [] : [{ name, step }];
  });
  return steps.sort((a, b) => b.step - a.step).map(({ name }) => name);
}
