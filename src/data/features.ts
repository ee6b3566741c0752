/** From images to integer feature vectors: crop, then 2×2 pooling. Exact, so that every machine agrees. */
import { ExitCode, UserError } from '../user-error.js';
import type { ImageSet } from './dataset.js';

export interface Features {
  /** [count][width] integers: a pixel, or the sum of a pooled block. */
  readonly values: Uint8Array | Uint16Array;
  readonly count: number;
  /** Features of one sample. */
  readonly width: number;
  /** Pixels summed in a value: 1, or 4 after 2×2 pooling. */
  readonly pixelsPerValue: number;
}

/**
 * Removes `crop` pixels from each side and sums 2×2 blocks if `pool` is 2 (an odd last row or column is left
 * out, as in PyTorch's AvgPool2d).
 * @throws UserError (usage) when nothing is left of the image.
 */
export function extractFeatures(set: Omit<ImageSet, 'labels'>, crop: number, pool: 1 | 2): Features {
  const columns = Math.floor((set.columns - 2 * crop) / pool);
  const rows = Math.floor((set.rows - 2 * crop) / pool);
  if (columns < 1 || rows < 1) {
    throw new UserError(
      `data.crop=${crop} with data.pool=${pool} leaves nothing of ${set.rows}×${set.columns} images`,
      ExitCode.usage,
    );
  }
  const width = rows * columns;
  if (pool === 1 && crop === 0) return { values: set.images, count: set.count, width, pixelsPerValue: 1 };
  const values = pool === 1 ? new Uint8Array(set.count * width) : new Uint16Array(set.count * width);
  const { images } = set;
  const line = set.columns;
  let out = 0;
  for (let sample = 0; sample < set.count; sample++) {
    const corner = (sample * set.rows + crop) * line + crop;
    for (let y = 0; y < rows; y++) {
      let p = corner + y * pool * line;
      if (pool === 1) {
        for (let x = 0; x < columns; x++) values[out++] = images[p++];
      } else {
        for (let x = 0; x < columns; x++, p += 2)
          values[out++] = images[p] + images[p + 1] + images[p + line] + images[p + line + 1];
      }
    }
  }
  return { values, count: set.count, width, pixelsPerValue: pool * pool };
}

/** Samples [first, last) of a feature set, as a view. */
export function sliceFeatures(features: Features, first: number, last: number): Features {
  return {
    ...features,
    values: features.values.subarray(first * features.width, last * features.width),
    count: last - first,
  };
}
