// The same inputs as entries of sparse rows, see kernels/expansion.ts: ranges become a linear interpolation between two rows of
// the sums of their weights, so that a number has two entries, however many ranges there are.
import { blockBytes, curve, Op, placeOf, placeOfCategory, quarter, turn } from './expand';
import { padded } from './entries';

// @ts-ignore: decorator
@inline
function put(entry: usize, feature: usize, shift: i32, value: f32): usize {
  store<u32>(entry, <u32>(feature << shift));
  store<f32>(entry, value, 4);
  return entry + 8;
}

/** Σ of the weights of the ranges below x, with its share of one: (1 − share) · sum of those before + share · sum with it. */
function bins(edges: usize, count: i32, x: f32, entry: usize, shift: i32, at: usize): usize {
  const place = placeOf(edges, count + 1, x);
  if (place < 0) return entry;
  if (place >= count) return put(entry, at + count - 1, shift, 1);
  const edge = edges + (<usize>place << 2), low = load<f32>(edge);
  const share = (x - low) / (load<f32>(edge, 4) - low);
  if (place > 0) entry = put(entry, at + place - 1, shift, 1 - share);
  return put(entry, at + place, shift, share);
}

/**
 * Stored rows order[row] as entries, 8 bytes {u32 input << shift, f32 value} by rising input, every range of inputs padded to
 * an even count with a zero value. values, stride, blocks: as of expandRows; ends: i32 [ranges], each where a block begins, and the
 * last. Out: entries, one row after the other; bounds, u32 [rows][ranges + 1], the address of each range and the row's end.
 */
export function expandEntries(
  values: usize, order: usize, rows: i32, stride: i32, blocks: usize, ends: usize, ranges: i32, shift: i32, entries: usize, bounds: usize,
): void {
  const first = blocks + blockBytes, last = first + <usize>load<f32>(blocks) * blockBytes;
  const lastEnd = ends + (<usize>ranges << 2);
  let entry = entries;
  for (let r = 0; r < rows; r++) {
    const source = values + <usize>load<i32>(order + (<usize>r << 2)) * <usize>stride;
    let range = entry, end = ends;
    store<u32>(bounds, <u32>entry);
    bounds += 4;
    for (let block = first; block < last; block += blockBytes) {
      const op = <i32>load<f32>(block), at = <usize>load<f32>(block, 8), count = <i32>load<f32>(block, 12);
      while (at >= <usize>load<i32>(end)) {
        range = entry = padded(range, entry);
        store<u32>(bounds, <u32>entry);
        bounds += 4;
        end += 4;
      }
      const parameter = load<f32>(block, 20), scale = load<f32>(block, 24);
      const given = load<f32>(source + (<usize>load<f32>(block, 4) << 2));
      const data = blocks + (<usize>load<f32>(block, 28) << 2);
      if (op == Op.missing) {
        if (given != given) entry = put(entry, at, shift, 1);
        continue;
      }
      if (op == Op.oneHot) {
        const place = placeOfCategory(given, count, parameter != 0, scale != 0);
        if (place >= 0) entry = put(entry, at + place, shift, 1);
        continue;
      }
      const x = given != given ? load<f32>(block, 16) : given;
      if (op == Op.linear) entry = put(entry, at, shift, (x - parameter) * scale);
      else if (op == Op.curve) entry = put(entry, at, shift, curve(data, count, x));
      else if (op == Op.bins) entry = bins(data, count, x, entry, shift, at);
      else if (op == Op.cycle) {
        const angle = (turn * <f64>x) / <f64>parameter;
        entry = put(entry, at, shift, <f32>NativeMath.cos(angle));
        entry = put(entry, at + 1, shift, <f32>NativeMath.cos(angle - quarter));
      } else {
        const z = (x - parameter) * scale;
        for (let i = 0; i < count; i++) {
          const angle = turn * (<f64>z * <f64>load<f32>(data + (<usize>i << 2)));
          entry = put(entry, at + i, shift, <f32>NativeMath.cos(angle));
        }
        for (let i = 0; i < count; i++) {
          const angle = turn * (<f64>z * <f64>load<f32>(data + (<usize>i << 2)));
          entry = put(entry, at + count + i, shift, <f32>NativeMath.cos(angle - quarter));
        }
      }
    }
    for (; end < lastEnd; end += 4, bounds += 4) {
      range = entry = padded(range, entry);
      store<u32>(bounds, <u32>entry);
    }
  }
}

/** to[row] += from[row], of `bytes`, a multiple of 64. */
// @ts-ignore: decorator
@inline
function addRow(to: usize, from: usize, bytes: usize): void {
  for (const end = to + bytes; to < end; to += 64, from += 64) {
    const a = v128.load(to), b = v128.load(to, 16), c = v128.load(to, 32), d = v128.load(to, 48);
    const e = v128.load(from), f = v128.load(from, 16), g = v128.load(from, 32), h = v128.load(from, 48);
    v128.store(to, f32x4.add(b, f), 16);
    v128.store(to, f32x4.add(a, e));
    v128.store(to, f32x4.add(d, h), 48);
    v128.store(to, f32x4.add(c, g), 32);
  }
}

/**
 * The weights that entries multiply: of ranges the sums up to each, of other inputs their own. Inputs [first, last) of a panel, f32
 * [inputs + 1][width], width a multiple of 16; `bias`: also of the last row. weights, out: of the panel's first input.
 */
export function sumRanges(weights: usize, blocks: usize, first: i32, last: i32, bias: i32, width: i32, out: usize): void {
  const bytes = <usize>width << 2, start = <usize>first * bytes, end = <usize>(last + bias) * bytes;
  memory.copy(out + start, weights + start, end - start);
  const stop = blocks + blockBytes + <usize>load<f32>(blocks) * blockBytes;
  for (let block = blocks + blockBytes; block < stop; block += blockBytes) {
    const at = <i32>load<f32>(block, 8);
    if (<i32>load<f32>(block) != Op.bins || at < first || at >= last) continue;
    const count = <i32>load<f32>(block, 12);
    for (let row = at + 1; row < at + count; row++) {
      const to = out + <usize>row * bytes;
      addRow(to, to - bytes, bytes);
    }
  }
}

/** From the gradient of those weights to that of the weights themselves, in place. */
export function sumRangeGradients(gradient: usize, blocks: usize, first: i32, last: i32, width: i32): void {
  const bytes = <usize>width << 2, stop = blocks + blockBytes + <usize>load<f32>(blocks) * blockBytes;
  for (let block = blocks + blockBytes; block < stop; block += blockBytes) {
    const at = <i32>load<f32>(block, 8);
    if (<i32>load<f32>(block) != Op.bins || at < first || at >= last) continue;
    for (let row = at + <i32>load<f32>(block, 12) - 2; row >= at; row--) {
      const to = gradient + <usize>row * bytes;
      addRow(to, to + bytes, bytes);
    }
  }
}
