/** PNG files by hand: sizes and chunks that no image library writes. */
import { crc32, deflateSync } from 'node:zlib';

export function chunk(type: string, data: Uint8Array): Buffer {
  const bytes = Buffer.alloc(12 + data.length);
  bytes.writeUInt32BE(data.length);
  bytes.write(type, 4, 'latin1');
  bytes.set(data, 8);
  bytes.writeUInt32BE(crc32(bytes.subarray(4, 8 + data.length)), 8 + data.length);
  return bytes;
}

/** Grey, 8 bits; `before`: chunks before the pixels; `pixels`: as compressed. */
export function greyPng(width: number, height: number, pixels: Uint8Array, ...before: Buffer[]): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width);
  header.writeUInt32BE(height, 4);
  header[8] = 8;
  const signature = Buffer.from('89504e470d0a1a0a', 'hex');
  const chunks = [chunk('IHDR', header), ...before, chunk('IDAT', pixels), chunk('IEND', new Uint8Array())];
  return Buffer.concat([signature, ...chunks]);
}

/** So many zero bytes, compressed a thousandfold. */
export const deflatedZeros = (count: number) => deflateSync(Buffer.alloc(count));
