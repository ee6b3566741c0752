/** Components and logits of one block, or of two at a time, whose weights are then loaded once. */
import { sequence } from '../text.ts';
import { all } from './parts.ts';

const [four, five] = [sequence(4), sequence(5)];
const blockNames = ['p', 'q'];

const project = `
/**
 * Components of the raw blocks at x and x + second, f32 [F][8] each → f32 [2][K][8]. Four of them and two blocks at a
 * time: eight sums for six loads.
 */
function project(x: usize, second: usize, features: i32, components: i32, projection: usize, out: usize): void {
  const ahead = <usize>components << 5, line = <usize>features << 5; let offset = projection + <usize>(features * components << 2);
  for (let k: usize = 0; k < <usize>components; k += 4, offset += 16, out += 128) {
    let ${four.map((i) => `p${i}l = v128.load_splat<f32>(offset, ${i * 4}), p${i}h = p${i}l, q${i}l = p${i}l, q${i}h = p${i}l`).join(', ')};
    let w = projection + (k >> 3) * line + ((k & 4) << 2);
    for (let p = x, end = x + line; p < end; p += 32, w += 32) {
      const r = p + second, xl = v128.load(p), xh = v128.load(p, 16), zl = v128.load(r), zh = v128.load(r, 16);
      ${four.map((i) => `{ const c = v128.load_splat<f32>(w, ${i * 4}); p${i}l = madd(c, xl, p${i}l); p${i}h = madd(c, xh, p${i}h); q${i}l = madd(c, zl, q${i}l); q${i}h = madd(c, zh, q${i}h); }`).join(' ')}
    }
    ${four.map((i) => `v128.store(out, p${i}h, ${i * 32 + 16}); v128.store(out, p${i}l, ${i * 32}); v128.store(out + ahead, q${i}h, ${i * 32 + 16}); v128.store(out + ahead, q${i}l, ${i * 32});`).join(' ')}
  }
}`;

/** Walks the product strips of K components: `input` for each product of i and j, whose weights are at w. */
const overProducts = (start: string, pointers: string, input: string) => `
      for (let i = 0; i < components; i++) {
        const pi = products + (<usize>i << 5); ${start}
        for (let j = i; j < components; w += 288) {
          const skipped = <usize>(j & 7) << 2; w += skipped; n += skipped; let r = products + (<usize>j << 5); ${pointers}
          for (const end = (j | 7) + 1; j < end; j++, r += 32, w += 4, n += 4) { ${input} }
        }
      }`;

const addToTen = all(
  (k) =>
    `{ const c = v128.load_splat<f32>(w, ${k * 32}); a${k}l = madd(c, xl, a${k}l); a${k}h = madd(c, xh, a${k}h); }`,
);

const ofBlock = `
/** Logits of one block of standardised features and its components → t f32 [10][2 blocks][8], the first of them. */
function logitsOfBlock(x: usize, products: usize, features: i32, components: i32, weights: usize, centres: usize, t: usize): void {
  const bias = weights + <usize>(((features >> 3) + productStrips(components)) * 320);
  let ${all((k) => `a${k}l = v128.load_splat<f32>(bias, ${k * 4}), a${k}h = a${k}l`, ', ')};
  let w = weights, n = centres;
  for (let f = 0; f < features; f += 8, w += 288) {
    for (let lane = 0; lane < 8; lane++, x += 32, w += 4) {
      const xl = v128.load(x), xh = v128.load(x, 16);
      ${addToTen}
    }
  }
  ${overProducts(
    'const pl = v128.load(pi), ph = v128.load(pi, 16);',
    '',
    `const c = v128.load_splat<f32>(n), xl = madd(pl, v128.load(r), c), xh = madd(ph, v128.load(r, 16), c); ${addToTen}`,
  )}
  ${all((k) => `v128.store(t, a${k}h, ${k * 64 + 16}); v128.store(t, a${k}l, ${k * 64});`)}
}`;

const addToFive = five
  .map(
    (k) =>
      `{ const c = v128.load_splat<f32>(w, ${k * 32}); p${k}l = madd(c, xl, p${k}l); p${k}h = madd(c, xh, p${k}h); q${k}l = madd(c, zl, q${k}l); q${k}h = madd(c, zh, q${k}h); }`,
  )
  .join(' ');

const ofPair = `
/**
 * The same for the blocks at x and x + second, whose components follow each other; five classes and two blocks at a
 * time: ten sums for seven loads.
 */
function logitsOfPair(x: usize, second: usize, products: usize, features: i32, components: i32, weights: usize, centres: usize, t: usize): void {
  const biases = weights + <usize>(((features >> 3) + productStrips(components)) * 320), ahead = <usize>components << 5;
  for (let h: usize = 0; h < 2; h++) {
    const bias = biases + h * 20;
    let ${five.map((k) => blockNames.map((b) => `${b}${k}l = v128.load_splat<f32>(bias, ${k * 4}), ${b}${k}h = ${b}${k}l`).join(', ')).join(', ')};
    let p = x, w = weights + h * 160, n = centres;
    for (let f = 0; f < features; f += 8, w += 288) for (let lane = 0; lane < 8; lane++, p += 32, w += 4) {
      const r = p + second, xl = v128.load(p), xh = v128.load(p, 16), zl = v128.load(r), zh = v128.load(r, 16);
      ${addToFive}
    }
    ${overProducts(
      'const pal = v128.load(pi), pah = v128.load(pi, 16), pbl = v128.load(pi + ahead), pbh = v128.load(pi + ahead, 16);',
      'const shift = ahead;',
      `const c = v128.load_splat<f32>(n), s = r + shift, xl = madd(pal, v128.load(r), c), xh = madd(pah, v128.load(r, 16), c), zl = madd(pbl, v128.load(s), c), zh = madd(pbh, v128.load(s, 16), c); ${addToFive}`,
    )}
    const o = t + h * 320;
    ${five.map((k) => `v128.store(o, p${k}h, ${k * 64 + 16}); v128.store(o, p${k}l, ${k * 64}); v128.store(o, q${k}h, ${k * 64 + 48}); v128.store(o, q${k}l, ${k * 64 + 32});`).join(' ')}
  }
}`;

export const logitsSource = [project, ofBlock, ofPair].join('\n');
