/** The environment in which one worker of a command has a fault. */
import { fileURLToPath } from 'node:url';

export type WorkerFault = 'throw' | 'exit' | 'memory' | 'terminate' | 'loop';

const preload = fileURLToPath(new URL('./faulty-worker.cjs', import.meta.url));

/** `at`: the n-th addition to a shared word, or arrival at a barrier. `file`: gets the moment, see faulty-worker.cjs. */
export const faultOfWorker = (
  kind: WorkerFault,
  word: 'added' | 'arrived',
  at: number,
  file: string,
): Record<string, string> => ({
  NODE_OPTIONS: `--require ${preload}`,
  SHARDSTEP_WORKER_FAULT: `${kind} ${word} ${at} ${file}`,
});
