/** The memory of an integer network: its layers in panels, and what each rank needs for a chunk of samples. */
import type { Pipeline } from '../../data/transforms/pipeline.js';
import {
  entryBytes,
  entrySlack,
  quadInputs,
  type Slots,
  slotsInLine,
  slotsOfImage,
} from '../../kernels/int8/int8-kernels.js';
import type { Region, Take } from '../../memory/arena.js';

export interface Int8LayerPlan {
  readonly name: string;
  readonly inputs: number;
  readonly outputs: number;
  /** Units with those that fill the last panel. */
  readonly width: number;
  /** Panels of 64 units come first, then those of 16. */
  readonly panels: readonly Int8Panel[];
  /** f32 [width] each. */
  readonly scales: Region;
  readonly biases: Region;
}

export interface Int8Panel {
  readonly first: number;
  readonly units: 64 | 16;
  /** i8, see placePanel. */
  readonly weights: Region;
}

export interface Int8RankPlan {
  /** u8 [chunk][features]: inputs that are not the samples themselves. */
  readonly values: Region;
  readonly entries: Region;
  readonly starts: Region;
  readonly rowScales: Region;
  /** f32 [chunk][width of the layer] */
  readonly units: Region;
}

export interface Int8Plan {
  readonly layers: readonly Int8LayerPlan[];
  readonly ranks: readonly Int8RankPlan[];
  readonly squares: Squares;
  /** f32, the value of a 1 of the inputs of seven bits. */
  readonly scale: Region;
}

/** Height and width of grey images of which quads are squares; null: quads of neighbours. */
export type Squares = readonly [number, number] | null;

/** `sizes`: of the inputs, the hidden layers and the outputs. */
export function planInt8(
  sizes: readonly number[],
  {
    chunk,
    threads,
    squares,
  }: { readonly chunk: number; readonly threads: number; readonly squares: Squares },
  take: Take,
): Int8Plan {
  const layers = sizes.slice(1).map((outputs, index) => {
    const inputs = sizes[index];
    const width = Math.ceil(outputs / 16) * 16;
    const slots = index === 0 ? slotsOf(inputs, squares) : slotsInLine(inputs);
    const panels: Int8Panel[] = [];
    for (let first = 0; first < width; ) {
      const units = width - first >= 64 ? 64 : 16;
      panels.push({ first, units, weights: take(slots.count * units) });
      first += units;
    }
    return {
      name: String(2 * index),
      ...{ inputs, outputs, width, panels },
      scales: take(width * 4),
      biases: take(width * 4),
    };
  });
  const widest = Math.max(...layers.map(({ width }) => width));
  const slots = Math.max(Math.ceil(slotsOf(sizes[0], squares).count / 16) * 16, widest);
  const quads = slots / quadInputs + 1;
  const ranks = Array.from({ length: threads }, () => ({
    values: take(chunk * sizes[0] + 16),
    entries: take(chunk * quads * entryBytes + entrySlack),
    starts: take((chunk + 1) * 4),
    rowScales: take(chunk * 4),
    units: take(chunk * widest * 4),
  }));
  return { layers, ranks, squares, scale: take(4) };
}

/** Of the first layer's inputs. */
export const slotsOf = (inputs: number, squares: Squares): Slots =>
  squares === null ? slotsInLine(inputs) : slotsOfImage(...squares);

/** Images as read, of even sides, whose pairs of neighbours in a line are pairs of a quad too. */
export function squaresOf({ keepsValues, output }: Pipeline): Squares {
  const [height, width, depth] = output;
  const isGrey = output.length === 3 && depth === 1;
  return keepsValues && isGrey && height % 2 === 0 && width % 2 === 0 ? [height, width] : null;
}
