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

/** `IDX`: any array of that format. `text`: possibly CSV; markup such as SVG is other. */
export type ContentKind = 'image' | 'IDX' | 'text' | 'other';

export function contentKindOf(bytes: Uint8Array): ContentKind {
  if (imageKindOf(bytes) !== null) return 'image';
  if (bytes.length >= 4 && bytes[0] === 0 && bytes[1] === 0 && bytes[3] >= 1 && bytes[3] <= 4) return 'IDX';
  const isUtf16 = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
  const hasZero = bytes.subarray(0, 1024).includes(0);
  return bytes.length > 0 && bytes[0] !== 0x3c && (isUtf16 || !hasZero) ? 'text' : 'other';
}
