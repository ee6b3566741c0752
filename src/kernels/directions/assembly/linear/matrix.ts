// Dense arithmetic of the fit: products and orthonormal rows.
import { madd, sumLanes } from '../../../assembly/simd';

/**
 * out[r][c] = Σ a[r][t] · b[t][c]: rows and columns multiples of 8, out and b without gaps; strides of a in bytes. Eight
 * rows × eight columns in registers.
 */
export function multiply(a: usize, aRow: usize, aInner: usize, b: usize, out: usize, rows: i32, inner: i32, columns: i32): void {
  const line = <usize>columns << 2;
  for (let r = 0; r < rows; r += 8, a += aRow << 3, out += line << 3) {
    for (let c: usize = 0; c < line; c += 32) {
      let s0l = f32x4.splat(0), s0h = s0l, s1l = s0l, s1h = s0l, s2l = s0l, s2h = s0l, s3l = s0l, s3h = s0l;
      let s4l = s0l, s4h = s0l, s5l = s0l, s5h = s0l, s6l = s0l, s6h = s0l, s7l = s0l, s7h = s0l, p = a, q = b + c;
      for (let t = 0; t < inner; t++, p += aInner, q += line) {
        const xl = v128.load(q), xh = v128.load(q, 16);
        let e = p, w = v128.load_splat<f32>(e);
        s0l = madd(w, xl, s0l); s0h = madd(w, xh, s0h); e += aRow; w = v128.load_splat<f32>(e);
        s1l = madd(w, xl, s1l); s1h = madd(w, xh, s1h); e += aRow; w = v128.load_splat<f32>(e);
        s2l = madd(w, xl, s2l); s2h = madd(w, xh, s2h); e += aRow; w = v128.load_splat<f32>(e);
        s3l = madd(w, xl, s3l); s3h = madd(w, xh, s3h); e += aRow; w = v128.load_splat<f32>(e);
        s4l = madd(w, xl, s4l); s4h = madd(w, xh, s4h); e += aRow; w = v128.load_splat<f32>(e);
        s5l = madd(w, xl, s5l); s5h = madd(w, xh, s5h); e += aRow; w = v128.load_splat<f32>(e);
        s6l = madd(w, xl, s6l); s6h = madd(w, xh, s6h); e += aRow; w = v128.load_splat<f32>(e);
        s7l = madd(w, xl, s7l); s7h = madd(w, xh, s7h);
      }
      let o = out + c;
      v128.store(o, s0h, 16); v128.store(o, s0l); o += line;
      v128.store(o, s1h, 16); v128.store(o, s1l); o += line;
      v128.store(o, s2h, 16); v128.store(o, s2l); o += line;
      v128.store(o, s3h, 16); v128.store(o, s3l); o += line;
      v128.store(o, s4h, 16); v128.store(o, s4l); o += line;
      v128.store(o, s5h, 16); v128.store(o, s5l); o += line;
      v128.store(o, s6h, 16); v128.store(o, s6l); o += line;
      v128.store(o, s7h, 16); v128.store(o, s7l);
    }
  }
}

/** Scalar product of two rows; its partial sums pass through the first 32 bytes of room, so that V8 keeps them 256 bits wide. */
export function inner(a: usize, b: usize, bytes: usize, room: usize): f32 {
  let l = f32x4.splat(0), h = f32x4.splat(0);
  for (let f: usize = 0; f < bytes; f += 32) {
    const al = v128.load(a + f), ah = v128.load(a + f, 16), bl = v128.load(b + f), bh = v128.load(b + f, 16);
    l = madd(al, bl, l); h = madd(ah, bh, h);
  }
  v128.store(room, h, 16); v128.store(room, l);
  return sumLanes(f32x4.add(v128.load(room), v128.load(room, 16)));
}

/** Rows q f32 [count][F] by modified Gram–Schmidt; a row without a direction of its own becomes zero. */
export function orthonormalise(q: usize, count: i32, features: i32, room: usize): void {
  const bytes = <usize>features << 2;
  for (let r = 0; r < count; r++) {
    const row = q + <usize>r * bytes, before = inner(row, row, bytes, room);
    for (let s = 0; s < r; s++) {
      const other = q + <usize>s * bytes, d = f32x4.splat(-inner(row, other, bytes, room));
      for (let f: usize = 0; f < bytes; f += 32) {
        const x = row + f, y = other + f, l = madd(d, v128.load(y), v128.load(x)), h = madd(d, v128.load(y, 16), v128.load(x, 16));
        v128.store(x, h, 16); v128.store(x, l);
      }
    }
    const left = inner(row, row, bytes, room);
    const factor = f32x4.splat(left > before * 1e-10 && left > 1e-30 ? <f32>1 / <f32>Math.sqrt(left) : <f32>0);
    for (let f: usize = 0; f < bytes; f += 16) v128.store(row + f, f32x4.mul(factor, v128.load(row + f)));
  }
}
