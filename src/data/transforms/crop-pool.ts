/** From images to integer feature vectors: crop, then 2×2 pooling. Exact, so that every machine agrees. */
import type { SampleKernels } from '../../kernels/sample-kernels.js';
import { inOneStep } from '../../numbers/steps.js';
import { ExitCode, UserError } from '../../user-error.js';
import type { Fitted, Shape, Transform, TransformKind, Values } from './transform.js';

export const cropAndPoolOf: TransformKind = {
  keys: ['crop', 'pool'],
  of: ({ crop, pool }) => (crop === 0 && pool === 1 ? null : cropAndPool(crop, pool)),
};

function cropAndPool(crop: number, pool: 1 | 2): Transform {
  const fitted = (input: Pick<Values, 'shape'>): Fitted => ({
    output: croppedShape(input.shape, { crop, pool }),
    keepsValues: false,
    keepsZeros: true,
    encoding: null,
    affine: null,
    apply: (samples, out, kernels) => extractFeatures(samples, crop, pool, out, kernels),
    describe: () => [
      ...(crop === 0 ? [] : [{ op: 'crop', by: crop } as const]),
      ...(pool === 1 ? [] : [{ op: 'sumPool' } as const]),
    ],
    tensors: () => new Map(),
  });
  return {
    fit: (train) => inOneStep(() => fitted(train)),
    restore: (_, input) => fitted(input),
  };
}

/** @throws UserError (usage) when nothing is left of the image. */
export function croppedShape(
  shape: Shape,
  { crop, pool }: { readonly crop: number; readonly pool: 1 | 2 },
): Shape {
  if (crop === 0 && pool === 1) return shape;
  const [height, width] = shape;
  const [rows, columns] = [height, width].map((size) => Math.floor((size - 2 * crop) / pool));
  // Not a number: the shape has no rows and columns.
  if (!(columns >= 1 && rows >= 1)) {
    throw new UserError(
      `data.crop=${crop} with data.pool=${pool} leaves nothing of ${[height, width ?? 1].join('×')} images`,
      ExitCode.usage,
    );
  }
  return [rows, columns, 1];
}

/**
 * Removes `crop` pixels from each side, and sums 2×2 blocks if `pool` is 2. An odd last row or column is left out, as in
 * PyTorch's AvgPool2d.
 */
export function extractFeatures(
  samples: Values,
  crop: number,
  pool: 1 | 2,
  out: Values['values'] | null = null,
  kernels: SampleKernels | null = null,
): Values {
  const [height, line] = samples.shape;
  const shape = croppedShape(samples.shape, { crop, pool });
  const [rows, columns] = shape;
  const width = rows * columns;
  if (pool === 1 && crop === 0) return samples;
  const { count, values: images } = samples;
  const values = out ?? (pool === 1 ? new Uint8Array(count * width) : new Uint16Array(count * width));
  const made = { values, count, shape, full: samples.full * pool * pool };
  const pooling = { imageBytes: height * line, corner: crop * line + crop, line, rows, columns };
  if (
    pool === 2 &&
    kernels?.pools(pooling) &&
    images instanceof Uint8Array &&
    values instanceof Uint16Array
  ) {
    kernels.pool(images, count, pooling, values);
    return made;
  }
  let next = 0;
  for (let sample = 0; sample < count; sample++) {
    const corner = (sample * height + crop) * line + crop;
    for (let y = 0; y < rows; y++) {
      let p = corner + y * pool * line;
      if (pool === 1) {
        for (let x = 0; x < columns; x++) values[next++] = images[p++];
      } else {
        for (let x = 0; x < columns; x++, p += 2)
          values[next++] = images[p] + images[p + 1] + images[p + line] + images[p + line + 1];
      }
    }
  }
  return made;
}
