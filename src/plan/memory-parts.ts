/** What the parts of a plan's memory hold, in the words of messages. */
import type { Plan } from './plan.js';

const words: Readonly<Record<string, string>> = {
  transform: 'data set and direction features',
  samples: 'data set',
  network: 'parameters, activations and gradients',
  updater: 'optimiser',
  replicas: "workers' own networks",
  units: 'hidden units by worker',
};

/** Bytes by what they hold; the plan's small parts together. */
export function memoryParts({ owners }: Pick<Plan, 'owners'>): Record<string, number> {
  const parts: Record<string, number> = {};
  for (const [owner, bytes] of Object.entries(owners)) {
    const name = words[owner] ?? 'control and measurements';
    parts[name] = (parts[name] ?? 0) + bytes;
  }
  return parts;
}

/**
 * Bytes of the copies of a run's state, each of `bytes`: one to go on from after a loss; with checkpoints also the copy that waits
 * for the file, that of the best evaluation, the one that is written, and its encoding.
 */
export function copyParts(bytes: number, hasCheckpoints: boolean): Record<string, number> {
  return { 'copy for a lost worker': bytes, checkpoints: hasCheckpoints ? 4 * bytes : 0 };
}
