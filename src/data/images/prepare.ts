/** Makes the sample that a model of images expects from a picture, as the authors of its training set made theirs. */
import type { Sharp } from 'sharp';
import type { PictureFit } from '../../config/choices.js';
import { UserError } from '../../user-error.js';
import type { MakeSharp, Picture } from './decode.js';
import { greyOf, inkOf, luma, type OnBackground, onBackground, type Plane } from './ink.js';

/**
 * `mnist`: ink on black, fitted into 20×20, its centre of mass in the middle of 28×28 (LeCun et al. 1998).
 * `fashion-mnist`: grey on black, the object fitted into the whole image (Xiao et al. 2017). `kmnist`: grey on black, the
 * whole picture (Clanuwat et al. 2018). `plain`: the picture as it is, scaled to fit, in its own colours; models of
 * pictures in folders have another fit.
 */
export const manners = ['mnist', 'fashion-mnist', 'kmnist', 'plain'] as const;
export type Manner = (typeof manners)[number];

/** Rows, columns, and one channel (grey) or three (colour). */
export type ImageShape = readonly [rows: number, columns: number, channels: 1 | 3];

/** @throws UserError for a picture of one colour, if the manner looks for ink. */
export async function prepare(
  sharp: MakeSharp,
  picture: Picture,
  manner: Manner,
  shape: ImageShape,
  name: string,
  fit: PictureFit = 'pad',
): Promise<Uint8Array> {
  const image = onBackground(picture);
  if (manner === 'plain') return plain(sharp, image, shape, fit);
  const [rows, columns, channels] = shape;
  if (channels !== 1)
    throw new UserError(
      `${name}: pictures as of ${manner} are grey, and the model expects ${channels} channels`,
    );
  if (manner === 'kmnist') return fitted(sharp, lightOnDark(image), rows, columns);
  const ink = inkOf(image);
  if (ink === null) throw new UserError(`${name}: a blank picture: its pixels have almost one colour`);
  const box = boxOf(ink);
  if (manner === 'fashion-mnist') return fitted(sharp, cut(lightOnDark(image), box), rows, columns);
  const already = lightOnDark(image);
  if (image.width === columns && image.height === rows && isCentred(already)) return already.values;
  return centred(sharp, cut(ink, box), rows, columns);
}

/** Grey, inverted if the border is light. */
function lightOnDark(image: OnBackground): Plane {
  const grey = greyOf(image);
  const [red, green, blue] = image.background;
  if (luma(red, green, blue) < 128) return grey;
  return { ...grey, values: grey.values.map((value) => 255 - value) };
}

interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** Weaker ink does not count for the size of a drawing. */
const boxInk = 64;

/** The smallest box around all pixels of at least `least`. */
function boxOf({ width, height, values }: Plane, least = boxInk): Box {
  let [left, right, top, bottom] = [width, -1, height, -1];
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      if (values[y * width + x] >= least) {
        left = Math.min(left, x);
        right = Math.max(right, x);
        top = Math.min(top, y);
        bottom = Math.max(bottom, y);
      }
  return { left, top, width: right - left + 1, height: bottom - top + 1 };
}

function cut({ width, values }: Plane, box: Box): Plane {
  const part = new Uint8Array(box.width * box.height);
  for (let y = 0; y < box.height; y++) {
    const from = (box.top + y) * width + box.left;
    part.set(values.subarray(from, from + box.width), y * box.width);
  }
  return { width: box.width, height: box.height, values: part };
}

/** MNIST's digits: the longer side, of 28 pixels. */
const digitShare = 20 / 28;

/** Whether a light-on-dark image of the model's size has MNIST's proportions; then nothing is to be done. */
function isCentred(plane: Plane): boolean {
  const { width, height } = boxOf(plane, 1);
  const [x, y] = centreOf(plane);
  const isInMiddle = Math.abs(x - plane.width / 2) <= 0.51 && Math.abs(y - plane.height / 2) <= 0.51;
  const longer = Math.max(width / plane.width, height / plane.height);
  return isInMiddle && longer <= digitShare && longer > digitShare - 0.05;
}

/** Centre of mass, in pixels from the middle of the first one. */
function centreOf({ width, height, values }: Plane): [x: number, y: number] {
  let [sum, sumX, sumY] = [0, 0, 0];
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const value = values[y * width + x];
      sum += value;
      sumX += value * x;
      sumY += value * y;
    }
  return [sumX / sum, sumY / sum];
}

async function centred(sharp: MakeSharp, ink: Plane, rows: number, columns: number): Promise<Uint8Array> {
  const scale = Math.min((columns * digitShare) / ink.width, (rows * digitShare) / ink.height);
  const side = (length: number) => Math.max(1, Math.round(scale * length));
  const [width, height] = [side(ink.width), side(ink.height)];
  const small = await resized(sharp, ink, 1, width, height);
  // Thin strokes have become faint.
  const strongest = small.reduce((a, b) => Math.max(a, b), 1);
  const values = small.map((value) => Math.round((255 * value) / strongest));
  const [x, y] = centreOf({ width, height, values });
  const place = (middle: number, centre: number, most: number) =>
    Math.min(most, Math.max(0, Math.round(middle - centre)));
  const left = place(columns / 2, x, columns - width);
  const top = place(rows / 2, y, rows - height);
  return placed({ width, height, values }, left, top, rows, columns);
}

/** In the middle of black. */
async function fitted(sharp: MakeSharp, plane: Plane, rows: number, columns: number): Promise<Uint8Array> {
  const { width, height } = fitting(plane, rows, columns);
  const values = await resized(sharp, plane, 1, width, height);
  const [left, top] = [Math.floor((columns - width) / 2), Math.floor((rows - height) / 2)];
  return placed({ width, height, values }, left, top, rows, columns);
}

function fitting({ width, height }: Pick<Plane, 'width' | 'height'>, rows: number, columns: number) {
  const scale = Math.min(columns / width, rows / height);
  return {
    width: Math.max(1, Math.round(scale * width)),
    height: Math.max(1, Math.round(scale * height)),
  };
}

function placed(plane: Plane, left: number, top: number, rows: number, columns: number): Uint8Array {
  const image = new Uint8Array(rows * columns);
  for (let y = 0; y < plane.height; y++)
    image.set(plane.values.subarray(y * plane.width, (y + 1) * plane.width), (top + y) * columns + left);
  return image;
}

const sharpFits = { crop: 'cover', pad: 'contain', stretch: 'fill' } as const;

/** With `pad`, bands in the colour of the border fill what the picture leaves. */
async function plain(
  sharp: MakeSharp,
  image: OnBackground,
  [rows, columns, channels]: ImageShape,
  fit: PictureFit,
): Promise<Uint8Array> {
  const [r, g, b] = image.background;
  const source = channels === 1 ? greyOf(image).values : image.rgb;
  if (image.width === columns && image.height === rows) return source;
  const grey = Math.round(luma(r, g, b));
  const background = channels === 1 ? { r: grey, g: grey, b: grey } : { r, g, b };
  return bytesOf(
    raw(sharp, source, image.width, image.height, channels).resize({
      ...{ width: columns, height: rows, fit: sharpFits[fit], background, kernel },
    }),
    channels,
  );
}

const kernel = 'linear';

function resized(sharp: MakeSharp, from: Plane, channels: number, width: number, height: number) {
  const image = raw(sharp, from.values, from.width, from.height, channels);
  return bytesOf(image.resize({ width, height, fit: 'fill', kernel }), channels);
}

const raw = (sharp: MakeSharp, values: Uint8Array, width: number, height: number, channels: number) =>
  sharp(values, { raw: { width, height, channels: channels as 1 | 3 } });

/** One channel is raw as three without a colour space of its own. */
async function bytesOf(image: Sharp, channels: number): Promise<Uint8Array> {
  const bytes = await image
    .toColourspace(channels === 1 ? 'b-w' : 'srgb')
    .raw({ depth: 'uchar' })
    .toBuffer();
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}
