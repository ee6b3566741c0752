/**
 * The strategy that `parallel.sync: auto` stands for: `units` if it is the faster by an estimate, else `owner`. The choice
 * follows from the configuration and the shape of the data alone. If it depended on threads or machine, so would the
 * bits of a run, because the two round differently.
 */
import { misfits } from '../config/capabilities.js';
import { valueAt } from '../config/layer.js';
import type { Config } from '../config/schema.js';
import type { DataFacts, SyncName } from './plan.js';
import { blocksOf } from './plan-units.js';

export interface SyncChoice {
  readonly sync: SyncName;
  readonly reason: string;
}

export type SyncFacts = Pick<DataFacts, 'features' | 'outputs' | 'packing' | 'parts'>;

/**
 * Largest batch for units: every worker reads all rows, or unpacks them if they are dense, and computes their loss; with
 * owner each does so for its own. Two threads took 0.65 to 0.94 of owner's time at batches of 16 to 256, 0.96 to 1.05 at
 * 512 and 1,024, 1.08 at 2,048; on dense rows 0.91 to 0.98 at 64, 1.03 at 128, 1.04 at 512.
 */
const [largestBatch, largestDenseBatch] = [256, 64];

/**
 * Cores of the machine that the estimate is for. Blocks of units are the work of as many workers at most, while owner uses
 * all cores: on more cores owner gains, on fewer units does.
 */
const assumedCores = 8;

/** What owner loses in a step besides: at its second barrier, and for each weight, which other cores have updated. */
const [barrierMicroseconds, weightMicroseconds] = [16, 0.0005];

/** Arithmetic of a step on one core, and its share for each weight: its update. */
const [flopPerMicrosecond, updateMicroseconds] = [55_000, 0.0005];

/** Null if the choice depends on the data. */
export function settledSync(config: Config): SyncName | null {
  return settled(config)?.sync ?? null;
}

export function chooseSync(config: Config, facts: SyncFacts): SyncChoice {
  const choice = settled(config);
  if (choice !== null) return choice;
  const { packing } = facts;
  if (packing === 'directions' || (packing !== 'sparse' && config.train.batch > largestDenseBatch)) {
    const rows =
      packing === 'directions' ? 'direction features' : `batches above ${largestDenseBatch} of dense rows`;
    return { sync: 'owner', reason: `auto: units gains nothing with ${rows}` };
  }
  const [hidden] = config.model.hidden;
  const blocks = blocksOf(hidden);
  const weights = facts.features * hidden;
  const alone = stepMicroseconds(config.train.batch, hidden, facts);
  const byUnits = alone / Math.min(blocks, assumedCores);
  const byOwner = alone / assumedCores + barrierMicroseconds + weights * weightMicroseconds;
  const share = (byUnits / byOwner).toFixed(2);
  return {
    sync: byUnits <= byOwner ? 'units' : 'owner',
    reason: `auto: a step of units takes ${share} of the time of owner, estimated for ${assumedCores} cores`,
  };
}

/** A step on one core. The first layer passes forward and to its gradient, by non-zeros; the second also to the deltas. */
function stepMicroseconds(
  batch: number,
  hidden: number,
  { features, outputs, packing, parts }: SyncFacts,
): number {
  const nonZeros = packing === 'sparse' ? parts.train.nonZeros / parts.train.count : features;
  const flop = batch * hidden * (4 * nonZeros + 6 * outputs);
  return flop / flopPerMicrosecond + features * hidden * updateMicroseconds;
}

/** What the configuration settles by itself. */
function settled(config: Config): SyncChoice | null {
  const { parallel, model, train } = config;
  if (parallel.sync !== 'auto') return { sync: parallel.sync, reason: 'requested' };
  const owner = (reason: string): SyncChoice => ({ sync: 'owner', reason: `auto: ${reason}` });
  const obstacle = obstacleToUnits(config);
  if (obstacle !== null) return owner(`units does not go with ${obstacle}`);
  if (blocksOf(model.hidden[0]) < 2)
    return owner(`${model.hidden[0]} hidden units are one block, the work of one worker`);
  if (train.batch > largestBatch) return owner(`units gains nothing with batches above ${largestBatch}`);
  return null;
}

/** A key with its value that refuses units; null: none does. */
function obstacleToUnits(config: Config): string | null {
  const asked: Config = { ...config, parallel: { ...config.parallel, sync: 'units' } };
  const clash = misfits(asked).find(({ keys }) => keys.includes('parallel.sync'));
  const key = clash?.keys.find((each) => each !== 'parallel.sync');
  return key === undefined ? null : `${key}=${shown(valueAt(config, key.split('.')))}`;
}

/** A section with a name as that name. */
const shown = (value: unknown) =>
  typeof value === 'object' && value !== null && 'name' in value ? String(value.name) : JSON.stringify(value);
