// Rows of a table, stored as numbers, into the inputs of a network: scaled numbers, ranges, categories, missing flags.
// The table of blocks is f32, see kernels/expansion.ts, whose float32 operations these are, in the same order.

export const enum Op { linear, curve, bins, cycle, periodic, oneHot, missing }

export const blockBytes: usize = 32;
export const turn: f64 = 6.283185307179586;
export const quarter: f64 = 1.5707963267948966;

// @ts-ignore: decorator
@inline
function put(row: usize, panel: usize, column: usize, value: f32): void {
  store<f32>(row + (column >> 4) * panel + ((column & 15) << 2), value);
}

/** The last place of `sorted` (f32 [count]) whose value is not above x; −1: none. */
export function placeOf(sorted: usize, count: i32, x: f32): i32 {
  let low: i32 = -1, high = count;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (load<f32>(sorted + (<usize>middle << 2)) <= x) low = middle;
    else high = middle;
  }
  return low;
}

export function curve(xs: usize, count: i32, x: f32): f32 {
  const ys = xs + (<usize>count << 2), place = placeOf(xs, count, x);
  if (place < 0) return load<f32>(ys);
  const y = ys + (<usize>place << 2);
  if (place == count - 1) return load<f32>(y);
  const left = xs + (<usize>place << 2), low = load<f32>(left);
  const share = (x - low) / (load<f32>(left, 4) - low);
  return load<f32>(y) + (load<f32>(y, 4) - load<f32>(y)) * share;
}

/** The inputs are 0 before: those below x become 1, and one its share. */
function bins(edges: usize, count: i32, x: f32, row: usize, panel: usize, at: usize): void {
  const place = placeOf(edges, count + 1, x), ones = min(place, count);
  for (let bin = 0; bin < ones; bin++) put(row, panel, at + bin, 1);
  if (place < 0 || place >= count) return;
  const edge = edges + (<usize>place << 2), low = load<f32>(edge);
  put(row, panel, at + place, (x - low) / (load<f32>(edge, 4) - low));
}

/**
 * The input of a category that is 1; −1: none is. `kept`, `hasRare`, `hasMissing`: see Block. A number that no category has
 * counts as rare.
 */
export function placeOfCategory(x: f32, kept: i32, hasRare: bool, hasMissing: bool): i32 {
  const rare = hasRare ? kept : -1;
  if (x != x) return hasMissing ? kept + (hasRare ? 1 : 0) : rare;
  return x >= 1 && x <= <f32>kept ? <i32>x - 1 : rare;
}

/**
 * As panels: out[p / 16][row][p % 16] = input p of the stored row order[row]. values: f32 [samples][…], `stride` bytes from row
 * to row; blocks: the table; panel: bytes between the panels of out. The inputs after the last are 0.
 */
export function expandRows(values: usize, order: usize, rows: i32, stride: i32, blocks: usize, out: usize, panel: i32): void {
  const step = <usize>panel, first = blocks + blockBytes, last = first + <usize>load<f32>(blocks) * blockBytes;
  const panels = (<usize>load<f32>(blocks, 8) + 15) >> 4, none = f32x4.splat(0);
  for (let r = 0; r < rows; r++, out += 64) {
    const source = values + <usize>load<i32>(order + (<usize>r << 2)) * <usize>stride;
    for (let target = out, end = out + panels * step; target < end; target += step) {
      v128.store(target, none, 16);
      v128.store(target, none);
      v128.store(target, none, 48);
      v128.store(target, none, 32);
    }
    for (let block = first; block < last; block += blockBytes) {
      const op = <i32>load<f32>(block), at = <usize>load<f32>(block, 8), count = <i32>load<f32>(block, 12);
      const shift = load<f32>(block, 20), scale = load<f32>(block, 24);
      const given = load<f32>(source + (<usize>load<f32>(block, 4) << 2));
      const data = blocks + (<usize>load<f32>(block, 28) << 2);
      if (op == Op.missing) {
        if (given != given) put(out, step, at, 1);
        continue;
      }
      if (op == Op.oneHot) {
        const place = placeOfCategory(given, count, shift != 0, scale != 0);
        if (place >= 0) put(out, step, at + place, 1);
        continue;
      }
      const x = given != given ? load<f32>(block, 16) : given;
      if (op == Op.linear) put(out, step, at, (x - shift) * scale);
      else if (op == Op.curve) put(out, step, at, curve(data, count, x));
      else if (op == Op.bins) bins(data, count, x, out, step, at);
      else if (op == Op.cycle) {
        const angle = (turn * <f64>x) / <f64>shift;
        put(out, step, at, <f32>NativeMath.cos(angle));
        put(out, step, at + 1, <f32>NativeMath.cos(angle - quarter));
      } else {
        const z = (x - shift) * scale;
        for (let i = 0; i < count; i++) {
          const angle = turn * (<f64>z * <f64>load<f32>(data + (<usize>i << 2)));
          put(out, step, at + i, <f32>NativeMath.cos(angle));
          put(out, step, at + count + i, <f32>NativeMath.cos(angle - quarter));
        }
      }
    }
  }
}
