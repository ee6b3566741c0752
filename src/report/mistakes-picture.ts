/** The worst mistakes of a classifier as one picture: a grid of the images, each above its true and its predicted class. */
import { image, text } from '@observablehq/plot';
import type { Mistake } from '../metrics/mistakes.js';
import { percent } from '../numbers/words.js';
import { chartFile } from './chart.js';
import { pngUri } from './png.js';

export interface MistakenImages {
  readonly mistakes: readonly Mistake[];
  /** u8 [count][rows][columns][channels], of all samples. */
  readonly images: Uint8Array;
  readonly shape: readonly [rows: number, columns: number, channels: 1 | 3];
  readonly labels: readonly string[];
  readonly title: string;
}

/** In pixels. */
const [cellWidth, cellHeight, imageSide] = [104, 124, 84];
const mostColumns = 8;
const titleHeight = 36;
/** Of a label; the font has about so many pixels for a character. */
const [longestLabel, characterWidth] = [9, 7.5];

/** An SVG file that holds everything it shows. */
export function mistakesPicture({ mistakes, images, shape, labels, title }: MistakenImages): string {
  const [rows, columns, channels] = shape;
  const size = rows * columns * channels;
  const wide = Math.max(1, Math.min(mostColumns, mistakes.length));
  const high = Math.max(1, Math.ceil(mistakes.length / wide));
  const short = (k: number) =>
    labels[k].length > longestLabel ? `${labels[k].slice(0, longestLabel - 1)}…` : labels[k];
  const cells = mistakes.map(({ index, target, chosen, probability }, place) => ({
    x: (place % wide) + 0.5,
    y: Math.floor(place / wide) + 0.5,
    src: pngUri(images.subarray(index * size, (index + 1) * size), columns, rows, channels),
    words: `${short(target)} → ${short(chosen)}`,
    share: percent(probability),
    title: `image ${index}: ${labels[target]}, predicted ${labels[chosen]} with ${percent(probability)}`,
  }));
  const width = Math.max(wide * cellWidth, Math.ceil(characterWidth * title.length));
  const place = { x: 'x', y: 'y' } as const;
  const under = imageSide / 2 + 8;
  return chartFile(title, {
    width,
    height: titleHeight + high * cellHeight,
    margin: 0,
    marginTop: titleHeight,
    x: { axis: null, domain: [0, wide] },
    y: { axis: null, domain: [high, 0] },
    marks: [
      text([title], { frameAnchor: 'top-left', dx: 10, dy: 14 - titleHeight, fontSize: 13 }),
      image(cells, {
        ...{ ...place, src: 'src', title: 'title', dy: -14 },
        ...{ width: imageSide, height: imageSide, imageRendering: 'pixelated' },
      }),
      text(cells, { ...place, text: 'words', dy: under - 12, fontSize: 13, fontWeight: 'bold' }),
      text(cells, { ...place, text: 'share', dy: under + 3, fontSize: 11 }),
    ],
  });
}
