/** Images that the self-test of direction features draws: [28][28] u8. */

const side = 28;
export const samplePixels = side * side;

/** Blank, full, a single pixel in a corner, and strokes of several slants and widths. */
export function sampleImage(number: number): Uint8Array {
  const image = new Uint8Array(samplePixels);
  if (number === 1) image.fill(255);
  if (number === 2) image[samplePixels - 1] = 255;
  if (number < 3) return image;
  for (let y = 4; y < 24; y++) {
    const centre = 14 + (number - 7) * 0.06 * (y - 14) * (1 + 0.05 * (y - 10));
    for (let x = 0; x < side; x++) {
      const stroke = 1.5 + number * 0.2 - Math.abs(x - centre);
      image[y * side + x] = Math.max(0, Math.min(255, Math.round(stroke * 120)));
    }
  }
  return image;
}
