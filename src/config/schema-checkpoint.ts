/** Checkpoints: when one is written, and how many are kept. */
import * as z from 'zod';
import { countFromOne, expecting, section } from './schema-leaves.js';

const words = 'auto, off, or a number of epochs, steps or seconds such as 1epoch, 20steps or 30s';
const form = /^(?:auto|off|([1-9]\d{0,8}) ?(epochs?|steps?|s))$/;

export const checkpoint = section({
  every: z
    .string(expecting(words))
    .regex(form, expecting(words))
    .default('auto')
    .describe(
      'When `train` writes a checkpoint to its run folder, from which `train --resume` goes on to the same weights; also after ' +
        'SIGINT, SIGTERM and SIGHUP. auto: 30s, but off if the run takes less than 10 s by its own speed',
    ),
  keep: countFromOne()
    .default(2)
    .describe('Checkpoints that are kept, besides the one of the best evaluation; older ones are deleted'),
});

/** `auto` is as 30 seconds, if the run is long enough. Null: off. */
export interface CheckpointInterval {
  readonly unit: 'epochs' | 'steps' | 'seconds';
  readonly count: number;
  readonly isAuto: boolean;
}

const defaultSeconds = 30;

export function checkpointInterval(every: string): CheckpointInterval | null {
  if (every === 'auto') return { unit: 'seconds', count: defaultSeconds, isAuto: true };
  const [, count, word = ''] = form.exec(every) ?? [];
  if (count === undefined) return null;
  const unit = word.startsWith('epoch') ? 'epochs' : word.startsWith('step') ? 'steps' : 'seconds';
  return { unit, count: Number(count), isAuto: false };
}
