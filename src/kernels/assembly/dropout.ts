// Inverted dropout (Srivastava et al. 2014). A unit's mask is a hash of the layer's two words, the sample's place and the
// unit: unitWord of numbers/counter-hash.ts, for four units at a time.

// @ts-ignore: AssemblyScript decorator
@inline
function mix(x: u32): u32 {
  let h = (x ^ (x >> 16)) * 0x7feb352d;
  h = (h ^ (h >> 15)) * 0x846ca68b;
  return h ^ (h >> 16);
}

/** Whether the words of four units are at least the threshold, both less 2^31: all bits of a lane, or none. */
// @ts-ignore: AssemblyScript decorator
@inline
function kept(units: v128, first: v128, second: v128, threshold: v128): v128 {
  let h = i32x4.add(units, first);
  h = v128.xor(i32x4.mul(v128.xor(h, i32x4.shr_u(h, 16)), i32x4.splat(0x7feb352d)), second);
  h = i32x4.mul(v128.xor(h, i32x4.shr_u(h, 15)), i32x4.splat(<i32>0x846ca68b));
  h = v128.xor(h, i32x4.shr_u(h, 16));
  return i32x4.ge_s(v128.xor(h, i32x4.splat(<i32>0x80000000)), threshold);
}

/** The units from `unit` on, times 2^32 over the golden ratio. */
// @ts-ignore: AssemblyScript decorator
@inline
function counted(unit: i32): v128 {
  return i32x4.mul(i32x4.add(i32x4.splat(unit), i32x4(1, 2, 3, 4)), i32x4.splat(<i32>0x9e3779b9));
}

/**
 * out = x · scale where a unit is kept, else 0. x, out: one panel, f32 [rows][16], of the units from `unit` on; they may
 * be the same. place: of the first row's sample, the others follow; a, b: the layer's words. A unit is dropped if its
 * word, less 2^31, is below `threshold`.
 */
export function dropout(
  x: usize, out: usize, rows: i32, place: u32, unit: i32, a: u32, b: u32, threshold: i32, scale: f32,
): void {
  const t = i32x4.splat(threshold), s = f32x4.splat(scale);
  const u0 = counted(unit), u1 = counted(unit + 4), u2 = counted(unit + 8), u3 = counted(unit + 12);
  for (const end = x + (<usize>rows << 6); x < end; x += 64, out += 64, place++) {
    const first = i32x4.splat(mix(place + a)), second = i32x4.splat(mix(place ^ b));
    const v0 = v128.load(x), v1 = v128.load(x, 16), v2 = v128.load(x, 32), v3 = v128.load(x, 48);
    const k0 = kept(u0, first, second, t), k1 = kept(u1, first, second, t);
    v128.store(out, v128.and(f32x4.mul(v1, s), k1), 16);
    v128.store(out, v128.and(f32x4.mul(v0, s), k0));
    const k2 = kept(u2, first, second, t), k3 = kept(u3, first, second, t);
    v128.store(out, v128.and(f32x4.mul(v3, s), k3), 48);
    v128.store(out, v128.and(f32x4.mul(v2, s), k2), 32);
  }
}
