/** Set by the build with `--use NAME=value`: whether relaxed (fused) multiply-add may be used. */
declare const FMA: i32;
/** Rows and columns of the grid on which an image is drawn: a multiple of 4. */
declare const GRID: i32;
/** 1: sums of two rows, central differences, 4 × 4 pooling cells, no products. Only the race's module is plain. */
declare const PLAIN: i32;
