/**
 * Converts the bytes of a CSV file to text of one kind: UTF-8 without a byte order mark, lines that end in a line feed.
 * UTF-16 is converted. Other encodings and formats are refused by name, because their content would be read wrongly.
 */
import { isAscii, isUtf8 } from 'node:buffer';
import { UserError } from '../user-error.js';

export interface CsvText {
  readonly bytes: Buffer;
  /** How pieces of `bytes` become strings; `latin1` if all bytes are ASCII, which is faster. */
  readonly encoding: 'latin1' | 'utf8';
}

const lineFeed = 0x0a;
const carriageReturn = 0x0d;

/** The first bytes of files in encodings and formats that are not supported. */
const otherFiles: readonly (readonly [starts: string, name: string])[] = [
  ['fffe0000', 'text in UTF-32'],
  ['0000feff', 'text in UTF-32'],
  ['84319533', 'text in GB 18030'],
  ['2b2f76', 'text in UTF-7'],
  ['504b0304', 'a zip archive or a spreadsheet (.xlsx)'],
  ['d0cf11e0', 'a spreadsheet (.xls)'],
  ['50415231', 'a Parquet file'],
  ['89484446', 'an HDF5 file'],
  ['934e554d5059', 'a NumPy file'],
  ['89504e47', 'a PNG image'],
  ['ffd8ff', 'a JPEG image'],
  ['425a68', 'a bzip2 archive'],
  ['fd377a585a', 'an xz archive'],
  ['28b52ffd', 'a Zstandard archive'],
  ['377abcaf', 'a 7z archive'],
];

/** @throws UserError that names the format of the file, if it is not text in UTF-8 or UTF-16. */
export function csvText(content: Uint8Array, path: string): CsvText {
  const bytes = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
  refuseOtherFormats(bytes, path);
  const utf16 = utf16Of(bytes);
  const text = utf16 === null ? withoutMark(bytes) : fromUtf16(bytes, utf16, path);
  if (utf16 === null) refuseOtherBytes(text, path);
  const encoding = isAscii(text) ? 'latin1' : 'utf8';
  // Line ends of old Macs, and of Excel's "CSV (Macintosh)".
  const hasOnlyReturns = !text.includes(lineFeed) && text.includes(carriageReturn);
  return { bytes: hasOnlyReturns ? withLineFeeds(text) : text, encoding };
}

/** `bytes`: the first of a file. @throws UserError that names its format, if it is a known one of other programs. */
export function refuseOtherFormats(bytes: Buffer, path: string): void {
  const start = bytes.toString('hex', 0, 16);
  const other = otherFiles.find(([starts]) => start.startsWith(starts))?.[1];
  if (other !== undefined) throw unreadable(path, `is ${other}`);
}

export function unreadable(path: string, what: string): UserError {
  return new UserError(`${path}: the file ${what}, expected text in UTF-8 or UTF-16`);
}

export function withoutMark(bytes: Buffer): Buffer {
  return bytes.toString('hex', 0, 3) === 'efbbbf' ? bytes.subarray(3) : bytes;
}

/** By the byte order mark, else by the zeros: text of numbers in UTF-16 has one in every other byte. */
export function utf16Of(bytes: Buffer): 'le' | 'be' | null {
  const mark = bytes.toString('hex', 0, 2);
  if (mark === 'fffe') return 'le';
  if (mark === 'feff') return 'be';
  const sample = bytes.subarray(0, 64);
  if (sample.length < 4) return null;
  const zeros = (first: number) => sample.filter((byte, index) => index % 2 === first && byte === 0).length;
  const [even, odd, half] = [zeros(0), zeros(1), Math.floor(sample.length / 2)];
  if (odd === half && even === 0) return 'le';
  return even === Math.ceil(sample.length / 2) && odd === 0 ? 'be' : null;
}

function fromUtf16(bytes: Buffer, order: 'le' | 'be', path: string): Buffer {
  const decoder = new TextDecoder(`utf-16${order}`, { fatal: true });
  const pieceBytes = 4 * 1024 * 1024;
  const pieces: Buffer[] = [];
  try {
    for (let start = 0; start < bytes.length; start += pieceBytes)
      pieces.push(Buffer.from(decoder.decode(bytes.subarray(start, start + pieceBytes), { stream: true })));
    pieces.push(Buffer.from(decoder.decode()));
  } catch {
    throw unreadable(path, 'looks like UTF-16 and is damaged');
  }
  return Buffer.concat(pieces);
}

/** `firstLine`: the number of the line with which the bytes begin. @throws UserError if they are not text in UTF-8. */
export function refuseOtherBytes(bytes: Buffer, path: string, firstLine = 1): void {
  refuseOddStart(bytes, path);
  if (isUtf8(bytes)) return;
  const sample = bytes.subarray(0, 64);
  // Digits and commas of EBCDIC.
  const ebcdic = sample.filter((byte) => byte >= 0xf0 || byte === 0x6b).length;
  if (ebcdic > sample.length / 2) throw unreadable(path, 'looks like text in EBCDIC');
  const at = firstWrongByte(bytes);
  const line = bytes.subarray(0, at).filter((byte) => byte === lineFeed).length + firstLine;
  const byte = `0x${bytes[at].toString(16).padStart(2, '0')}`;
  throw unreadable(path, `holds byte ${byte} in line ${line}, as text in Latin-1 or Windows-1252 does`);
}

/** @throws UserError for a web page, and for zeros among the first bytes. */
export function refuseOddStart(bytes: Buffer, path: string): void {
  if (/^\s*<(!doctype|html|\?xml)/i.test(bytes.toString('latin1', 0, 64)))
    throw new UserError(`${path}: the file is a web page (HTML or XML), expected comma-separated values`);
  const sample = bytes.subarray(0, 64);
  if (!sample.includes(0)) return;
  const zeros = sample.filter((byte) => byte === 0).length;
  throw unreadable(path, zeros >= sample.length / 2 ? 'looks like text in UTF-32' : 'is not text');
}

/** By bisection: the bytes before `good` are UTF-8, those before `bad` are not. */
function firstWrongByte(bytes: Buffer): number {
  let good = 0;
  let bad = bytes.length;
  while (bad - good > 1) {
    const middle = Math.floor((good + bad) / 2);
    // A character that is cut at `middle` is not an error.
    if ([0, 1, 2, 3].some((back) => isUtf8(bytes.subarray(0, Math.max(good, middle - back))))) good = middle;
    else bad = middle;
  }
  const tail = Math.max(0, bad - 4);
  const wrong = bytes.subarray(tail, bad).findIndex((byte) => byte >= 0x80);
  return wrong < 0 ? bad - 1 : tail + wrong;
}

function withLineFeeds(text: Buffer): Buffer {
  const bytes = Buffer.from(text);
  for (let at = bytes.indexOf(carriageReturn); at >= 0; at = bytes.indexOf(carriageReturn, at + 1))
    bytes[at] = lineFeed;
  return bytes;
}
