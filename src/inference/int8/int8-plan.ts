/** The memory of an integer network: its layers in panels, and what each rank needs for a chunk of samples. */
import { entryBytes, entrySlack, quadInputs } from '../../kernels/int8/int8-kernels.js';
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
  /** f32, the value of a 1 of the inputs of seven bits. */
  readonly scale: Region;
}

/** `sizes`: of the inputs, the hidden layers and the outputs. */
export function planInt8(
  sizes: readonly number[],
  { chunk, threads }: { readonly chunk: number; readonly threads: number },
  take: Take,
): Int8Plan {
  const layers = sizes.slice(1).map((outputs, index) => {
    const inputs = sizes[index];
    const width = Math.ceil(outputs / 16) * 16;
    const quads = Math.ceil(inputs / quadInputs);
    const panels: Int8Panel[] = [];
    for (let first = 0; first < width; ) {
      const units = width - first >= 64 ? 64 : 16;
      panels.push({ first, units, weights: take(quads * quadInputs * units) });
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
  const quads = Math.max(Math.ceil(sizes[0] / 16) * 16, widest) / quadInputs + 1;
  const ranks = Array.from({ length: threads }, () => ({
    values: take(chunk * sizes[0] + 16),
    entries: take(chunk * quads * entryBytes + entrySlack),
    starts: take((chunk + 1) * 4),
    rowScales: take(chunk * 4),
    units: take(chunk * widest * 4),
  }));
  return { layers, ranks, scale: take(4) };
}
