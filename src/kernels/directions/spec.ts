/**
 * Sizes of direction features. An image is normalised by its moments (Casey 1970) and drawn on a grid. Its gradient is
 * split into eight directions and each direction pooled (Liu, Nakashima, Sako, Fujisawa 2003). Products of their
 * leading principal components may follow.
 */
import type { Config } from '../../config/schema.js';
import { stripVectorFloats } from './direction-kernels.js';
import { productCount, productStrips } from './linear-model.js';

/** How direction features are made, and their number. */
export interface DirectionShape {
  readonly grid: number;
  readonly pool: number;
  /** A digit's standard deviation as a share of the grid. */
  readonly size: number;
  readonly aspect: boolean;
  readonly allRows: boolean;
  readonly sobel: boolean;
  /** Eight directions on pool × pool cells. */
  readonly features: number;
  /** Principal components whose products are inputs too. */
  readonly components: number;
  /** Inputs of the network: direction features and distinct products. */
  readonly inputs: number;
  /** Strips of eight inputs, and floats of the parameter vector that they form. */
  readonly strips: number;
  readonly vectorFloats: number;
}

/** Images that keep some of their aspect ratio are drawn slightly larger. */
const sizes = { plain: 0.22, aspect: 0.24 };

export function directionShape(spec: Config['data']['features']): DirectionShape {
  const features = 8 * spec.pool * spec.pool;
  const strips = features / 8 + productStrips(spec.quadratic);
  return {
    grid: spec.grid,
    pool: spec.pool,
    size: spec.aspect ? sizes.aspect : sizes.plain,
    aspect: spec.aspect,
    allRows: spec.rows === 'all',
    sobel: spec.gradient === 'sobel',
    features,
    components: spec.quadratic,
    inputs: features + productCount(spec.quadratic),
    strips,
    vectorFloats: stripVectorFloats(strips),
  };
}

/** Images are processed in parallel, eight at a time: f32 [features][8]. */
export const blockImages = 8;
export const blockBytes = ({ features }: DirectionShape): number => features * blockImages * 4;

/** Blocks that a worker claims at a time. */
export const chunkBlocks = 4;
export const chunkImages = chunkBlocks * blockImages;

/** Rows and columns of the images that the kernels support. */
export const imageSide = 28;

/** At most this many images, the first of a run, determine the principal components. */
const mostFitted = 1024;

export const blocksOf = (images: number): number => Math.ceil(images / blockImages);
export const chunksOf = (images: number): number => Math.ceil(images / chunkImages);

/** Images that principal components are fitted on, whole blocks. */
export const fittedImages = (images: number): number =>
  Math.max(blockImages, Math.floor(Math.min(images, mostFitted) / blockImages) * blockImages);
