// Direction features: 28×28 uint8 images → 8 directions × pool × pool floats, eight images at a time. Normalisation by
// moments: Casey 1970; directions: Liu, Nakashima, Sako, Fujisawa 2003. `directions-reference.ts` is the same computation
// in float64.
// Moments, prefix sums and drawing work on one image at a time in 16-bit integers: an edge of a grid column is one 4-byte
// load of {prefix sum, value}, four edges interpolate in one i16 dot product. Then eight images are interleaved,
// [pixel][8], and gradients, pooling and square root are purely vertical.
import { pooledColumns4, pooledColumns5, pooledRow4, pooledRow5, writeWeights } from '../../../../dist/kernels/generated/pooling';
import { writeConstants } from './constants';
import { draw, interleave } from './draw';
import { centralRow, sobelRow } from './gradients';
import { BORDERED_BYTES, BORDERED_ROW, BORDERED_START, CHANNELS, POOLED_ROWS, SCRATCH_BYTES, TOUCHED, VARIANT } from './layout';
import { place } from './place';
import { rowTablesFull, rowTablesPairs } from './row-tables';

export function scratchBytes(): i32 {
  return <i32>SCRATCH_BYTES;
}

/**
 * Writes the constants, the zero border of the grid and the options: `size` of a digit's standard deviation as a share
 * of the grid, whether narrow images stay narrower, all rows or pairs of them, Sobel or central differences, pooled to
 * `pool` × `pool`. The rest of the scratch is overwritten for every block.
 */
export function initialise(S: usize, size: f32, aspect: i32, full: i32, sobel: i32, pool: i32): void {
  memory.fill(S, 0, BORDERED_BYTES);
  writeConstants(S); writeWeights(S);
  const V = S + VARIANT, wide = size * <f32>GRID;
  store<f32>(V, <f32>1 / wide); store<f32>(V, wide, 4);
  store<f32>(V, full ? <f32>0 : <f32>0.5, 8); store<f32>(V, full ? <f32>1 : <f32>2, 12);
  store<i32>(V, aspect, 16); store<i32>(V, full, 20); store<i32>(V, sobel, 24); store<i32>(V, pool, 28);
}

/** Blocks whose images are brought into the cache at once. */
const TOUCHED_BLOCKS: i32 = 4;

/**
 * Loads each cache line of scattered images, so many at once that they wait for memory together. Images that follow each
 * other are left to the processor, which sees where it is going.
 */
function touch(images: usize, order: usize, count: i32): u32 {
  const end = order + (<usize>count << 2);
  if (load<i32>(end - 4) - load<i32>(order) == count - 1) return 0;
  let touched: u32 = 0;
  for (; order < end; order += 4) {
    const p = images + <usize>(load<i32>(order) * 784);
    touched += load<u8>(p); touched += load<u8>(p, 64); touched += load<u8>(p, 128); touched += load<u8>(p, 192);
    touched += load<u8>(p, 256); touched += load<u8>(p, 320); touched += load<u8>(p, 384); touched += load<u8>(p, 448);
    touched += load<u8>(p, 512); touched += load<u8>(p, 576); touched += load<u8>(p, 640); touched += load<u8>(p, 704);
    touched += load<u8>(p, 768);
  }
  return touched;
}

/** images u8 [n][784], 64 bytes readable beyond; order i32 [8 · blocks]; out f32 [blocks][8 · pool²][8]. */
export function extract(images: usize, order: usize, blocks: i32, out: usize, S: usize): void {
  const V = S + VARIANT, full = PLAIN ? 0 : load<i32>(V, 20), sobel = PLAIN ? 0 : load<i32>(V, 24), pool = PLAIN ? 4 : load<i32>(V, 28), c = S + CHANNELS;
  for (let i = 0; i < blocks; i++, order += 32) {
    if (i % TOUCHED_BLOCKS == 0) store<u32>(S, touch(images, order, min(TOUCHED_BLOCKS, blocks - i) << 3), TOUCHED);
    if (full) rowTablesFull(S, order, images);
    else rowTablesPairs(S, order, images);
    place(S); draw(S); interleave(S);
    let s = S + BORDERED_START, o = S + POOLED_ROWS;
    if (pool == 4) {
      for (let y = 0; y < GRID; y++, s += BORDERED_ROW, o += 4 * 256) {
        if (sobel) sobelRow(S, s, c);
        else centralRow(s, c);
        pooledRow4(S, c, o);
      }
      pooledColumns4(S, out); out += 16 * 256;
    } else {
      for (let y = 0; y < GRID; y++, s += BORDERED_ROW, o += 5 * 256) {
        if (sobel) sobelRow(S, s, c);
        else centralRow(s, c);
        pooledRow5(S, c, o);
      }
      pooledColumns5(S, out); out += 25 * 256;
    }
  }
}
