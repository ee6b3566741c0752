/**
 * Sizes of direction features. An image is normalised by its moments (Casey 1970) and drawn on a grid, its gradient
 * is split into eight directions and each direction pooled to 4 × 4 (Liu, Nakashima, Sako, Fujisawa 2003).
 */

/** Eight directions on four rows and columns. */
export const directionFeatureCount = 128;

/** Images are worked on eight at a time, side by side: f32 [features][8]. */
export const blockImages = 8;
export const blockBytes = directionFeatureCount * blockImages * 4;

/** Blocks that a worker claims at a time. */
export const chunkBlocks = 4;
export const chunkImages = chunkBlocks * blockImages;

/** Rows and columns of the images that the kernels are written for. */
export const imageSide = 28;

export const blocksOf = (images: number): number => Math.ceil(images / blockImages);
export const chunksOf = (images: number): number => Math.ceil(images / chunkImages);
