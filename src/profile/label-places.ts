/** Places the labels of a chart's points so that none overlaps another: beside, above or below its point. Pixels. */

export interface Labelled {
  readonly text: string;
  readonly x: number;
  readonly y: number;
  /** Radius of the dot. */
  readonly radius: number;
}

export interface LabelPlace {
  readonly anchor: 'start' | 'middle' | 'end';
  readonly dx: number;
  readonly dy: number;
}

interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** Average width of a letter in 12-pixel type; and height of a line. */
const [letter, lineHeight] = [7, 14];
const gap = 4;

/** The first free place of each label, in the order of the points; the first of all if none is free. */
export function labelPlaces(points: readonly Labelled[]): LabelPlace[] {
  const taken: Box[] = points.map(({ x, y, radius }) => ({
    left: x - radius,
    right: x + radius,
    top: y - radius,
    bottom: y + radius,
  }));
  return points.map((point) => {
    const places = candidates(point);
    const place = places.find((each) => !taken.some((box) => overlap(box, boxOf(point, each)))) ?? places[0];
    taken.push(boxOf(point, place));
    return place;
  });
}

function candidates({ radius }: Labelled): LabelPlace[] {
  const aside = radius + gap;
  const away = radius + lineHeight / 2 + gap;
  return [
    { anchor: 'start', dx: aside, dy: 0 },
    { anchor: 'end', dx: -aside, dy: 0 },
    { anchor: 'middle', dx: 0, dy: away },
    { anchor: 'middle', dx: 0, dy: -away },
    { anchor: 'start', dx: aside, dy: lineHeight },
    { anchor: 'end', dx: -aside, dy: lineHeight },
    { anchor: 'start', dx: aside, dy: -lineHeight },
    { anchor: 'end', dx: -aside, dy: -lineHeight },
  ];
}

function boxOf({ text, x, y }: Labelled, { anchor, dx, dy }: LabelPlace): Box {
  const width = text.length * letter;
  const left = x + dx - { start: 0, middle: width / 2, end: width }[anchor];
  const middle = y + dy;
  return { left, right: left + width, top: middle - lineHeight / 2, bottom: middle + lineHeight / 2 };
}

const overlap = (a: Box, b: Box): boolean =>
  a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
