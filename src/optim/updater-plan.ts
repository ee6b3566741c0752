/** The memory of an updater: state vectors as long as the parameters, and the norms that a step depends on. */
import type { Config } from '../config/schema.js';
import type { Region, Take } from '../memory/arena.js';
import { gradientNormBytes } from './clipping.js';
import { normsBytes, type WeightRows } from './layer-norms.js';
import { stateVectors } from './optimizer.js';

/** norms: see layer-norms.ts; gradientNorm: see clipping.ts. */
export interface UpdaterRegions {
  readonly states: Region;
  readonly norms: Region;
  readonly gradientNorm: Region;
}

/** `vectorBytes`: size of the parameter vector. */
export function planUpdater(
  take: Take,
  optimizer: Config['optimizer'],
  vectorBytes: number,
  rows: readonly WeightRows[],
): UpdaterRegions {
  return {
    states: take(vectorBytes * stateVectors(optimizer)),
    norms: take(normsBytes(optimizer, rows)),
    gradientNorm: take(gradientNormBytes(optimizer, rows)),
  };
}
