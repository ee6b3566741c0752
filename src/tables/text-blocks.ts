/** From the bytes of a text file, in pieces, to blocks of whole lines: UTF-8 or UTF-16, every line ended by a line feed. */
import { isAscii } from 'node:buffer';
import {
  refuseOddStart,
  refuseOtherBytes,
  refuseOtherFormats,
  unreadable,
  utf16Of,
  withoutMark,
} from '../data/csv-text.js';
import { UserError } from '../user-error.js';

/** Without this limit a binary file would become one huge string. */
const longestLineBytes = 64 * 1024 * 1024;
/** The bytes that decide the encoding. */
const startBytes = 64;
const [lineFeed, carriageReturn] = [0x0a, 0x0d];

/**
 * `line`: the number of the line that follows the blocks taken so far, for messages.
 * @throws UserError for other encodings and for what is not text.
 */
export async function* textBlocks(
  pieces: AsyncIterable<Buffer>,
  name: string,
  line: () => number,
): AsyncGenerator<string> {
  // The bytes after the last line feed, and room for the next piece behind them.
  let buffer = Buffer.alloc(0);
  let filled = 0;
  let hasOnlyReturns: boolean | null = null;
  for await (const piece of decoded(pieces, name)) {
    hasOnlyReturns ??= !piece.includes(lineFeed) && piece.includes(carriageReturn);
    if (filled + piece.length > buffer.length) {
      const larger = Buffer.allocUnsafeSlow(2 * (filled + piece.length));
      buffer.copy(larger, 0, 0, filled);
      buffer = larger;
    }
    piece.copy(buffer, filled);
    // Line ends of old Macs, and of Excel's "CSV (Macintosh)".
    if (hasOnlyReturns) returnsToLineFeeds(buffer.subarray(filled, filled + piece.length));
    const last = piece.lastIndexOf(hasOnlyReturns ? carriageReturn : lineFeed);
    const end = last < 0 ? 0 : filled + last + 1;
    filled += piece.length;
    if (end > 0) yield textOf(buffer.subarray(0, end), name, line);
    buffer.copyWithin(0, end, filled);
    filled -= end;
    if (filled > longestLineBytes)
      throw new UserError(`${name}: line ${line()} is longer than ${longestLineBytes} bytes`);
  }
  if (filled > 0) yield textOf(buffer.subarray(0, filled), name, line);
}

function returnsToLineFeeds(bytes: Buffer): void {
  for (let at = bytes.indexOf(carriageReturn); at >= 0; at = bytes.indexOf(carriageReturn, at + 1))
    bytes[at] = lineFeed;
}

function textOf(bytes: Buffer, name: string, line: () => number): string {
  const text = isAscii(bytes) ? bytes.toString('latin1') : utf8Of(bytes, name, line);
  if (text.includes('\0')) {
    const at = text.slice(0, text.indexOf('\0')).split('\n').length - 1;
    throw unreadable(name, `holds a byte 0x00 in line ${line() + at}, as binary files do`);
  }
  return text.includes('\r') ? text.replaceAll('\r\n', '\n') : text;
}

function utf8Of(bytes: Buffer, name: string, line: () => number): string {
  refuseOtherBytes(bytes, name, line());
  return bytes.toString('utf8');
}

/** In UTF-8 without a byte order mark. */
async function* decoded(pieces: AsyncIterable<Buffer>, name: string): AsyncGenerator<Buffer> {
  let decoder: InstanceType<typeof TextDecoder> | null = null;
  let start: Buffer | null = Buffer.alloc(0);
  const text = (piece: Buffer | null) => {
    if (decoder === null) return piece ?? Buffer.alloc(0);
    try {
      return Buffer.from(piece === null ? decoder.decode() : decoder.decode(piece, { stream: true }));
    } catch {
      throw unreadable(name, 'looks like UTF-16 and is damaged');
    }
  };
  const begin = (bytes: Buffer) => {
    refuseOtherFormats(bytes, name);
    const order = utf16Of(bytes);
    if (order !== null) decoder = new TextDecoder(`utf-16${order}`, { fatal: true });
    else refuseOddStart(bytes, name);
    return text(order === null ? withoutMark(bytes) : bytes);
  };
  for await (const piece of pieces) {
    if (start === null) {
      yield text(piece);
      continue;
    }
    start = Buffer.concat([start, piece]);
    if (start.length < startBytes) continue;
    const first = begin(start);
    start = null;
    yield first;
  }
  if (start !== null && start.length > 0) yield begin(start);
  if (decoder !== null) yield text(null);
}
