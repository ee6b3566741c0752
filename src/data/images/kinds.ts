/** What a file holds, by its first bytes: names are not looked at. */

export type ImageKind = 'PNG' | 'JPEG' | 'WebP' | 'GIF';

/** Null: none of the kinds that are read. */
export function imageKindOf(bytes: Uint8Array): ImageKind | null {
  const start = Buffer.from(bytes.subarray(0, 12)).toString('latin1');
  if (start.startsWith('\x89PNG\r\n\x1a\n')) return 'PNG';
  if (start.startsWith('\xff\xd8\xff')) return 'JPEG';
  if (/^RIFF.{4}WEBP/s.test(start)) return 'WebP';
  return /^GIF8[79]a/.test(start) ? 'GIF' : null;
}

/** `IDX`: any array of that format. `text`: without a zero byte at its start, so possibly CSV. */
export type ContentKind = 'image' | 'gzip' | 'IDX' | 'text' | 'other';

export function contentKindOf(bytes: Uint8Array): ContentKind {
  if (imageKindOf(bytes) !== null) return 'image';
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) return 'gzip';
  if (bytes.length >= 4 && bytes[0] === 0 && bytes[1] === 0 && bytes[3] >= 1 && bytes[3] <= 4) return 'IDX';
  const isUtf16 = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
  return isUtf16 || !bytes.subarray(0, 1024).includes(0) ? 'text' : 'other';
}
