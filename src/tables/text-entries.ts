/**
 * Texts as sparse inputs: words, pairs of neighbouring words and pieces of words, each hashed to one of a number of buckets
 * (Weinberger et al. 2009; Joulin et al. 2017). A stored row keeps the buckets; their scale: `kernels/stored-texts.ts`.
 */

export interface TextOptions {
  /** Inputs that the hashes are spread over: a power of two. */
  readonly buckets: number;
  /** 1: words; 2: pairs of neighbours too. */
  readonly wordGrams: number;
  /** Lengths of the pieces of words, whose ends count as characters; null: none. */
  readonly characters: readonly [number, number] | null;
  /** Numbers of a stored row for each column of texts: of a text with more words and pieces, the first are taken. */
  readonly slots: number;
}

export type GramOptions = Pick<TextOptions, 'wordGrams' | 'characters'>;

/** Separates the hashes of words, pairs and pieces. */
const [wordSalt, pairSalt, pieceSalt] = [0x1b873593, 0x2545f491, 0x61c88647];

/** The most that a row keeps of a text, and the most buckets: a sparse entry keeps its input in 16 bits. */
export const mostSlots = 1024;
export const mostBuckets = 2 ** 15;

/** Hashes in the order of the text, at most `most`. `column`: the same word is another input in another column. */
export function gramsOf(
  text: string,
  { wordGrams, characters }: GramOptions,
  column: string,
  most: number,
): Uint32Array {
  const salt = hashOf(column, 0, column.length, 0);
  const grams: number[] = [];
  const add = (hash: number) => {
    if (grams.length < most) grams.push(mixed(hash ^ salt));
  };
  let last = -1;
  // A gram takes a character at least; those behind the last that can matter are not even read.
  for (const [word] of text
    .slice(0, most * mostOfGram)
    .toLowerCase()
    .matchAll(/[\p{L}\p{N}]+/gu)) {
    if (grams.length >= most) break;
    const hash = hashOf(word, 0, word.length, wordSalt);
    add(hash);
    if (wordGrams > 1 && last >= 0) add(Math.imul(last, 0x01000193) ^ hash ^ pairSalt);
    last = hash >>> 0;
    if (characters === null) continue;
    const ended = `<${word}>`;
    for (let length = characters[0]; length <= characters[1]; length++)
      for (let at = 0; at + length <= ended.length && grams.length < most; at++)
        add(hashOf(ended, at, at + length, pieceSalt));
  }
  return Uint32Array.from(grams);
}

/** Characters of a text that are read for each gram it may have. */
const mostOfGram = 64;

/** f32 [slots]: the buckets of the first grams by rising number, then NaN. */
export function storeGrams(
  grams: Uint32Array,
  { buckets, slots }: Pick<TextOptions, 'buckets' | 'slots'>,
  out: Float32Array,
): void {
  const taken = Math.min(grams.length, slots);
  for (let at = 0; at < taken; at++) out[at] = grams[at] & (buckets - 1);
  out.subarray(0, taken).sort();
  out.fill(Number.NaN, taken, slots);
}

/** FNV-1a over UTF-16 code units. */
export function hashOf(text: string, from: number, to: number, seed: number): number {
  let hash = 0x811c9dc5 ^ seed;
  for (let at = from; at < to; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash;
}

/** The final mix of MurmurHash3: every bit of a hash moves the low ones. */
function mixed(hash: number): number {
  let mix = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  mix = Math.imul(mix ^ (mix >>> 13), 0xc2b2ae35);
  return (mix ^ (mix >>> 16)) >>> 0;
}
