/** Real inputs of CSV files go by the names in the header, if the file that was trained on and the one that is read have one. */
import { UserError } from '../user-error.js';
import type { Dataset, Samples } from './dataset.js';

/** The place of each of `wanted` among `names`. @throws UserError if one is missing, or there twice. */
export function placesOf(wanted: readonly string[], names: readonly string[], path: string): number[] {
  return wanted.map((name) => {
    const place = names.indexOf(name);
    if (place >= 0 && names.lastIndexOf(name) === place) return place;
    throw new UserError(
      `${path}: expected one column ${JSON.stringify(name)}, an input of the model, got ${place < 0 ? 'none' : 'several'}: ` +
        `the header names ${names.slice(0, 8).join(', ')}${names.length > 8 ? ', …' : ''}`,
    );
  });
}

/** f32 [rows][places], from f32 [rows][width]. */
export function taken(
  values: Samples['values'],
  width: number,
  places: readonly number[],
): Float32Array<ArrayBuffer> {
  const rows = values.length / width;
  const out = new Float32Array(rows * places.length);
  for (let row = 0; row < rows; row++)
    places.forEach((place, at) => {
      out[row * places.length + at] = values[row * width + place];
    });
  return out;
}

/** `wanted`: names of a model's inputs in their order; null: samples go by position. @throws as placesOf does. */
export function inOrderOf(wanted: readonly string[] | null, dataset: Dataset): Dataset {
  const { inputs, source } = dataset;
  if (wanted === null || inputs === undefined) return dataset;
  const places = placesOf(wanted, inputs, source);
  if (wanted.length === inputs.length && places.every((place, at) => place === at)) return dataset;
  const ordered = (samples: Samples): Samples => ({
    ...samples,
    values: taken(samples.values, inputs.length, places),
    shape: [wanted.length],
  });
  return { ...dataset, inputs: wanted, train: ordered(dataset.train), test: ordered(dataset.test) };
}
