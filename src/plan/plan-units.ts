/**
 * Blocks of hidden units and their owners, for `units`: see sync/units.ts. The blocks do not depend on the number of
 * threads, so neither do the sums over them.
 */
import type { Region, Take } from '../memory/arena.js';
import type { LayerLayout } from '../model/layers/layer.js';
import type { Workspace, WorkspaceSizes } from './network.js';
import type { Plan } from './plan.js';

/** A panel of a first layer on sparse rows, four panels of one on dense rows. */
export const unitsPerBlock = 64;

/** Units [first, last) of a layer. */
export interface Units {
  readonly first: number;
  readonly last: number;
}

export interface UnitsPlan {
  /** Per rank: its hidden units, whole blocks; none if there are more ranks than blocks. Rank 0 has some. */
  readonly ranks: readonly Units[];
  /** f32 [2][blocks], each as the outputs of a workspace: the blocks' parts of the outputs, in this step and the last. */
  readonly parts: Region;
  /** Per rank from the second: buffers of all rows that a rank fills by itself; the first has those of plan.training. */
  readonly workspaces: readonly UnitsWorkspace[];
}

/** `outputs`: then their gradient, as in every workspace. */
export interface UnitsWorkspace extends Pick<Workspace, 'inputs' | 'bounds'> {
  readonly outputs: Region;
}

export const blocksOf = (units: number): number => Math.ceil(units / unitsPerBlock);

/** Even numbers of blocks for the ranks; rank 0 never has fewer than another. */
export function shareUnits(units: number, threads: number): Units[] {
  const start = (rank: number) =>
    Math.min(units, Math.ceil((blocksOf(units) * rank) / threads) * unitsPerBlock);
  return Array.from({ length: threads }, (_, rank) => ({ first: start(rank), last: start(rank + 1) }));
}

/** `sizes`: of the workspace of a batch. */
export function planUnits(
  take: Take,
  ranks: readonly Units[],
  [hidden, output]: readonly LayerLayout[],
  { inputWidth, ranges }: WorkspaceSizes,
  batch: number,
): UnitsPlan {
  const outputBytes = batch * output.width * 4;
  return {
    ranks,
    parts: take(2 * blocksOf(hidden.outputs) * outputBytes),
    workspaces: ranks.slice(1).map(({ first, last }) => {
      const rows = last > first ? batch : 0;
      return {
        inputs: take(rows * inputWidth * 4),
        // Ranks without units turn rows into columns too.
        bounds: take(batch * (ranges + 1) * 4),
        outputs: take(rows * output.width * 4),
      };
    }),
  };
}

/** The plan by which rank `rank` trains: hidden activations and deltas are common, each rank writes its own units'. */
export function unitsPlan(plan: Plan, units: UnitsPlan, rank: number): Plan {
  const { training } = plan;
  const own = units.workspaces[rank - 1];
  if (own === undefined) return plan;
  const { inputs, bounds, outputs } = own;
  const [hidden] = training.activations;
  return {
    ...plan,
    training: { ...training, inputs, bounds, activations: [hidden, outputs] },
  };
}
