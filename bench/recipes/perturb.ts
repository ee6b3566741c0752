/** Images of a data set turned, moved or with added noise; the same for the same seed. */
import type { PixelSamples } from '../../dist/data/dataset.js';
import { Rng } from '../../dist/numbers/rng.js';

/** One image in, one image out: [rows][columns] u8. */
type Perturbation = (image: Uint8Array, side: number, random: () => number, number: number) => Uint8Array;

export function perturbed(set: PixelSamples, change: Perturbation): PixelSamples {
  const { count, shape } = set;
  const [rows, columns] = shape;
  if (rows !== columns) throw new RangeError(`expected square images, got ${rows}×${columns}`);
  const size = rows * columns;
  const rng = new Rng(1);
  const random = () => rng.next() / 2 ** 32;
  const images = new Uint8Array(count * size);
  for (let i = 0; i < count; i++)
    images.set(change(set.values.subarray(i * size, (i + 1) * size), rows, random, i), i * size);
  return { ...set, values: images };
}

/** Turned about the centre, every other image in the opposite direction; bilinear, black outside. */
export const turned =
  (degrees: number): Perturbation =>
  (image, side, _, number) => {
    const angle = ((number % 2 === 0 ? degrees : -degrees) * Math.PI) / 180;
    const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
    const centre = (side - 1) / 2;
    const pixel = (y: number, x: number) =>
      y < 0 || x < 0 || y >= side || x >= side ? 0 : image[y * side + x];
    return Uint8Array.from({ length: side * side }, (__, at) => {
      const [v, u] = [Math.floor(at / side) - centre, (at % side) - centre];
      const [x, y] = [cos * u - sin * v + centre, sin * u + cos * v + centre];
      const [left, top] = [Math.floor(x), Math.floor(y)];
      const [s, t] = [x - left, y - top];
      const row = (line: number) => (1 - s) * pixel(line, left) + s * pixel(line, left + 1);
      return Math.round((1 - t) * row(top) + t * row(top + 1));
    });
  };

/** Moved by whole pixels, each way at random. */
export const moved =
  (most: number): Perturbation =>
  (image, side, random) => {
    const [down, right] = [0, 0].map(() => Math.floor(random() * (2 * most + 1)) - most);
    return Uint8Array.from({ length: side * side }, (_, at) => {
      const [y, x] = [Math.floor(at / side) - down, (at % side) - right];
      return y < 0 || x < 0 || y >= side || x >= side ? 0 : image[y * side + x];
    });
  };

/** Gaussian noise on every pixel (Box & Muller 1958), clipped to 0 … 255. */
export const noisy =
  (deviation: number): Perturbation =>
  (image, _, random) =>
    image.map((value) => {
      const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
      return Math.max(0, Math.min(255, Math.round(value + deviation * normal)));
    });
