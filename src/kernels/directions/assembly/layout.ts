// One thread's scratch: byte offsets from its start. Each part begins at a cache line.

/** Vectors of four floats in a row of the grid. */
export const VECTORS: i32 = GRID / 4;
export const ROW_BYTES: usize = <usize>VECTORS * 16;
export const GRID_BYTES: usize = <usize>GRID * ROW_BYTES;
/** Row of f32 [GRID + 2][GRID + 2][8], eight grids with a border of zeros. */
export const BORDERED_ROW: usize = <usize>(GRID + 2) * 32;
/** The last row's last cell has a zero to its right too, so there is one row more. */
export const BORDERED_BYTES: usize = <usize>(GRID + 3) * BORDERED_ROW;
/** The first cell inside the border. */
export const BORDERED_START: usize = BORDERED_ROW + 32;

/** Sums of an image over four columns each, i32 [8 images][4]: Σz, Σzx, Σzx², {Σzy [8]}, Σzy(13 − y), {Σzy² [8]}. */
export const MOMENTS: usize = BORDERED_BYTES;
export const MOMENT_Y: usize = MOMENTS + 384;
export const MOMENT_YY: usize = MOMENTS + 640;
/** [5][8 images]: i32 base, slant, step in 1/16384 pixel; f32 first, perRow in rows of the grid. */
export const PLACE: usize = MOMENTS + 6 * 128;
/** i32 [8 images][32]: the number of rows that are not empty, then which they are. */
export const ROW_LIST: usize = (PLACE + 5 * 32 + 63) & ~63;
/** Of an image's rows, i32 [32]: the address of the grid's row above; f32 [32]: the share of the row below. */
export const ROW_TARGETS: usize = ROW_LIST + 8 * 128;
/** The arguments of `initialise`: f32 1 / (size · GRID), size · GRID, first row, rows apart; i32 aspect, full, sobel, pool. */
export const VARIANT: usize = ROW_TARGETS + 256;
/** Destination of values that are loaded only for the cache, so that the loads are not optimised away. */
export const TOUCHED: usize = VARIANT + 64;
/** f32: weights of the pooling. */
export const WEIGHTS: usize = TOUCHED + 64;
/** Vectors of `constants.ts`. */
export const CONSTANTS: usize = WEIGHTS + 512;
/** f32 [8 images][GRID][GRID] */
export const GRIDS: usize = CONSTANTS + 48 * 16;
/** Tables of rows, i16 [8][14 or 28][32][2]. After the drawing, their room is that of the three below. */
export const TABLES: usize = (GRIDS + 8 * GRID_BYTES + 64 + 63) & ~63;
export const TABLE_BYTES: usize = 128;
/** f32 [GRID][8 directions][pool][8 images] */
export const POOLED_ROWS: usize = TABLES;
/** f32 [8 directions][GRID][8 images] of one row. */
export const CHANNELS: usize = POOLED_ROWS + <usize>GRID * 8 * 5 * 32;
/** Sobel: f32 [2][GRID + 2][8], one row smoothed along y and its difference along y. */
export const SMOOTHED: usize = CHANNELS + 8 * <usize>GRID * 32;

const SIDE_BY_SIDE_END: usize = SMOOTHED + 2 * BORDERED_ROW;
const TABLES_END: usize = TABLES + 8 * 28 * TABLE_BYTES;
export const SCRATCH_BYTES: usize = (SIDE_BY_SIDE_END > TABLES_END ? SIDE_BY_SIDE_END : TABLES_END) + 128;
