// Entries of sparse rows, four at a time without branches: 8 bytes {i32 offset, f32 value}.

/** For each set of the four words of a vector, the bytes of those in the set, moved together: u8 [16][16]. */
const chosenAt = memory.data<u8>([
  255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
  0, 1, 2, 3, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
  4, 5, 6, 7, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
  0, 1, 2, 3, 4, 5, 6, 7, 255, 255, 255, 255, 255, 255, 255, 255,
  8, 9, 10, 11, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
  0, 1, 2, 3, 8, 9, 10, 11, 255, 255, 255, 255, 255, 255, 255, 255,
  4, 5, 6, 7, 8, 9, 10, 11, 255, 255, 255, 255, 255, 255, 255, 255,
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 255, 255, 255, 255,
  12, 13, 14, 15, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
  0, 1, 2, 3, 12, 13, 14, 15, 255, 255, 255, 255, 255, 255, 255, 255,
  4, 5, 6, 7, 12, 13, 14, 15, 255, 255, 255, 255, 255, 255, 255, 255,
  0, 1, 2, 3, 4, 5, 6, 7, 12, 13, 14, 15, 255, 255, 255, 255,
  8, 9, 10, 11, 12, 13, 14, 15, 255, 255, 255, 255, 255, 255, 255, 255,
  0, 1, 2, 3, 8, 9, 10, 11, 12, 13, 14, 15, 255, 255, 255, 255,
  4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 255, 255, 255, 255,
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
]);

/** Places of 255 give 0 in both instructions; the relaxed one is a single instruction. */
// @ts-ignore: AssemblyScript decorator
@inline
function moved(v: v128, places: v128): v128 {
  return FMA ? i8x16.relaxed_swizzle(v, places) : i8x16.swizzle(v, places);
}

/** Entries of those of four features that are not zero; returns the end. `found`: the set of them, in the low bits. */
// @ts-ignore: AssemblyScript decorator
@inline
export function append(entries: usize, offsets: v128, values: v128, found: i32): usize {
  const chosen = v128.load(chosenAt + (<usize>(found & 15) << 4));
  const o = moved(offsets, chosen), v = moved(values, chosen);
  v128.store(entries, v128.shuffle<i32>(o, v, 0, 4, 1, 5));
  v128.store(entries, v128.shuffle<i32>(o, v, 2, 6, 3, 7), 16);
  return entries + (<usize>popcnt(found & 15) << 3);
}

/** Ends a range of a row that began at `first`: an odd number of entries gets one more, of the last feature and value 0. */
// @ts-ignore: AssemblyScript decorator
@inline
export function padded(first: usize, entries: usize): usize {
  if (((entries - first) & 15) == 0) return entries;
  store<u32>(entries, load<u32>(entries - 8));
  store<f32>(entries, 0, 4);
  return entries + 8;
}
