/** Separates a drawing from its background, which may be dark or light. Colours are those of the border: nothing is drawn there. */
import type { Picture } from './decode.js';

/** One value a pixel, 0 to 255: [height][width]. */
export interface Plane {
  readonly width: number;
  readonly height: number;
  readonly values: Uint8Array;
}

type Colour = readonly [red: number, green: number, blue: number];

/** An opaque picture and the colour of its border. */
export interface OnBackground {
  readonly width: number;
  readonly height: number;
  /** [height][width][3]. */
  readonly rgb: Uint8Array;
  readonly background: Colour;
  /** Places of the border's pixels. */
  readonly border: readonly number[];
}

/** Share of the shorter side. */
const borderShare = 0.02;
/** Opaque pixels whose brightness differs by less are of one tone. */
const oneTone = 64;

/** Draws the picture on the colour of its border; see `behind` for a border that is transparent. */
export function onBackground({ width, height, rgba }: Picture): OnBackground {
  const border = borderOf(width, height);
  const isClear = medianOf(border.map((at) => rgba[4 * at + 3])) < 128;
  const background = isClear ? behind(rgba) : colourOf(border, rgba);
  const rgb = new Uint8Array(width * height * 3);
  for (let at = 0; at < width * height; at++) {
    const alpha = rgba[4 * at + 3] / 255;
    for (let c = 0; c < 3; c++)
      rgb[3 * at + c] = Math.round(alpha * rgba[4 * at + c] + (1 - alpha) * background[c]);
  }
  return { width, height, rgb, background, border };
}

function borderOf(width: number, height: number): number[] {
  const depth = Math.max(1, Math.round(borderShare * Math.min(width, height)));
  const isBorder = (x: number, y: number) => Math.min(x, y, width - 1 - x, height - 1 - y) < depth;
  const found: number[] = [];
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) if (isBorder(x, y)) found.push(y * width + x);
  return found;
}

/**
 * The colour behind a drawing without a background. If it has two tones, as ink in an opaque box has, the more frequent
 * one is the background; else white behind a dark tone, black behind a light one.
 */
function behind(rgba: Uint8Array): Colour {
  const opaque: number[] = [];
  for (let at = 0; at < rgba.length / 4; at++) if (rgba[4 * at + 3] >= 128) opaque.push(at);
  const tones = opaque
    .map((at) => luma(rgba[4 * at], rgba[4 * at + 1], rgba[4 * at + 2]))
    .sort((a, b) => a - b);
  const at = (share: number) => tones[Math.floor(share * (tones.length - 1))] ?? 0;
  if (at(0.995) - at(0.005) > oneTone) return colourOf(opaque, rgba);
  return at(0.5) < 128 ? [255, 255, 255] : [0, 0, 0];
}

/** Of those of the pixels that are opaque, the median of each component. */
function colourOf(places: readonly number[], rgba: Uint8Array): Colour {
  const opaque = places.filter((at) => rgba[4 * at + 3] >= 128);
  const median = (c: number) => medianOf(opaque.map((at) => rgba[4 * at + c]));
  return [median(0), median(1), median(2)];
}

export function medianOf(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

/** Brightness of a colour (ITU-R BT.601). */
export const luma = (red: number, green: number, blue: number) => 0.299 * red + 0.587 * green + 0.114 * blue;

/** The brightness of each pixel. */
export function greyOf({ width, height, rgb }: OnBackground): Plane {
  const values = new Uint8Array(width * height);
  for (let at = 0; at < values.length; at++)
    values[at] = Math.round(luma(rgb[3 * at], rgb[3 * at + 1], rgb[3 * at + 2]));
  return { width, height, values };
}

/** The strongest pixels are noise if there are fewer of them. */
const fewPixels = 4;
/** A picture with less contrast is blank. */
const leastContrast = 24;
/** Of the contrast: weaker pixels are background. At least threefold the noise of the border, at most a third. */
const [leastCut, noiseFold, greatestCut] = [0.1, 3, 1 / 3];

/**
 * How far each pixel's colour is from the background's, stretched to 255; the noise of the background is removed. Null if
 * the picture is blank.
 */
export function inkOf(image: OnBackground): Plane | null {
  const { width, height, border } = image;
  const [red, green, blue] = image.background;
  const flat = distancesFrom(image, [
    [red, 0, 0],
    [green, 0, 0],
    [blue, 0, 0],
  ]);
  const sloped = distancesFrom(image, shadeOf(image));
  const noiseOf = (distances: Float32Array) => medianOf(border.map((at) => distances[at]));
  // Uneven light explains the border's colours, or else noise does.
  const distances = noiseOf(sloped) < noiseOf(flat) / 2 ? sloped : flat;
  const top = strongestOf(distances);
  if (top < leastContrast) return null;
  const cut = Math.min(greatestCut * top, Math.max(leastCut * top, noiseFold * noiseOf(distances)));
  const values = Uint8Array.from(distances, (distance) =>
    distance < cut ? 0 : Math.min(255, Math.round((255 * distance) / top)),
  );
  return { width, height, values };
}

/** The distance that few pixels exceed, to a whole number. */
function strongestOf(distances: Float32Array): number {
  const counts = new Uint32Array(256);
  for (const distance of distances) counts[Math.min(255, Math.floor(distance))] += 1;
  let left = Math.min(fewPixels, Math.ceil(distances.length / 200));
  for (let distance = 255; distance > 0; distance--) {
    left -= counts[distance];
    if (left <= 0) return distance;
  }
  return 0;
}

/** A component of the background's colour at (x, y) from the middle: constant + slopeX · x + slopeY · y. */
type Slope = readonly [constant: number, slopeX: number, slopeY: number];
type Planes = readonly [red: Slope, green: Slope, blue: Slope];

function distancesFrom({ width, height, rgb }: OnBackground, planes: Planes): Float32Array {
  const squares = new Float32Array(width * height);
  for (const [c, [constant, slopeX, slopeY]] of planes.entries())
    for (let y = 0; y < height; y++) {
      const start = constant + slopeY * (y - height / 2) - (slopeX * width) / 2;
      for (let x = 0; x < width; x++) {
        const difference = rgb[3 * (y * width + x) + c] - start - slopeX * x;
        squares[y * width + x] += difference * difference;
      }
    }
  return squares.map((square) => Math.sqrt(square / 3));
}

/** Ink that touches the border differs more than this from the fitted light. */
const outlier = 40;

/** Light that changes evenly over the picture, as on a photograph of paper: fitted to the border, twice. */
function shadeOf(image: OnBackground): Planes {
  const first = fittedTo(image, image.border);
  const distances = distancesFrom(image, first);
  return fittedTo(
    image,
    image.border.filter((at) => distances[at] < outlier),
  );
}

/** Least squares by the normal equations, one after another for each component. */
function fittedTo({ width, height, rgb, background }: OnBackground, places: readonly number[]): Planes {
  const sums = new Float64Array(6);
  const right = [new Float64Array(3), new Float64Array(3), new Float64Array(3)];
  for (const at of places) {
    const [x, y] = [(at % width) - width / 2, Math.floor(at / width) - height / 2];
    for (const [k, value] of [1, x, y, x * x, x * y, y * y].entries()) sums[k] += value;
    for (let c = 0; c < 3; c++)
      for (const [k, value] of [1, x, y].entries()) right[c][k] += value * rgb[3 * at + c];
  }
  const [n, x, y, xx, xy, yy] = sums;
  const determinant = (a: number[], b: number[], c: number[]) =>
    a[0] * (b[1] * c[2] - b[2] * c[1]) -
    b[0] * (a[1] * c[2] - a[2] * c[1]) +
    c[0] * (a[1] * b[2] - a[2] * b[1]);
  const columns = [
    [n, x, y],
    [x, xx, xy],
    [y, xy, yy],
  ];
  const all = determinant(columns[0], columns[1], columns[2]);
  const slope = (c: number): Slope => {
    // Pictures of one row or column have no slope across.
    if (!(Math.abs(all) > 1e-6)) return [background[c], 0, 0];
    const given = Array.from(right[c]);
    const by = (k: number) => {
      const [a, b, d] = columns.with(k, given);
      return determinant(a, b, d) / all;
    };
    return [by(0), by(1), by(2)];
  };
  return [slope(0), slope(1), slope(2)];
}
