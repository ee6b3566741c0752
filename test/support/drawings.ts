/** Pictures like those that people make of digits, drawn from the test images of MNIST. */

import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import sharp from 'sharp';
import { random as numbers } from './toy-set.ts';

const file = (name: string) =>
  gunzipSync(readFileSync(new URL(`../../data/mnist/${name}.gz`, import.meta.url)));
const images = file('t10k-images-idx3-ubyte').subarray(16);
export const testLabels = file('t10k-labels-idx1-ubyte').subarray(8);

/** u8 [784]. */
export const testImage = (index: number) => images.subarray(784 * index, 784 * (index + 1));

export interface Drawing {
  /** Of the pen: widens strokes by so many pixels on each side, or narrows them. */
  readonly thicker?: number;
  /** The paper's brightness falls by this much from one corner to the other. */
  readonly shade?: number;
  readonly paper?: number;
  readonly ink?: number;
  /** Greatest deviation of a pixel. */
  readonly noise?: number;
  readonly quality?: number;
}

export const [width, height] = [200, 300];

/** A JPEG of 200×300, digit of 90 to 180 pixels anywhere on it. */
export async function drawing(index: number, options: Drawing = {}): Promise<Buffer> {
  const { thicker = 0, shade = 0, paper = 235, ink = 30, noise = 9, quality = 60 } = options;
  const random = numbers(index + 1);
  const side = 90 + Math.floor(90 * random());
  const enlarged = await sharp(testImage(index), { raw: { width: 28, height: 28, channels: 1 } })
    .resize(side, side, { kernel: 'cubic' })
    .toColourspace('b-w')
    .raw()
    .toBuffer();
  const strokes = widened(enlarged, side, thicker);
  const [left, top] = [Math.floor((width - side) * random()), Math.floor((height - side) * random())];
  const rgb = Buffer.alloc(width * height * 3);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const [u, v] = [x - left, y - top];
      const isDigit = u >= 0 && v >= 0 && u < side && v < side;
      const share = isDigit ? strokes[v * side + u] / 255 : 0;
      const light = paper - (shade * (x / width + y / height)) / 2;
      for (let c = 0; c < 3; c++) {
        const value = light + (ink - light) * share + noise * (2 * random() - 1);
        rgb[3 * (y * width + x) + c] = Math.max(0, Math.min(255, Math.round(value)));
      }
    }
  return sharp(rgb, { raw: { width, height, channels: 3 } })
    .jpeg({ quality })
    .toBuffer();
}

function widened(plane: Uint8Array, side: number, by: number): Uint8Array {
  const radius = Math.abs(by);
  if (radius === 0) return plane;
  const choose = by > 0 ? Math.max : Math.min;
  const at = (x: number, y: number) => (x < 0 || y < 0 || x >= side || y >= side ? 0 : plane[y * side + x]);
  return plane.map((_, place) => {
    let found = plane[place];
    for (let v = -radius; v <= radius; v++)
      for (let u = -radius; u <= radius; u++)
        if (u * u + v * v <= radius * radius)
          found = choose(found, at((place % side) + u, Math.floor(place / side) + v));
    return found;
  });
}
