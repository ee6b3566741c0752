/**
 * From the bytes of a PNG, JPEG, WebP or GIF file to a small picture: decoded, turned as its EXIF tag says, scaled down.
 * Memory is bounded by the limits below, whatever the bytes say. The package sharp, an optional peer, does the work.
 */
import type { Sharp, SharpOptions } from 'sharp';
import { UserError } from '../../user-error.js';
import { type ImageKind, imageKindOf } from './kinds.js';

export interface Picture {
  readonly width: number;
  readonly height: number;
  /** Red, green, blue, opacity: [height][width][4]. */
  readonly rgba: Uint8Array;
}

/** A picture is decoded whole if it is interlaced: 8 bytes a pixel at most. 50-megapixel photographs are below. */
const mostPixels = 64_000_000;
/** The longer side of the decoded picture: ten times that of a digit of MNIST, and more. */
const longestSide = 512;
/** Of the time of one picture. */
const mostSeconds = 60;

export type MakeSharp = (input: Uint8Array, options?: SharpOptions) => Sharp;

/** @throws UserError with one line that says how to install the package, if it is absent. */
export async function loadSharp(): Promise<MakeSharp> {
  try {
    const { default: sharp } = await import('sharp');
    // Each picture is decoded once.
    sharp.cache(false);
    return sharp;
  } catch (cause) {
    const absent = (cause as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND';
    const reason = absent ? '' : ` (it cannot be loaded: ${firstLine(cause)})`;
    throw new MissingSharp(`images need the package sharp: npm install sharp${reason}`, undefined, { cause });
  }
}

/** Of the package and the libraries in it, on which decoded pixels depend. */
export async function sharpVersions(): Promise<string> {
  await loadSharp();
  return JSON.stringify((await import('sharp')).default.versions);
}

/** What an image file says of itself. */
export interface PictureLook {
  /** As it is seen, turned as EXIF says. */
  readonly width: number;
  readonly height: number;
  readonly isGrey: boolean;
}

/** @throws UserError for bytes that are no image. */
export async function lookAt(sharp: MakeSharp, bytes: Uint8Array, name: string): Promise<PictureLook> {
  const kind = kindOf(bytes, name);
  const { autoOrient, space } = await orRefuse(
    sharp(bytes, { limitInputPixels: false }).metadata(),
    kind,
    name,
  );
  return { ...autoOrient, isGrey: space === 'b-w' || space === 'grey16' };
}

function kindOf(bytes: Uint8Array, name: string): ImageKind {
  const kind = imageKindOf(bytes);
  if (kind === null) throw new UserError(`${name}: expected a PNG, JPEG, WebP or GIF image`);
  return kind;
}

/** No image can be read; other files can. */
export class MissingSharp extends UserError {}

/**
 * @param name names the file in errors.
 * @throws UserError for bytes that are no such image, too large, damaged or animated.
 */
export async function decode(sharp: MakeSharp, bytes: Uint8Array, name: string): Promise<Picture> {
  const kind = kindOf(bytes, name);
  const {
    width,
    height,
    pages = 1,
  } = await orRefuse(sharp(bytes, { limitInputPixels: false }).metadata(), kind, name);
  const size = `${width}×${height} pixels`;
  if (width * height > mostPixels)
    throw new UserError(`${name}: ${size}, expected at most ${mostPixels / 1e6} million`);
  if (pages > 1 || isAnimatedPng(bytes))
    throw new UserError(`${name}: an animated ${kind}, expected a single picture`);
  const pixels = sharp(bytes, { limitInputPixels: mostPixels, failOn: 'error' })
    .timeout({ seconds: mostSeconds })
    .autoOrient()
    .resize({ width: longestSide, height: longestSide, fit: 'inside', withoutEnlargement: true })
    .toColourspace('srgb')
    .raw({ depth: 'uchar' });
  const { data, info } = await orRefuse(pixels.toBuffer({ resolveWithObject: true }), kind, name);
  return { width: info.width, height: info.height, rgba: info.channels === 4 ? data : opaque(data) };
}

/** From [pixels][3] to [pixels][4]: a third faster than the library's way, for small pictures. */
function opaque(rgb: Uint8Array): Uint8Array {
  const pixels = rgb.length / 3;
  const rgba = new Uint8Array(4 * pixels).fill(255);
  for (let at = 0; at < pixels; at++) {
    rgba[4 * at] = rgb[3 * at];
    rgba[4 * at + 1] = rgb[3 * at + 1];
    rgba[4 * at + 2] = rgb[3 * at + 2];
  }
  return rgba;
}

/** The frames of an animated PNG are announced before its pixels; the library sees the first one only. */
function isAnimatedPng(bytes: Uint8Array): boolean {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (imageKindOf(bytes) !== 'PNG') return false;
  const pixels = buffer.indexOf('IDAT');
  return buffer.subarray(0, Math.max(0, pixels)).includes('acTL');
}

async function orRefuse<T>(work: Promise<T>, kind: string, name: string): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    throw new UserError(`${name}: a damaged ${kind} image: ${firstLine(cause)}`, undefined, { cause });
  }
}

const firstLine = (error: unknown) =>
  (error instanceof Error ? error.message : String(error)).split('\n')[0].replace(/[:\s]+$/, '');
