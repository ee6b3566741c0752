/**
 * Texts as sparse inputs: words, pairs of neighbouring words and pieces of words, each hashed to one of a number of buckets
 * (Weinberger et al. 2009; Joulin et al. 2017). The entries of a text have the norm 1.
 */

export interface TextOptions {
  /** Inputs that the hashes are spread over: a power of two. */
  readonly buckets: number;
  /** 1: words; 2: pairs of neighbours too. */
  readonly wordGrams: number;
  /** Lengths of the pieces of words, whose ends count as characters; null: none. */
  readonly characters: readonly [number, number] | null;
}

/** Rows of few entries: those of row r are `starts[r]` to `starts[r + 1]`, by rising index. */
export interface SparseRows {
  /** u32 [rows + 1] */
  readonly starts: Uint32Array;
  /** u32 [entries], from 0 to the buckets. */
  readonly indices: Uint32Array;
  /** f32 [entries] */
  readonly values: Float32Array;
}

export interface Entries {
  readonly indices: Uint32Array;
  readonly values: Float32Array;
}

/** Separates the hashes of words, pairs and pieces. */
const [wordSalt, pairSalt, pieceSalt] = [0x1b873593, 0x2545f491, 0x61c88647];

/** `salt`: differs between the columns of a table. */
export function entriesOf(
  text: string,
  { buckets, wordGrams, characters }: TextOptions,
  salt: number,
): Entries {
  const counts = new Map<number, number>();
  const add = (hash: number) => {
    const bucket = mixed(hash ^ salt) & (buckets - 1);
    counts.set(bucket, (counts.get(bucket) ?? 0) + 1);
  };
  let last = -1;
  for (const [word] of text.toLowerCase().matchAll(/[\p{L}\p{N}]+/gu)) {
    const hash = hashOf(word, 0, word.length, wordSalt);
    add(hash);
    if (wordGrams > 1 && last >= 0) add(Math.imul(last, 0x01000193) ^ hash ^ pairSalt);
    last = hash >>> 0;
    if (characters === null) continue;
    const ended = `<${word}>`;
    for (let length = characters[0]; length <= characters[1]; length++)
      for (let at = 0; at + length <= ended.length; at++) add(hashOf(ended, at, at + length, pieceSalt));
  }
  const indices = Uint32Array.from(counts.keys()).sort();
  let squares = 0;
  for (const count of counts.values()) squares += count * count;
  const scale = squares === 0 ? 0 : 1 / Math.sqrt(squares);
  return { indices, values: Float32Array.from(indices, (index) => (counts.get(index) ?? 0) * scale) };
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

export const noEntries: Entries = { indices: new Uint32Array(0), values: new Float32Array(0) };

/** The entries of each row, those of several columns added. */
export function sparseRows(rows: readonly (readonly Entries[])[]): SparseRows {
  const merged = rows.map((parts) => {
    if (parts.length === 1) return parts[0];
    const sums = new Map<number, number>();
    for (const { indices, values } of parts)
      indices.forEach((index, place) => {
        sums.set(index, Math.fround((sums.get(index) ?? 0) + values[place]));
      });
    const indices = Uint32Array.from(sums.keys()).sort();
    return { indices, values: Float32Array.from(indices, (index) => sums.get(index) ?? 0) };
  });
  const starts = new Uint32Array(rows.length + 1);
  merged.forEach(({ indices }, row) => {
    starts[row + 1] = starts[row] + indices.length;
  });
  const sparse = {
    starts,
    indices: new Uint32Array(starts[rows.length]),
    values: new Float32Array(starts[rows.length]),
  };
  merged.forEach(({ indices, values }, row) => {
    sparse.indices.set(indices, starts[row]);
    sparse.values.set(values, starts[row]);
  });
  return sparse;
}
