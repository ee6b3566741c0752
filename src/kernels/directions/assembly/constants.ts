// Vectors that loops need. V8 computes a constant again at every use, so they are kept in the scratch and loaded before
// the loop. The names are offsets from the scratch's start.
import { CONSTANTS, ROW_BYTES } from './layout';

export const FIRST_FOUR_SHORTS: usize = CONSTANTS;
export const ONE_SHORT: usize = CONSTANTS + 16;
export const SIGN_SHORT: usize = CONSTANTS + 32;
/** Swizzles of eight i16: lane 3 to the upper half, zero to the lower; lane 7 to all. */
export const MIDDLE_TO_UPPER: usize = CONSTANTS + 48;
export const LAST_TO_ALL: usize = CONSTANTS + 64;
/** i16 [32]: x of a column in pairs of pixels, and its square; 0 beyond the image. */
export const COLUMN: usize = CONSTANTS + 80;
export const COLUMN_SQUARED: usize = CONSTANTS + 144;
/** The last place of a row in 1/16384 pixel. */
export const ROW_END: usize = CONSTANTS + 208;
export const FRACTION_MASK: usize = CONSTANTS + 224;
/** i16 pairs that, plus t in the upper half, are {16384, t − 16384}. */
export const EDGE_WEIGHTS: usize = CONSTANTS + 240;
export const WORD_MASK: usize = CONSTANTS + 256;
export const ONE: usize = CONSTANTS + 272;
export const FOUR: usize = CONSTANTS + 288;
export const HALF: usize = CONSTANTS + 304;
export const QUARTER: usize = CONSTANTS + 320;
export const LAST_ROW: usize = CONSTANTS + 336;
export const LAST_ROW_BUT_ONE: usize = CONSTANTS + 352;
export const ROW_LENGTH: usize = CONSTANTS + 368;
export const NUMBERS: usize = CONSTANTS + 384;
/** i32 [GRID]: j + 1, the number of the edge right of column j; 0 for the last column. */
export const EDGES: usize = CONSTANTS + 400;
/** Added to the edges of the last four columns: the last one is placed far to the right and clipped to the row's end. */
export const BEYOND: usize = CONSTANTS + 480;

export function writeConstants(S: usize): void {
  v128.store(S, i16x8(-1, -1, -1, -1, 0, 0, 0, 0), FIRST_FOUR_SHORTS);
  v128.store(S, i16x8.splat(1), ONE_SHORT);
  v128.store(S, i16x8.splat(-32768), SIGN_SHORT);
  v128.store(S, i8x16(-1, -1, -1, -1, -1, -1, -1, -1, 6, 7, 6, 7, 6, 7, 6, 7), MIDDLE_TO_UPPER);
  v128.store(S, i16x8.splat(0x0f0e), LAST_TO_ALL);
  for (let i: usize = 0; i < 32; i++) {
    const x = i < 28 ? <i16>(i >> 1) : 0;
    store<i16>(S + (i << 1), x, COLUMN);
    store<i16>(S + (i << 1), x * x, COLUMN_SQUARED);
  }
  v128.store(S, i32x4.splat(28 * 16384 - 1), ROW_END);
  v128.store(S, i32x4.splat(0x3fff), FRACTION_MASK);
  v128.store(S, i32x4.splat(0xc0004000), EDGE_WEIGHTS);
  v128.store(S, i32x4.splat(~3), WORD_MASK);
  v128.store(S, f32x4.splat(1), ONE);
  v128.store(S, f32x4.splat(4), FOUR);
  v128.store(S, f32x4.splat(0.5), HALF);
  v128.store(S, f32x4.splat(0.25), QUARTER);
  v128.store(S, f32x4.splat(<f32>(GRID - 1)), LAST_ROW);
  v128.store(S, i32x4.splat(GRID - 2), LAST_ROW_BUT_ONE);
  v128.store(S, i32x4.splat(<i32>ROW_BYTES), ROW_LENGTH);
  v128.store(S, f32x4(0, 1, 2, 3), NUMBERS);
  for (let j = 0; j < GRID; j++) store<i32>(S + (<usize>j << 2), j + 1 < GRID ? j + 1 : 0, EDGES);
  v128.store(S, i32x4(0, 0, 0, 1 << 29), BEYOND);
}
