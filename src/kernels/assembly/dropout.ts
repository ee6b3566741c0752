// Inverted dropout (Srivastava et al. 2014). A unit's mask is a hash of the layer's two words, the sample's place and the
// unit: unitWord of numbers/counter-hash.ts, for four units at a time. A dropped value is −0, and no kept value is, so the
// backward pass sees what was dropped. Constants are in memory: see exponential.ts.

/** 2^32 over the golden ratio, times 1 to 16. */
const lanesAt = memory.data<u32>([
  0x9e3779b9, 0x3c6ef372, 0xdaa66d2b, 0x78dde6e4,
  0x1715609d, 0xb54cda56, 0x5384540f, 0xf1bbcdc8,
  0x8ff34781, 0x2e2ac13a, 0xcc623af3, 0x6a99b4ac,
  0x8d12e65, 0xa708a81e, 0x454021d7, 0xe3779b90,
]);
/** The factors of the hash, 0 and −0. */
const constantsAt = memory.data<u32>([0x7feb352d, 0x846ca68b, 0, 0x80000000]);

// @ts-ignore: AssemblyScript decorator
@inline
function mix(x: u32): u32 {
  let h = (x ^ (x >> 16)) * 0x7feb352d;
  h = (h ^ (h >> 15)) * 0x846ca68b;
  return h ^ (h >> 16);
}

/** Of the units of a lane vector: x · scale, or −0 where the word is below the threshold. */
// @ts-ignore: AssemblyScript decorator
@inline
function dropped(x: v128, lanes: v128, first: v128, second: v128, threshold: v128, scale: v128): v128 {
  let h = i32x4.add(lanes, first);
  h = v128.xor(i32x4.mul(v128.xor(h, i32x4.shr_u(h, 16)), v128.load_splat<u32>(constantsAt)), second);
  h = i32x4.mul(v128.xor(h, i32x4.shr_u(h, 15)), v128.load_splat<u32>(constantsAt, 4));
  const kept = i32x4.ge_s(h, threshold);
  const value = f32x4.add(f32x4.mul(x, scale), v128.load_splat<u32>(constantsAt, 8));
  return v128.or(v128.and(value, kept), v128.andnot(v128.load_splat<u32>(constantsAt, 12), kept));
}

/**
 * out = x · scale where a unit is kept, else −0. x, out: one panel, f32 [rows][16], of the units from `unit` on; they may
 * be the same. place: of the first row's sample, the others follow; a, b: the layer's words. A unit is dropped if its
 * word is below `threshold`.
 */
export function dropout(
  x: usize, out: usize, rows: i32, place: u32, unit: u32, a: u32, b: u32, threshold: i32, scale: f32,
): void {
  const t = i32x4.splat(threshold), s = f32x4.splat(scale), units = unit * 0x9e3779b9;
  for (const end = x + (<usize>rows << 6); x < end; x += 64, out += 64, place++) {
    const first = i32x4.splat(mix(place + a) + units), second = i32x4.splat(mix(place ^ b));
    const v0 = dropped(v128.load(x), v128.load(lanesAt), first, second, t, s);
    const v1 = dropped(v128.load(x, 16), v128.load(lanesAt, 16), first, second, t, s);
    v128.store(out, v1, 16);
    v128.store(out, v0);
    const v2 = dropped(v128.load(x, 32), v128.load(lanesAt, 32), first, second, t, s);
    const v3 = dropped(v128.load(x, 48), v128.load(lanesAt, 48), first, second, t, s);
    v128.store(out, v3, 48);
    v128.store(out, v2, 32);
  }
}

/** d · scale where the value a of a unit was kept, else 0. `count`: a multiple of 16. */
export function dropoutBackward(a: usize, d: usize, count: i32, scale: f32): void {
  const s = f32x4.splat(scale);
  for (const end = d + (<usize>count << 2); d < end; d += 32, a += 32) {
    const low = i32x4.ne(v128.load(a), v128.load_splat<u32>(constantsAt, 12));
    const high = i32x4.ne(v128.load(a, 16), v128.load_splat<u32>(constantsAt, 12));
    const d0 = v128.and(f32x4.mul(v128.load(d), s), low), d1 = v128.and(f32x4.mul(v128.load(d, 16), s), high);
    v128.store(d, d1, 16);
    v128.store(d, d0);
  }
}
