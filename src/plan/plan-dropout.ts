/** What the ranks need for dropout: see optim/dropout.ts. */
import type { Config } from '../config/schema.js';
import type { Region, Take } from '../memory/arena.js';
import { type DropoutRate, dropoutRates } from '../optim/dropout.js';

export interface DropoutPlan {
  /** Per hidden layer. */
  readonly rates: readonly DropoutRate[];
  /** u32 [1]: the seed of the run's masks. */
  readonly seed: Region;
}

/** Null if no unit is dropped. */
export function planDropout(config: Config, take: Take): DropoutPlan | null {
  const rates = dropoutRates(config);
  return rates.length === 0 ? null : { rates, seed: take(4) };
}
